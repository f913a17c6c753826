"""Which extra reads what."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.ingest.crawl import crawl
from mmsearch.ingest.unread import Unread
from mmsearch.media import kinds
from mmsearch.media.kinds import READERS, missing_extras, suffixes_read
from mmsearch.media.readers.pictures import PictureReader

SOUND = PictureReader(
    "sound", frozenset({".mp3", ".ogg"}), extra="sound", package="a_package_that_nobody_has"
)


@pytest.fixture
def with_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "READERS", (*READERS, SOUND))


def test_no_suffix_is_of_two_kinds() -> None:
    suffixes = [suffix for reader in READERS for suffix in reader.suffixes]
    assert len(suffixes) == len(set(suffixes))


def test_an_extra_that_is_missing_is_named_for_the_files_that_it_reads(with_sound: None) -> None:
    assert missing_extras([".mp3", ".pdf"]) == ["sound"]
    assert missing_extras([".pdf", ".jpg"]) == []
    assert ".mp3" not in suffixes_read()
    assert ".jpg" in suffixes_read()


def test_files_of_a_missing_extra_are_counted_and_what_was_made_of_them_stays(
    with_sound: None, tmp_path: Path
) -> None:
    (tmp_path / "a.mp3").write_bytes(b"x")
    unread = Unread()
    assert list(crawl(tmp_path, unread=unread)) == []
    assert unread.kinds == {".mp3": 1}
    assert unread.out_of_reach == {"a.mp3"}
