from __future__ import annotations

import pytest

from mmsearch.media.formats import HEAD_BYTES, foreign_reason, is_plain_text, picture_format
from tests.unit.media.sample_pictures import corners, encoded


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP"])
def test_a_picture_is_known_by_its_first_bytes(name: str) -> None:
    assert picture_format(encoded(corners(), name)[:HEAD_BYTES]) == name


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "zip"),
        (b"<!DOCTYPE html><p>", "HTML"),
        (b'<?xml version="1.0"?><svg>', "SVG"),
        (b"version https://git-lfs.github.com/spec/v1", "LFS"),
        (b"\0\0\0\x18ftypmp42", "video"),
        (b"8BPS", "Photoshop"),
        (b"\xff\x0a", "JPEG XL"),
        (b"Dear reader", "text, not a picture"),
        (b"\0\1\2\3", "known format"),
    ],
)
def test_what_is_no_picture_is_named_and_given_to_no_decoder(head: bytes, reason: str) -> None:
    assert picture_format(head) is None
    assert reason in foreign_reason(head)


def test_two_letters_make_no_bitmap() -> None:
    assert picture_format(b"BMW drives on") is None


def test_text_may_be_cut_within_its_last_character() -> None:
    assert is_plain_text("naïve 猫".encode()[:-1])
    assert not is_plain_text(b"\xff\xfe\x00")
    assert not is_plain_text(b"bell \x07")
