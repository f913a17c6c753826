"""Connections for fetching a picture: to public addresses only, checked where they are made, and for a limited time.

An address is looked at after its name was resolved and before it is connected with, for each request of a chain of
redirects; so a name that resolves to something else the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib import request
from urllib.parse import urlsplit

from mmsearch.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self
    from urllib.request import OpenerDirector

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # IPv4 addresses written as IPv6 ones (RFC 6052)


def is_public(address: str) -> bool:
    """Whether ``address`` (a number, not a name) is one on the public network, and of one machine.

    Loopback, private, link-local, shared, reserved and multicast addresses are not; an IPv4 address within an IPv6
    one counts as itself.
    """
    try:
        found = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if found in _NAT64:
            inner = ipaddress.IPv4Address(found.packed[-4:])
        if inner:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


class Gate:
    """Makes the connections of one download, and cuts them off after ``seconds``: a context manager.

    ``shut`` is whether it did.
    """

    def __init__(self, seconds: float, *, allow_private: bool) -> None:
        self.allow_private, self.shut = allow_private, False
        self._made: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def connect(
        self,
        address: tuple[str, int],
        timeout: float | None = None,
        _source: Any = None,
        *,
        anywhere: bool = False,
    ) -> socket.socket:
        """A connection with the first address of the host that is allowed, or with one ``anywhere``.

        MediaError when none is allowed, OSError when none answers.
        """
        refused, last = None, OSError(f"{address[0]} has no address")
        for family, kind, protocol, _, where in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
            if not (anywhere or self.allow_private or is_public(str(where[0]))):
                refused = where[0]
                continue
            made = socket.socket(family, kind, protocol)
            self._made.append(made)
            try:
                made.settimeout(timeout)
                made.connect(where)
            except OSError as error:
                made.close()
                last = error
            else:
                return made
        if refused is not None:
            raise _private(address[0], str(refused))
        raise last

    def check_name(self, host: str | None) -> None:
        """MediaError for a ``host`` that a proxy would connect with, if it is known here as a private one."""
        if self.allow_private or host is None:
            return
        with suppress(OSError):  # a name that only the proxy can resolve is for the proxy to judge
            for *_, where in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
                if not is_public(str(where[0])):
                    raise _private(host, str(where[0]))

    def _shut(self) -> None:
        self.shut = True
        for made in self._made:
            with suppress(OSError):
                made.shutdown(socket.SHUT_RDWR)


def opener(gate: Gate) -> OpenerDirector:
    """http and https only, through ``gate``.

    The standard opener would follow a redirect to ftp, and reads file addresses.
    """
    made = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.UnknownHandler(),
        _Http(gate),
        _Https(gate),
        request.HTTPDefaultErrorHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPErrorProcessor(),
    ):
        made.add_handler(handler)
    return made


class _Connection(http.client.HTTPConnection):
    def __init__(self, host: str, *, connect: Any, **options: Any) -> None:
        super().__init__(host, **options)
        self._create_connection = connect


class _SecureConnection(http.client.HTTPSConnection):
    def __init__(self, host: str, *, connect: Any, **options: Any) -> None:
        super().__init__(host, **options)
        self._create_connection = connect


class _Http(request.HTTPHandler):
    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def http_open(self, asked: request.Request) -> http.client.HTTPResponse:
        return self.do_open(cast("Any", _Connection), asked, connect=_connect(asked, self._gate))


class _Https(request.HTTPSHandler):
    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def https_open(self, asked: request.Request) -> http.client.HTTPResponse:
        return self.do_open(cast("Any", _SecureConnection), asked, connect=_connect(asked, self._gate))


def _connect(asked: request.Request, gate: Gate) -> Callable[..., socket.socket]:
    """How to connect; a proxy, which the user of this machine chose, is reached in whatever network it lies."""
    if asked.has_proxy() or getattr(asked, "_tunnel_host", None):
        gate.check_name(urlsplit(asked.full_url).hostname)
        return partial(gate.connect, anywhere=True)
    return gate.connect


def _private(host: str, address: str) -> MediaError:
    known = "" if host == address else f" ({address})"
    return MediaError(f"{host}{known} is no public address: such are fetched only with --allow-private")
