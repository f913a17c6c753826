"""Camera RAW gives its embedded preview; without rawpy a reason that names the extra."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from mmsearch.errors import MediaError
from mmsearch.media.formats import RAW_SUFFIXES, picture_format
from mmsearch.media.picture import load_picture
from mmsearch.types import PictureSpec
from tests.unit.media.sample_pictures import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    corners,
    encoded,
    quarters,
    same_color,
)

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SRATIONAL = 1, 2, 3, 4, 5, 10
_SIZES = {_BYTE: 1, _ASCII: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8, _SRATIONAL: 8}


def directory(entries: list[tuple[int, int, bytes]], start: int) -> bytes:
    """A TIFF directory at offset ``start``: (tag, type, packed values), then what does not fit into four bytes."""
    entries = sorted(entries)
    table, extra = struct.pack("<H", len(entries)), b""
    after = start + 2 + 12 * len(entries) + 4
    for tag, kind, value in entries:
        table += struct.pack("<HHI", tag, kind, len(value) // _SIZES[kind])
        if len(value) <= 4:
            table += value.ljust(4, b"\0")
        else:
            table += struct.pack("<I", after + len(extra))
            extra += value + b"\0" * (len(value) % 2)
    return table + struct.pack("<I", 0) + extra


def shorts(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def longs(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def dng(preview: bytes, size: tuple[int, int], orientation: int) -> bytes:
    """A digital negative: a JPEG preview first, and below it 64 x 48 sensor values."""
    raw = shorts(*([100] * 64 * 48))
    body = preview + b"\0" * (len(preview) % 2) + raw
    raw_at = 8 + len(preview) + len(preview) % 2
    identity = struct.pack("<18i", *(1, 1, 0, 1, 0, 1), *(0, 1, 1, 1, 0, 1), *(0, 1, 0, 1, 1, 1))
    main_at = 8 + len(body)

    def main(sub_at: int) -> bytes:
        return directory(
            [
                (254, _LONG, longs(1)), (256, _LONG, longs(size[0])), (257, _LONG, longs(size[1])),
                (258, _SHORT, shorts(8, 8, 8)), (259, _SHORT, shorts(7)), (262, _SHORT, shorts(6)),
                (271, _ASCII, b"Leica\0"), (272, _ASCII, b"M11\0"), (273, _LONG, longs(8)),
                (274, _SHORT, shorts(orientation)), (277, _SHORT, shorts(3)), (278, _LONG, longs(size[1])),
                (279, _LONG, longs(len(preview))), (306, _ASCII, b"2022:05:06 07:08:09\0"),
                (330, _LONG, longs(sub_at)), (50706, _BYTE, bytes([1, 4, 0, 0])),
                (50707, _BYTE, bytes([1, 1, 0, 0])), (50708, _ASCII, b"Leica M11\0"),
                (50721, _SRATIONAL, identity), (50728, _RATIONAL, longs(1, 1, 1, 1, 1, 1)),
                (50778, _SHORT, shorts(21)),
            ],
            main_at,
        )  # fmt: skip

    sub_at = main_at + len(main(0))
    sub = directory(
        [
            (254, _LONG, longs(0)), (256, _LONG, longs(64)), (257, _LONG, longs(48)), (258, _SHORT, shorts(16)),
            (259, _SHORT, shorts(1)), (262, _SHORT, shorts(32803)), (273, _LONG, longs(raw_at)),
            (277, _SHORT, shorts(1)), (278, _LONG, longs(48)), (279, _LONG, longs(len(raw))),
            (33421, _SHORT, shorts(2, 2)), (33422, _BYTE, bytes([0, 1, 1, 2])),
        ],
        sub_at,
    )  # fmt: skip
    return struct.pack("<2sHI", b"II", 42, main_at) + body + main(sub_at) + sub


PREVIEW = encoded(corners(), "JPEG", quality=95)


def test_the_preview_is_decoded_and_turned_as_the_negative_says() -> None:
    pytest.importorskip("rawpy", reason="needs the raw extra")
    turned = encoded(corners().rotate(90, expand=True), "JPEG", quality=95)

    picture = load_picture(dng(turned, (120, 160), orientation=6), PictureSpec(64))

    assert all(map(same_color, quarters(picture.pixels), [RED, GREEN, BLUE, YELLOW]))
    assert picture.fields == {
        "width": 160, "height": 120, "format": "RAW",
        "date": "2022-05-06T07:08:09", "year": 2022, "camera": "Leica M11",
    }  # fmt: skip


def test_a_damaged_negative_is_refused() -> None:
    pytest.importorskip("rawpy", reason="needs the raw extra")
    with pytest.raises(MediaError, match="RAW"):
        load_picture(dng(b"no JPEG" * 30, (160, 120), orientation=1), PictureSpec(64))
    with pytest.raises(MediaError, match=r"camera RAW of a kind that is not read \(Unsupported file format"):
        load_picture(b"FUJIFILMCCD-RAW 0201" + bytes(500), PictureSpec(64))


WITHOUT_RAWPY = """
import sys
from pathlib import Path
sys.modules["rawpy"] = None  # as if it were not installed
from mmsearch.errors import MediaError
from mmsearch.media.picture import load_picture
from mmsearch.types import PictureSpec
try:
    load_picture(Path(sys.argv[1]), PictureSpec(64))
except MediaError as error:
    print(error)
"""


def test_without_rawpy_the_reason_names_the_extra(tmp_path: Path) -> None:
    path = tmp_path / "photo.dng"
    path.write_bytes(dng(PREVIEW, (160, 120), orientation=1))
    printed = subprocess.run(
        [sys.executable, "-c", WITHOUT_RAWPY, path], capture_output=True, text=True, check=True
    )
    assert printed.stdout == 'camera RAW needs more packages: pip install "mmsearch[raw]"\n'


def test_an_ordinary_tiff_is_not_taken_for_raw() -> None:
    assert load_picture(encoded(corners(), "TIFF"), PictureSpec(64)).fields["format"] == "TIFF"


def test_raw_formats_are_told_by_their_signatures() -> None:
    heads = [
        b"II*\0\x10\0\0\0CR\x02\0",
        b"IIRO\x08\0",
        b"IIU\0\x18\0",
        b"FUJIFILMCCD-RAW ",
        b"\0\0\0\x18ftypcrx ",
    ]
    assert {picture_format(head) for head in heads} == {"RAW"}
    assert ".nef" in RAW_SUFFIXES
