"""A query picture comes from a path, an address, or standard input, within limits."""

from __future__ import annotations

import io
import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from mmsearch.errors import MediaError
from mmsearch.media import network
from mmsearch.media.fetch import read_source
from mmsearch.media.limits import Limits

CONTENT = b"picture" * 1000


class Pages(BaseHTTPRequestHandler):
    """/picture, /gone, /moved (to /picture), /to-file and /to-ftp (redirects out), /slow and
    /headers (drip for ever)."""

    def do_GET(self) -> None:
        targets = {"/moved": "/picture", "/to-file": "file:///etc/hostname", "/to-ftp": "ftp://127.0.0.1/x"}
        if self.path in targets:
            self.send_response(302)
            self.send_header("Location", targets[self.path])
            self.end_headers()
        elif self.path == "/picture":
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)
        elif self.path == "/headers":
            with suppress(OSError):
                for number in range(100):
                    self.wfile.write(b"X: y\r\n" if number else b"HTTP/1.0 200 OK\r\n")
                    time.sleep(0.05)
        elif self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                for _ in range(100):
                    self.wfile.write(b"." * (1 << 16))
                    time.sleep(0.05)
        else:
            self.send_error(404, "Gone fishing")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def reason(source: str, limits: Limits | None = None, *, allow_private: bool = True) -> str:
    with pytest.raises(MediaError) as caught:
        read_source(source, limits, allow_private=allow_private)
    return str(caught.value)


def test_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(CONTENT)
    assert read_source(str(path)) == CONTENT
    assert reason(str(tmp_path / "none.jpg")) == f"{tmp_path / 'none.jpg'}: no such file"


def test_an_address_is_fetched_and_redirects_followed(site: str) -> None:
    assert read_source(f"{site}/picture", allow_private=True) == CONTENT
    assert read_source(f"{site}/moved", allow_private=True) == CONTENT


def test_what_the_server_says_is_passed_on(site: str) -> None:
    assert reason(f"{site}/gone") == f"{site}/gone: the server answered 404 Gone fishing"


def test_redirects_to_files_and_ftp_are_not_followed(site: str) -> None:
    assert "can't be fetched" in reason(f"{site}/to-ftp")
    assert "file:///etc/hostname" in reason(f"{site}/to-file")


@pytest.mark.parametrize("source", ["ftp://127.0.0.1/a.jpg", "file:///etc/hostname", "gopher://x/"])
def test_other_protocols_are_refused(source: str) -> None:
    assert reason(source) == f"{source}: only http and https addresses are fetched"


def test_a_download_is_cut_off_at_the_limit_of_bytes(site: str) -> None:
    assert "more than the limit of 1000" in reason(f"{site}/picture", Limits(max_bytes=1000))


def test_a_download_is_cut_off_at_the_limit_of_time(site: str) -> None:
    started = time.monotonic()
    assert re.search("(not finished|no answer) within 0.2 s", reason(f"{site}/slow", Limits(max_seconds=0.2)))
    assert time.monotonic() - started < 3


def test_a_server_that_never_ends_its_headers_is_cut_off(site: str) -> None:
    started = time.monotonic()
    assert "within 0.3 s" in reason(f"{site}/headers", Limits(max_seconds=0.3))
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254", "10.0.0.1"]
)
def test_what_lies_in_no_public_network_is_not_fetched_unasked(host: str, site: str) -> None:
    said = reason(
        f"http://{host}:{site.rpartition(':')[2]}/picture", Limits(max_seconds=2), allow_private=False
    )
    assert "no public address" in said


def test_a_redirect_into_a_private_network_is_not_followed(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first server counts as public here; where it sends to does not."""
    asked: list[str] = []

    def first_only(address: str) -> bool:
        asked.append(address)
        return len(asked) == 1

    monkeypatch.setattr(network, "is_public", first_only)
    assert "127.0.0.1 is no public address" in reason(f"{site}/moved", allow_private=False)
    assert len(asked) == 2


def test_a_name_is_judged_by_the_address_that_is_connected_with(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it resolved to a moment ago."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **named: resolve("127.0.0.1", *rest, **named)
    )
    said = reason(f"http://example.org:{site.rpartition(':')[2]}/picture", allow_private=False)
    assert "example.org (127.0.0.1) is no public address" in said


def test_a_proxy_is_not_sent_to_what_is_private_here(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", site)
    monkeypatch.delenv("no_proxy", raising=False)
    assert "is no public address" in reason("http://192.168.0.1/x.png", allow_private=False)
    # the proxy itself may lie anywhere; it answers here as the server that it is
    assert "404" in reason("http://93.184.216.34/nothing", allow_private=False)


def test_an_address_that_nobody_answers_is_told() -> None:
    assert "can't be fetched" in reason("http://127.0.0.1:9/photo.jpg", Limits(max_seconds=2))
    assert "can't be fetched" in reason("http://[half/photo.jpg")


def test_standard_input_is_read_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def type_in(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))

    type_in(CONTENT)
    assert read_source("-") == CONTENT
    type_in(CONTENT)
    assert reason("-", Limits(max_bytes=10)).startswith("standard input: ")
    type_in(b"")
    assert reason("-") == "standard input: empty file"
