"""Which extra reads what."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.ingest.crawl import crawl
from mmsearch.ingest.unread import Unread
from mmsearch.media import kinds
from mmsearch.media.kinds import READERS, missing_extras, suffixes_read
from mmsearch.media.readers.pictures import PictureReader

SCORE = PictureReader(
    "score", frozenset({".midi", ".mscz"}), extra="score", package="a_package_that_nobody_has"
)


@pytest.fixture
def with_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "READERS", (*READERS, SCORE))


def test_no_suffix_is_of_two_kinds() -> None:
    suffixes = [suffix for reader in READERS for suffix in reader.suffixes]
    assert len(suffixes) == len(set(suffixes))


def test_an_extra_that_is_missing_is_named_for_the_files_that_it_reads(with_scores: None) -> None:
    assert missing_extras([".midi", ".pdf"]) == ["score"]
    assert missing_extras([".pdf", ".jpg"]) == []
    assert ".midi" not in suffixes_read()
    assert ".jpg" in suffixes_read()


def test_files_of_a_missing_extra_are_counted_and_what_was_made_of_them_stays(
    with_scores: None, tmp_path: Path
) -> None:
    (tmp_path / "a.midi").write_bytes(b"x")
    unread = Unread()
    assert list(crawl(tmp_path, unread=unread)) == []
    assert unread.kinds == {".midi": 1}
    assert unread.out_of_reach == {"a.midi"}
