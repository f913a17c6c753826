"""Under which names the service may be asked, and from which pages: what keeps other sites' pages out.

A page elsewhere can make a browser ask a service on its user's machine, and by a name of its own that resolves to this
machine (DNS rebinding) even read the answer. Both show: the first in ``Origin``, the second in ``Host``.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mmsearch.serve.settings import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Collection


def is_known_host(host: str | None, known: Collection[str]) -> bool:
    """Whether ``host``, the header with or without a port, is this machine's loopback or one of the ``known`` names.

    An address in numbers is known, too: no name was resolved, so that none can have been turned to this machine.
    """
    name = host_name(host)
    return name is not None and (name in LOOPBACK or name in known or _is_address(name))


def is_own_origin(origin: str | None, host: str | None) -> bool:
    """Whether a request that a page of ``origin`` sent comes from the service's own page; without a page it does."""
    if origin is None:
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and host is not None and parts.netloc.lower() == host.lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def host_name(host: str | None) -> str | None:
    """The name in a Host header, lower case, without port and brackets; None for what is none."""
    if not host:
        return None
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
