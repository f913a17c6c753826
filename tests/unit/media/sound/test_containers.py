import pytest

from mmsearch.media.sound.containers import HEAD, container, tag_length

from .sample_sounds import CODECS, tone, written

NAMES = {"mp4": "mov", "webm": "matroska", "adts": "aac"}


@pytest.mark.parametrize("name", CODECS)
def test_what_is_written_is_recognized(name: str) -> None:
    pytest.importorskip("av", reason="needs the sound extra")
    data = written(tone(0.5), name)
    found = container(data[tag_length(data[:HEAD]) :][:HEAD])
    assert found == NAMES.get(name, name)


@pytest.mark.parametrize(
    "head", [b"", b"#EXTM3U", b"<?xml version", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", b"v=0\r\no="]
)
def test_nothing_else_is(head: bytes) -> None:
    assert container(head) is None


def test_the_length_of_a_tag_is_read_and_not_believed_when_it_can_be_none() -> None:
    assert tag_length(b"ID3\x04\0\0\0\0\x02\x01" + bytes(54)) == 10 + 257
    assert tag_length(b"ID3\x04\0\0\xff\xff\xff\xff" + bytes(54)) == 0
    assert tag_length(b"ID3") == 0
