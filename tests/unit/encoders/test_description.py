from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmsearch.encoders.description import (
    DESCRIPTION,
    amend_description,
    copy_description,
    read_description,
    read_recipe,
    seal,
    verify,
    write_description,
)
from mmsearch.errors import EncoderError
from mmsearch.types import PictureSpec


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    folder = tmp_path / "one"
    folder.mkdir()
    for name in ("image.onnx", "text.onnx", "tokenizer.json"):
        (folder / name).write_text(name)
    write_description(
        folder,
        name="one",
        version="1",
        dimension=8,
        picture=PictureSpec(64, "crop"),
        max_tokens=16,
        license="CC0",
        recipe={"made": "by hand"},
        figures={"R@10": 1.0},
    )
    return folder


def test_what_is_written_is_read(encoder: Path) -> None:
    found = read_description(encoder)
    assert (found.name, found.version, found.dimension, found.max_tokens) == ("one", "1", 8, 16)
    assert found.picture == PictureSpec(64, "crop")
    assert found.modalities == {"image", "text"}
    assert read_recipe(encoder) == {"made": "by hand"}


def test_an_amendment_changes_what_is_given_and_leaves_the_rest(encoder: Path) -> None:
    seal(encoder)
    before = read_description(encoder)
    amend_description(encoder, version="2", bank={"text": "bank-text.npy"})
    amend_description(encoder, bank={"image": "bank-image.npy"})
    found = read_description(encoder)
    assert (found.name, found.version, found.figures) == ("one", "2", before.figures)
    assert found.files["bank-text"] == "bank-text.npy"
    assert found.files["bank-image"] == "bank-image.npy"
    assert found.sha256 == before.sha256


def test_changed_towers_are_no_longer_sealed(encoder: Path) -> None:
    seal(encoder)
    assert verify(encoder) == []
    (encoder / "text.onnx").write_text("changed")
    assert verify(encoder) == ["text.onnx"]
    amend_description(encoder, towers_changed=True)
    assert not read_description(encoder).sha256


def test_a_copy_takes_nothing_along_that_was_measured(encoder: Path, tmp_path: Path) -> None:
    amend_description(
        encoder, bank={"text": "bank-text.npy"}, axes="axes.npy", backgrounds={"text→image": {}}
    )
    seal(encoder)
    (tmp_path / "two").mkdir()
    copy_description(encoder, tmp_path / "two", "two")
    found = read_description(tmp_path / "two")
    assert (found.name, found.version) == ("two", "1")
    assert not found.backgrounds
    assert not found.sha256
    assert not {"bank-text", "axes"} & found.files.keys()


@pytest.mark.parametrize("content", ["", "[]", "3", "{}", '{"format": 1}', "[" * 100_000, '{"format": 99}'])
def test_a_damaged_description_is_one_error_that_says_what_to_do(encoder: Path, content: str) -> None:
    (encoder / DESCRIPTION).write_text(content)
    with pytest.raises(EncoderError, match=r"compile the encoder again|upgrade mmsearch"):
        read_description(encoder)


def test_a_file_outside_the_directory_is_refused(encoder: Path) -> None:
    record = json.loads((encoder / DESCRIPTION).read_text())
    record["text"]["file"] = "../elsewhere.onnx"
    (encoder / DESCRIPTION).write_text(json.dumps(record))
    with pytest.raises(EncoderError, match="leaves the directory"):
        read_description(encoder)
