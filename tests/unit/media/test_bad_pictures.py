"""What is no whole picture is refused with a reason that says what it is."""

from __future__ import annotations

import os
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmsearch.errors import MediaError
from mmsearch.media.limits import Limits
from mmsearch.media.picture import inspect_picture, load_picture, thumbnail
from mmsearch.types import PictureSpec
from tests.unit.media.sample_pictures import corners, encoded

SPEC = PictureSpec(32)
FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP"]
SAMPLES = {name: encoded(corners(120, 90), name) for name in FORMATS}


def reason(data: bytes | Path, limits: Limits | None = None) -> str:
    with pytest.raises(MediaError) as caught:
        load_picture(data, SPEC, limits)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty file"),
        (b"A letter to the editor.\n", "text, not a picture"),
        ("Grüße aus Köln ".encode() * 400, "text, not a picture"),
        (b"BMW builds cars, and this is a text about them.", "text, not a picture"),
        (b"  <!DOCTYPE html><html><body>404</body></html>", "an HTML page, not a picture"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing: drawings are not read"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document, not a picture"),
        (b"PK\x03\x04\x14\0", "a zip archive, not a picture"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer: fetch the picture itself first"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video or other media container, not a picture"),
        (b"8BPS\0\x01" + bytes(40), "a Photoshop file: export it as PNG, TIFF or JPEG"),
        (
            bytes(range(256)),
            "not a picture in a known format (JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF, BMP, camera RAW)",
        ),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_named(data: bytes, expected: str) -> None:
    assert reason(data) == expected


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused(file_format: str, share: float) -> None:
    whole = SAMPLES[file_format]
    message = reason(whole[: int(len(whole) * share)])
    assert file_format in message
    assert message.startswith(("truncated", "damaged"))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "BMP"])
def test_a_file_that_breaks_off_in_its_pixels_is_called_truncated(file_format: str) -> None:
    whole = encoded(Image.effect_noise((200, 200), 90), file_format)
    assert (
        reason(whole[: len(whole) // 2]) == f"truncated {file_format}: the file ends before the picture does"
    )


def test_a_kind_of_picture_that_is_not_read_is_not_called_damaged() -> None:
    """A TIFF of 64-bit floats: whole, but nothing that Pillow knows."""
    tags = [
        (256, 1),
        (257, 1),
        (258, 64),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, 1),
        (279, 8),
        (339, 3),
    ]
    table = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    data = struct.pack("<2sHI8sH", b"II", 42, 16, bytes(8), len(tags)) + table + bytes(4)
    assert reason(data) == "TIFF of a kind that is not read (unknown pixel mode)"


def test_a_header_alone_is_called_damaged_or_truncated() -> None:
    for head in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"RIFF\0\0\0\0WEBP"):
        assert reason(head).startswith(("damaged", "truncated"))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims width x height pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(20_000, 20_000), (50_000, 50_000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_by_its_header_without_a_warning(size: tuple[int, int]) -> None:
    expected = f"{size[0]} x {size[1]} pixels, more than the limit of 200000000"
    assert reason(bomb(*size)) == expected
    for use in (inspect_picture, lambda data: thumbnail(data, 50)):
        with pytest.raises(MediaError, match=f"{size[0]} x {size[1]}"):
            use(bomb(*size))


def test_a_large_picture_within_the_limit_is_no_bomb() -> None:
    """Pillow warns beyond 89 megapixels and refuses beyond 179; the limit here is the user's."""
    assert reason(bomb(13_000, 14_000)) == "truncated PNG: the file ends before the picture does"


def test_a_file_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photo.bmp"
    path.write_bytes(SAMPLES["BMP"])
    size = len(SAMPLES["BMP"])
    assert reason(path, Limits(max_bytes=size - 1)) == f"{size} bytes, more than the limit of {size - 1}"
    assert load_picture(path, SPEC, Limits(max_bytes=size)).width == 120


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter, which pytest's own is not."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_paths_that_are_no_readable_files_are_refused_without_waiting(open_folder: Path) -> None:
    fifo, sock, loop = open_folder / "fifo.jpg", open_folder / "socket.jpg", open_folder / "loop.jpg"
    os.mkfifo(fifo)
    loop.symlink_to(loop)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(sock))
        assert reason(sock) == "a socket or device, not a file"
    assert reason(fifo) == "a FIFO, not a file"
    assert reason(loop) == "a symbolic link that leads back to itself"
    assert reason(open_folder) == "a folder, not a file"
    assert reason(open_folder / "missing.jpg") == "no such file"
    assert reason(Path("/dev/null")) == "a device, not a file"


def test_an_unreadable_file_is_refused(open_folder: Path, as_other_user: None) -> None:
    path = open_folder / "secret.jpg"
    path.write_bytes(SAMPLES["JPEG"])
    path.chmod(0)
    assert reason(path) == "permission denied"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_anywhere_gives_a_picture_or_a_reason(data: st.DataObject) -> None:
    """Bytes changed at random: never another exception, never another size."""
    name = data.draw(st.sampled_from(FORMATS))
    damaged = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    message = ""
    try:
        picture = load_picture(bytes(damaged), SPEC, Limits(max_pixels=1_000_000))
    except MediaError as error:
        message = str(error)
    assert message.isprintable()
    assert message or picture.pixels.shape == (32, 32, 3)
