"""Graphs of strangers: weights in other files, shapes that are not what was said."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import pytest

from mmsearch.errors import EncoderError
from mmsearch.hub.adapt import adapt_textual, adapt_visual, load_graph
from mmsearch.hub.graphs import save_graph
from mmsearch.hub.layouts.reading import read_source
from tests.unit.hub.conftest import describe_immich


@pytest.fixture
def folder(immich_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(immich_folder, tmp_path / "copy")


def apart(path: Path, location: str) -> None:
    """Say that the graph in ``path`` keeps its table in ``location``."""
    model = onnx.load(path)
    onnx.save_model(
        model,
        path,
        save_as_external_data=True,
        location="table.bin",
        size_threshold=1000,
        convert_attribute=False,
    )
    model = onnx.load(path, load_external_data=False)
    for constant in model.graph.initializer:
        for entry in constant.external_data:
            if entry.key == "location":
                entry.value = location
    path.write_bytes(model.SerializeToString())


def test_weights_may_lie_in_a_file_beside_the_graph(folder: Path) -> None:
    path = folder / "textual" / "model.onnx"
    before = {one.name: one.raw_data for one in onnx.load(path).graph.initializer}
    apart(path, "table.bin")
    assert {one.name: one.raw_data for one in load_graph(path).graph.initializer} == before


@pytest.mark.parametrize("location", ["../../secret", "/etc/passwd", "../copy.bin"])
def test_weights_outside_the_folder_are_refused(folder: Path, location: str) -> None:
    apart(folder / "textual" / "model.onnx", location)
    with pytest.raises(EncoderError, match="outside its folder"):
        load_graph(folder / "textual" / "model.onnx")


def test_weights_that_are_missing_are_named(folder: Path) -> None:
    apart(folder / "textual" / "model.onnx", "gone.bin")
    with pytest.raises(EncoderError, match=r"gone\.bin, which is missing"):
        load_graph(folder / "textual" / "model.onnx")


def test_what_is_no_graph_is_refused(folder: Path) -> None:
    (folder / "visual" / "model.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(EncoderError, match="can't be read"):
        load_graph(folder / "visual" / "model.onnx")


def test_a_graph_of_another_size_than_its_description_is_refused(folder: Path) -> None:
    describe_immich(folder, size=64)
    source = read_source(folder)
    with pytest.raises(EncoderError, match="64 pixels"):
        adapt_visual(load_graph(source.visual), source)


def test_towers_that_were_mistaken_for_each_other_are_refused(folder: Path) -> None:
    source = read_source(folder)
    with pytest.raises(EncoderError, match=r"64 tokens|pictures of"):
        adapt_visual(load_graph(source.textual), source)
    with pytest.raises(EncoderError, match="tokens"):
        adapt_textual(load_graph(source.visual), source)


def test_large_weights_lie_beside_their_graph(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_graph(folder / "textual" / "model.onnx")
    monkeypatch.setattr("mmsearch.hub.graphs.APART", 1000)
    monkeypatch.setattr("mmsearch.hub.graphs.WORTH_IT", 10_000)
    path = tmp_path / "text.onnx"
    for _ in range(2):  # the second time instead of the first, not behind it
        assert save_graph(model, path) == "text.weights"
    table = next(one for one in model.graph.initializer if one.name == "table")
    assert len(table.raw_data) <= (tmp_path / "text.weights").stat().st_size < 2 * len(table.raw_data)
    assert (
        next(one for one in onnx.load(path).graph.initializer if one.name == "table").raw_data
        == table.raw_data
    )
