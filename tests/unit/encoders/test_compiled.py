from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import read_description, seal, verify
from mmsearch.encoders.protocol import KnowsItsWords
from mmsearch.encoders.registry import canonical_name, load_encoder, shipped_encoders
from mmsearch.errors import EncoderError


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    target = tmp_path / "encoder"
    shutil.copytree(shipped_encoders()["pocket"], target)
    return target


def test_texts_and_pictures_become_unit_rows_of_one_dimension() -> None:
    encoder = load_encoder("pocket")
    pixels = np.full((3, encoder.picture.size, encoder.picture.size, 3), 127, np.uint8)
    for vectors, n in ((encoder.encode_texts(["a cat", "a dog"]), 2), (encoder.encode_images(pixels), 3)):
        assert vectors.shape == (n, encoder.dimension)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_text_has_the_same_vector_in_any_company() -> None:
    encoder = load_encoder("pocket")
    texts = [f"{'a very long sentence about ' * (n % 7)}things {n}" for n in range(50)]
    together = encoder.encode_texts(texts)
    alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
    assert float((together * alone).sum(axis=1).min()) > 0.9999


def test_an_encoder_says_how_much_of_a_text_it_knows() -> None:
    encoder = load_encoder("pocket")
    assert isinstance(encoder, KnowsItsWords)
    assert encoder.known_share("a red bicycle") == 1
    assert encoder.known_share("") == 1
    assert encoder.known_share("ꙮꙮꙮ") == 0
    assert 0 < encoder.known_share("a red ꙮ") < 1


def test_no_text_and_no_picture_are_no_vectors() -> None:
    encoder = load_encoder("pocket")
    size = encoder.picture.size
    assert encoder.encode_texts([]).shape == (0, encoder.dimension)
    assert encoder.encode_images(np.zeros((0, size, size, 3), np.uint8)).shape == (0, encoder.dimension)


def test_a_text_beyond_the_towers_length_is_cut() -> None:
    encoder = load_encoder("pocket")
    words = "word " * 1000
    np.testing.assert_allclose(
        encoder.encode_texts([words]), encoder.encode_texts([words + "more"]), atol=1e-6
    )


def test_pictures_of_another_size_are_a_callers_bug() -> None:
    with pytest.raises(ValueError, match="pictures must be"):
        load_encoder("pocket").encode_images(np.zeros((1, 8, 8, 3), np.uint8))


def test_the_shipped_encoder_is_sealed_and_whole() -> None:
    directory = shipped_encoders()["pocket"]
    assert read_description(directory).sha256
    assert verify(directory) == []


def test_a_changed_tower_is_found_and_has_another_fingerprint(copy: Path) -> None:
    seal(copy)
    before = CompiledEncoder(copy).fingerprint
    tokenizer = copy / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text("utf-8") + " ", encoding="utf-8")
    assert verify(copy) == ["tokenizer.json"]
    seal(copy)
    assert CompiledEncoder(copy).fingerprint != before


def test_an_unknown_encoder_is_named_with_the_known_ones() -> None:
    with pytest.raises(EncoderError, match=r"no encoder .*nothing.*pocket"):
        load_encoder("nothing")


def test_a_directory_is_an_encoder_by_its_absolute_path(copy: Path) -> None:
    assert load_encoder(str(copy)).name == canonical_name(str(copy)) == str(copy.resolve())


def test_a_description_that_points_outside_is_refused(copy: Path) -> None:
    path = copy / "encoder.json"
    record = json.loads(path.read_text("utf-8"))
    record["image"]["file"] = "../image.onnx"
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(EncoderError, match="leaves the directory"):
        read_description(copy)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("{", "is not JSON"), ('{"format": 9}', "upgrade mmsearch"), ('{"format": 1}', "is incomplete")],
)
def test_a_damaged_description_says_what_to_do(copy: Path, content: str, complaint: str) -> None:
    (copy / "encoder.json").write_text(content, encoding="utf-8")
    with pytest.raises(EncoderError, match=complaint):
        read_description(copy)


def test_a_missing_tower_is_named(copy: Path) -> None:
    (copy / "image.onnx").unlink()
    with pytest.raises(EncoderError, match=r"image\.onnx"):
        CompiledEncoder(copy)


def test_a_damaged_tower_is_an_encoder_error(copy: Path) -> None:
    (copy / "text.onnx").write_bytes(b"nonsense")
    with pytest.raises(EncoderError, match="can't be loaded"):
        CompiledEncoder(copy).encode_texts(["a cat"])
