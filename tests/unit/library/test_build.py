"""Building: under the lock, from a folder or from sources."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmsearch
from mmsearch.errors import IndexLockedError, UsageError
from mmsearch.store.directory import IndexDirectory


def test_a_corpus_that_there_is_not_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no corpus"):
        mmsearch.index(tmp_path / "nowhere", tmp_path / "i")


def test_only_one_writes_at_a_time(small_corpus: Path, tmp_path: Path) -> None:
    mmsearch.index(small_corpus, tmp_path / "i").close()
    with IndexDirectory.open(tmp_path / "i").write_lock(), pytest.raises(IndexLockedError):
        mmsearch.index(small_corpus, tmp_path / "i")


def test_what_a_run_did_is_in_the_report(small_corpus: Path, tmp_path: Path) -> None:
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        assert library.report is not None
        assert library.report.added == 5
    with mmsearch.open(tmp_path / "i") as library:
        assert library.report is None
