from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.datasets.sources import find_source, find_sources
from mmsearch.errors import UsageError


def test_a_name_means_what_lies_under_the_data_or_a_path_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    data.mkdir()
    elsewhere.mkdir()
    (data / "set.zip").touch()
    (elsewhere / "own.jsonl.gz").touch()
    monkeypatch.chdir(elsewhere)
    assert find_source(data, "set") == data / "set.zip"
    assert find_source(data, "own") == Path("own.jsonl.gz")
    for name in ("", "other"):
        with pytest.raises(UsageError, match="give its name"):
            find_source(data, name)


def test_numbers_in_braces_name_several_and_a_split_goes_with_each(tmp_path: Path) -> None:
    for number in (8, 9, 10):
        (tmp_path / f"a-{number:02}.tar").touch()
    assert find_sources(tmp_path, "a-{08..10}.tar#val") == [
        (tmp_path / f"a-{number:02}.tar", "val") for number in (8, 9, 10)
    ]
