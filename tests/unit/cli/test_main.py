"""The command as a whole: every verb is there, and errors are one line with a status."""

from __future__ import annotations

import sys

import pytest

from mmsearch.cli import main
from mmsearch.version import __version__
from tests.unit.cli.conftest import Run


def test_help_and_version_come_without_an_index(run: Run) -> None:
    listed = run().stdout
    assert all(
        f" {verb} " in listed for verb in ("index", "query", "recommend", "ask", "tag", "duplicates", "show")
    )
    assert "Exit status: 0 done" in " ".join(listed.split())
    assert run("--version").stdout == f"mmsearch {__version__}\n"


def test_an_error_that_a_user_can_mend_is_one_line_with_its_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mmsearch", "stats", "--index", "no\x1b[31m/where"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 4
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert printed.startswith("mmsearch: ")
    assert "\\x1b[31m" in printed
