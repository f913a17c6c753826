from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from mmsearch.cli.watch import _Teller
from mmsearch.errors import MissingExtraError, UsageError
from mmsearch.ingest.options import IndexReport
from mmsearch.ingest.sources import Skipped
from mmsearch.watch.watch import Run


def test_what_changed_is_told_and_what_is_skipped_only_once(capsys: pytest.CaptureFixture[str]) -> None:
    tell = _Teller(Path("index"))
    skipped = (Skipped("a\x1b[2J.jpg", "truncated"),)
    runs = [
        IndexReport(added=3, skipped=skipped),
        IndexReport(unchanged=3, skipped=skipped),
        IndexReport(added=1, removed=2, unchanged=1, skipped=skipped),
    ]
    for run in runs:
        tell(Run(run))
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "index: 3 added, 1 skipped; watching"
    assert second == r"  skipped a\x1b[2J.jpg: truncated"
    assert third.endswith("  1 added, 2 removed, 1 skipped")


def test_a_problem_is_one_line_on_stderr_and_its_end_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    tell = _Teller(Path("index"))
    tell(Run(IndexReport(added=3)))
    tell(Run(problem="the drive\nis gone", kind="missing"))
    tell(Run(IndexReport(unchanged=3)))
    printed = capsys.readouterr()
    assert printed.err == "mmsearch: the drive\\nis gone\n"
    assert printed.out.splitlines()[1].endswith("all is as it should be")


def test_bad_input_and_a_missing_extra_are_named(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = run("watch", "nowhere").exception
    assert isinstance(error, UsageError)
    assert "there is no corpus" in str(error)
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    error = run("watch", tmp_path).exception
    assert isinstance(error, MissingExtraError)
    assert (str(error), error.exit_status) == (
        'watching a folder needs more packages: pip install "mmsearch[watch]"',
        6,
    )
