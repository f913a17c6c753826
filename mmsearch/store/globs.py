"""Path patterns (``scans/**``, ``*.jpg``) as regular expressions; pure."""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?+(?:\][^\]]*|[^\]]+)\]|.", re.DOTALL)


def path_pattern(pattern: str) -> str:
    """The regular expression for what conditions.PathGlob says of ``pattern``; for ``fullmatch``."""
    anchored = "/" in pattern.rstrip("/")
    tokens = _TOKEN.findall(pattern.strip("/"))
    body = "".join(map(_expression, tokens))
    last_name = pattern.rstrip("/").rpartition("/")[2]
    beneath = "" if any(sign in last_name for sign in "*?[") else "(?:/.*)?"
    return f"(?s:{'' if anchored else '(?:.*/)?'}{body}{beneath})"


def rough_glob(pattern: str) -> str:
    """A pattern for SQLite's GLOB that matches all that ``pattern`` does, and maybe more."""
    tokens = _TOKEN.findall(pattern.strip("/"))
    return "*" + "".join(_rough(token) for token in tokens) + "*"


@lru_cache(maxsize=64)
def compiled(expression: str) -> re.Pattern[str]:
    """The compiled expression; SQLite calls back once a row."""
    return re.compile(expression)


def _expression(token: str) -> str:
    if token == "**/":
        return "(?:.*/)?"
    if token == "**":
        return ".*"
    if token == "*":
        return "[^/]*"
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


def _rough(token: str) -> str:
    if token.startswith("*") or len(token) > 1:
        return "*"
    return f"[{token}]" if token == "[" else token
