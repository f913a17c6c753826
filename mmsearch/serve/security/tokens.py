"""The token that lets in: where it comes from, how it is shown, and how it is compared."""

from __future__ import annotations

import hmac
import secrets
import stat
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from mmsearch.errors import UsageError

COOKIE = "mmsearch_token"
_SHORTEST = 16


def new_token() -> str:
    """A token that can't be guessed: 256 bits."""
    return secrets.token_urlsafe(32)


def read_token(file: Path) -> str:
    """The token in the first line of ``file``, which others may not read.

    Raises UsageError when it can't be read, is short, or others could have read it.
    """
    try:
        with file.open("r", encoding="utf-8") as opened:
            found = opened.readline().strip()
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the token in {file} can't be read: {error}") from error
    if len(found) < _SHORTEST or not found.isascii() or not found.isprintable() or " " in found:
        raise UsageError(
            f"{file} must hold a token of at least {_SHORTEST} letters and digits in its first line"
        )
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise UsageError(f"others can read or change {file}: chmod 600 {file}")
    return found


def is_right(shown: str | None, token: str) -> bool:
    """Whether ``shown`` is ``token``; it takes the same time however much of it is right."""
    return shown is not None and hmac.compare_digest(shown.encode("utf-8", "replace"), token.encode())


def cookie_value(token: str) -> str:
    """What the page's cookie holds: it stands for ``token`` and doesn't tell it."""
    return hmac.new(token.encode(), b"mmsearch cookie", "sha256").hexdigest()


def is_let_in(authorization: str | None, cookie: str | None, token: str) -> bool:
    """Whether an Authorization header (``Bearer TOKEN``), or without one the page's cookie, shows ``token``."""
    if authorization is not None:
        scheme, _, value = authorization.partition(" ")
        return scheme.lower() == "bearer" and is_right(value.strip(), token)
    return is_right(_in_cookie(cookie), cookie_value(token))


def _in_cookie(header: str | None) -> str | None:
    try:
        found = SimpleCookie(header or "").get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value
