from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from mmsearch.errors import MissingExtraError, UsageError


def test_a_pipe_is_no_terminal(run: Any, demo_index: Path) -> None:
    error = run("browse", "--index", demo_index).exception
    assert isinstance(error, UsageError)
    assert str(error) == "browse needs a terminal; `mmsearch query` answers in a pipe"


def test_a_missing_extra_is_named(run: Any, demo_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmsearch.cli.browse.is_terminal", lambda: True)
    for name in [one for one in sys.modules if one.startswith("mmsearch.browse")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [one for one in sys.modules if one.partition(".")[0] == "textual"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "textual", None)
    error = run("browse", "--index", demo_index).exception
    assert isinstance(error, MissingExtraError)
    assert str(error) == 'browsing in the terminal needs more packages: pip install "mmsearch[browse]"'
