"""Values that nobody measured are noticed, put away, and made anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mmsearch
from mmsearch.library.check import check, repair
from mmsearch.store.directory import IndexDirectory


@pytest.fixture
def index(demo_index: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo_index, tmp_path / "index"))


def changed(written: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {key: json.dumps({**json.loads(text), **values}) for key, text in written.items()}


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "texts": lambda written: dict.fromkeys(written, "x"),
    "numbers": lambda written: dict.fromkeys(written, 5),
    "lists": lambda written: dict.fromkeys(written, "[1, 2]"),
    "deep": lambda written: dict.fromkeys(written, "[" * 100_000),
    "nothing": lambda written: dict.fromkeys(written),
    "negative scale": lambda written: changed(written, scale=-0.1),
    "no scale": lambda written: changed(written, scale=0),
    "NaN": lambda written: changed(written, location=float("nan")),
    "infinite": lambda written: changed(written, slope=float("inf")),
    "huge": lambda written: changed(written, curvature=1e30),
    "beyond all floats": lambda written: changed(written, own=10**400),
    "a flag": lambda written: changed(written, location=True),
    "falling": lambda written: changed(written, bulk=list(range(15, 0, -1))),
    "short": lambda written: changed(written, usual_bulk=[0.0, 1.0]),
    "a name more": lambda written: changed(written, other=1),
    "a text within": lambda written: changed(written, familiar="0.1"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_backgrounds_of_wrong_values_are_noticed_not_believed_and_made_anew(index: Path, wrong: str) -> None:
    directory = IndexDirectory.open(index)
    whole = directory.read_backgrounds()
    (index / "backgrounds.json").write_text(json.dumps(WRONG[wrong](dict(whole))))
    with mmsearch.open(index) as library:
        assert [hit.path for hit in library.search("a tabby cat", modality="image", k=1)] == [
            "photos/photo-04.png"
        ]
    assert [problem.file for problem in check(index)] == ["backgrounds.json"]
    repair(index)
    assert check(index) == []
    with mmsearch.open(index) as library:
        library.update(library.encoders[0])
    assert directory.read_backgrounds() == whole


def test_whole_files_are_no_problem(index: Path) -> None:
    assert check(index) == []


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("weights.json", {"fusion": "calibrated", "values": {"words": "much"}}),
        ("weights.json", {"fusion": "calibrated", "values": {"words": 1}, "measure": 5, "default": 0.1}),
        ("copies.json", {"format": 1, "groups": [["no hexadecimals"]]}),
        ("copies.json", {"format": 1, "groups": 5}),
        ("profiles/ada.json", {"format": 1, "likes": [{"no": "place"}], "dislikes": []}),
        ("profiles/ada.json", {"format": 1, "likes": 5}),
    ],
)
def test_other_files_of_wrong_values_are_noticed_and_put_aside(index: Path, name: str, record: Any) -> None:
    (index / name).parent.mkdir(exist_ok=True)
    (index / name).write_text(json.dumps(record))
    assert [problem.file for problem in check(index)] == [name]
    repair(index)
    assert check(index) == []
    assert (index / f"{name}.damaged").exists()
