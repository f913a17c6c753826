"""Path patterns (``scans/**``, ``*.jpg``) as regular expressions; pure."""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)


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
    if len(token) > 1:
        negated = token[1] in "!^"
        members = token[2:-1] if negated else token[1:-1]
        safe = members.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace("^", "\\^")
        return f"(?!/)[{'^' if negated else ''}{safe}]"
    return re.escape(token)


def _rough(token: str) -> str:
    if token.startswith("*"):
        return "*"
    if token == "?" or len(token) > 1:
        return "?"
    return f"[{token}]" if token == "[" else token
