"""Folders of foreign encoders: which layout they have, what is said when something is amiss."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mmsearch.errors import EncoderError, UsageError
from mmsearch.hub.layouts.rclip import MERGES, MODEL
from mmsearch.hub.layouts.reading import read_source
from mmsearch.train.towers.clip_words import MERGES as COUNT
from mmsearch.train.towers.clip_words import letters_of_bytes
from mmsearch.types import PictureSpec
from tests.unit.hub.conftest import SIDE


@pytest.fixture
def folder(immich_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(immich_folder, tmp_path / "copy")


def test_a_folder_of_no_layout_is_refused_with_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"visual/model\.onnx"):
        read_source(tmp_path)


def test_immichs_description_is_read(folder: Path) -> None:
    source = read_source(folder)
    assert source.picture == PictureSpec(SIDE, "squash", "bicubic")
    assert (source.context, source.padding) == (64, 0)
    assert source.mean == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"interpolation": "nearest"}, "nearest"),
        ({"resize_mode": "tile"}, "tile"),
        ({"size": [32, 48]}, "48"),
        ({"mean": "half"}, "three numbers"),
    ],
)
def test_pictures_that_are_not_understood_are_refused(
    folder: Path, changed: dict[str, object], said: str
) -> None:
    path = folder / "visual" / "preprocess_cfg.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(EncoderError, match=said):
        read_source(folder)


@pytest.mark.parametrize("name", ["config.json", "textual/tokenizer.json", "textual/tokenizer_config.json"])
def test_a_missing_or_damaged_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_text("{")
    with pytest.raises(EncoderError, match=Path(name).name):
        read_source(folder)
    (folder / name).unlink()
    with pytest.raises(EncoderError, match=Path(name).name):
        read_source(folder)


def test_the_best_precision_is_taken_unless_another_is_asked_for(
    write_transformersjs: Callable[..., Path],
) -> None:
    folder = write_transformersjs("_fp16", "_quantized")
    assert read_source(folder).visual.name == "vision_model_fp16.onnx"
    assert read_source(folder, "quantized").textual.name == "text_model_quantized.onnx"
    with pytest.raises(UsageError, match="fp16, quantized"):
        read_source(folder, "fp32")


def test_a_kind_of_model_that_is_not_known_is_named(write_transformersjs: Callable[..., Path]) -> None:
    folder = write_transformersjs()
    (folder / "config.json").write_text(json.dumps({"model_type": "blip"}))
    with pytest.raises(EncoderError, match="blip"):
        read_source(folder)


def rclip_folder(home: Path) -> Path:
    place = home / MODEL
    place.mkdir(parents=True)
    for name in ("visual.onnx", "textual.onnx"):
        (place / name).write_bytes(b"")
    letters = letters_of_bytes()  # as many merges as CLIP has, each of two of them
    lines = [
        "#version: 0.2",
        *(f"{letters[number // 256]} {letters[number % 256]}" for number in range(COUNT)),
    ]
    (home / MERGES).parent.mkdir()
    (home / MERGES).write_bytes(gzip.compress("\n".join([*lines, "left over"]).encode()))
    return place


def test_rclips_files_are_found_from_either_folder(tmp_path: Path) -> None:
    place = rclip_folder(tmp_path / "rclip")
    for folder in (place, place.parent):
        source = read_source(folder)
        assert source.visual == place / "visual.onnx"
        assert source.picture == PictureSpec(256, "crop")
        assert (source.context, source.padding) == (77, 0)


def test_rclips_merges_are_wanted_whole(tmp_path: Path) -> None:
    place = rclip_folder(tmp_path / "rclip")
    (place.parent / MERGES).write_bytes(gzip.compress(b"#version\na b\n"))
    with pytest.raises(EncoderError, match="no list of merges"):
        read_source(place)
    (place.parent / MERGES).unlink()
    with pytest.raises(EncoderError, match="copy it from rclip"):
        read_source(place)
