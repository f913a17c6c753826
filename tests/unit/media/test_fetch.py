"""A query picture comes from a path, an address, or standard input, within limits."""

from __future__ import annotations

import io
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
from mmsearch.media.fetch import read_source
from mmsearch.media.limits import Limits

CONTENT = b"picture" * 1000


class Pages(BaseHTTPRequestHandler):
    """/picture, /gone, /moved (to /picture), /to-file and /to-ftp (redirects out), /slow (drips for ever)."""

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


def reason(source: str, limits: Limits | None = None) -> str:
    with pytest.raises(MediaError) as caught:
        read_source(source, limits)
    return str(caught.value)


def test_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(CONTENT)
    assert read_source(str(path)) == CONTENT
    assert reason(str(tmp_path / "none.jpg")) == f"{tmp_path / 'none.jpg'}: no such file"


def test_an_address_is_fetched_and_redirects_followed(site: str) -> None:
    assert read_source(f"{site}/picture") == CONTENT
    assert read_source(f"{site}/moved") == CONTENT


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
    assert "not finished within 0.2 s" in reason(f"{site}/slow", Limits(max_seconds=0.2))
    assert time.monotonic() - started < 3


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
