from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mmsearch.errors import MediaError
from mmsearch.media.files import open_regular, read_file, size_reason, status_reason


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """A plain ``open`` would wait for a writer for ever."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MediaError, match="a FIFO, not a file"):
        open_regular(tmp_path / "pipe")


def test_each_reason_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(b"12345")
    reasons = {
        tmp_path: "a folder, not a file",
        tmp_path / "none": "no such file",
        tmp_path / "empty" / "below": "no such file",
        tmp_path / "loop": "leads back to itself",
        tmp_path / ("x" * 300): "its path is too long",
        tmp_path / "empty": "empty file",
        tmp_path / "large": "5 bytes, more than the limit of 4",
    }
    for path, reason in reasons.items():
        with pytest.raises(MediaError, match=reason):
            read_file(path, 4)


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        with pytest.raises(MediaError, match="socket"):
            read_file(Path("s"), 10)


def test_a_file_at_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1234")
    assert read_file(tmp_path / "a", 4) == b"1234"
    assert size_reason(4, 4) is None
    assert status_reason(str(tmp_path / "a"), (tmp_path / "a").stat(), 4) is None
    assert status_reason(str(tmp_path), tmp_path.stat(), 4) == "a folder, not a file"
