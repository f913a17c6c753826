"""Path patterns (``scans/**``, ``*.jpg``) as regular expressions without costly backtracking; pure."""

from __future__ import annotations

import re
from functools import lru_cache

from mmsearch.errors import UsageError
from mmsearch.store.folding import composed

LONGEST = 4_096  # characters of a pattern, as of a path
_TOKEN = re.compile(r"(?:(?<=/)|(?<!.))\*\*/|\*\*|\*|\?|\[[!^]?+(?:\][^\]]*|[^\]]+)\]|.", re.DOTALL)
_FOLDERS, _ANYTHING, _STAR = "**/", "**", "*"


def path_pattern(pattern: str) -> str:
    """The regular expression for what conditions.PathGlob says of ``pattern``; for ``fullmatch`` of a
    composed path.

    What follows a star is taken where it first stands, for good (an atomic group): a later place would leave less
    for what comes behind. So stars never try all the ways to share out a path among them, as in Python's fnmatch.
    UsageError for a pattern of more than ``LONGEST`` characters.
    """
    if len(pattern) > LONGEST:
        raise UsageError(f"a path pattern of {len(pattern):,} characters; at most {LONGEST:,} are read")
    pattern = composed(pattern)
    tokens = _TOKEN.findall(pattern.strip("/"))
    if "/" not in pattern.rstrip("/"):
        tokens.insert(0, _FOLDERS)
    last_name = pattern.rstrip("/").rpartition("/")[2]
    beneath = "" if any(sign in last_name for sign in "*?[") else "(?:/.*)?"
    return f"(?s:{_across_folders(tokens, beneath)})"


def literal_of(pattern: str) -> str:
    """The longest text that stands in every path that ``pattern`` matches; maybe none.

    It is ASCII: letters with marks may be one character there or two.
    """
    runs = [""]
    for token in _TOKEN.findall(composed(pattern).strip("/")):
        if len(token) > 1 or token in "*?" or not token.isascii():
            runs.append("")
        else:
            runs[-1] += token
    return max(runs, key=len)


@lru_cache(maxsize=64)
def compiled(expression: str) -> re.Pattern[str]:
    """The compiled expression; SQLite calls back once a row."""
    return re.compile(expression)


def _across_folders(tokens: list[str], end: str) -> str:
    """``tokens`` and then ``end``, which is the end of the path: what stands between ``**`` in turn."""
    gaps, runs = _split(tokens, (_FOLDERS, _ANYTHING))
    crossings = ["", *("(?:.*?/)??" if gap == _FOLDERS else ".*?" for gap in gaps)]
    *earlier, last = zip(crossings, runs, strict=True)
    before = "".join(f"(?>{crossing}{_within_names(run)})" for crossing, run in earlier)
    return f"{before}{last[0]}{_within_names(last[1], end)}"


def _within_names(tokens: list[str], end: str | None = None) -> str:
    """``tokens`` without ``**``: what stands between ``*`` in turn; only before an ``end`` the last may come later."""
    first, *others = ["".join(map(_expression, run)) for run in _split(tokens, (_STAR,))[1]]
    pieces = [f"(?>[^/]*?{piece})" for piece in others]
    if end is not None and others:
        pieces[-1] = f"[^/]*?{others[-1]}"
    return f"{first}{''.join(pieces)}{end or ''}"


def _split(tokens: list[str], at: tuple[str, ...]) -> tuple[list[str], list[list[str]]]:
    """The tokens of ``at`` in turn, and the runs of others around them: one more."""
    found: list[str] = []
    runs: list[list[str]] = [[]]
    for token in tokens:
        if token in at:
            found.append(token)
            runs.append([])
        else:
            runs[-1].append(token)
    return found, runs


def _expression(token: str) -> str:
    if token == "?":
        return "[^/]"
    return _set(token) if len(token) > 1 else re.escape(token)


def _set(token: str) -> str:
    """A set; one that makes no sense ("[z-a]") stands for its characters."""
    negated = token[1] in "!^"
    members = re.sub(r"[\[\]\\^&~|]|-(?=-)", r"\\\g<0>", token[2:-1] if negated else token[1:-1])
    try:
        re.compile(f"[{members}]")
    except re.error:
        return re.escape(token)
    return f"(?!/)[{'^' if negated else ''}{members}]"
