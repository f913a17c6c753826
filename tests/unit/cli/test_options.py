from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmsearch.cli.options import DEFAULT_INDEX, nearest_index


class Source:
    def __init__(self, name: str) -> None:
        self.name = name


class Context:
    """What typer tells of an option: where its value came from."""

    def __init__(self, source: str) -> None:
        self._source = Source(source)

    def get_parameter_source(self, name: str) -> Source:
        return self._source


def asked(source: str, given: Path) -> Path:
    context: Any = Context(source)
    return nearest_index(context, given)


def test_the_index_of_the_nearest_folder_above_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / DEFAULT_INDEX).mkdir(parents=True)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert asked("DEFAULT", DEFAULT_INDEX).resolve() == (tmp_path / DEFAULT_INDEX).resolve()


def test_an_index_that_is_named_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / DEFAULT_INDEX).mkdir(parents=True)
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert asked("COMMANDLINE", DEFAULT_INDEX) == DEFAULT_INDEX


def test_without_any_the_usual_place_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert asked("DEFAULT", Path("indexes/none-such-index")) == Path("indexes/none-such-index")
