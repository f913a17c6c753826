from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import mmsearch
from mmsearch.encoders.check_vectors import (
    PICTURES,
    TEXTS,
    draw_picture,
    find_difference,
    read_check_vectors,
    write_check_vectors,
)
from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.registry import shipped_encoders
from mmsearch.errors import EncoderError, EncoderWarning


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A copy of the shipped encoder with check vectors of this computer."""
    folder = tmp_path / "encoder"
    shutil.copytree(shipped_encoders()["pocket"], folder)
    write_check_vectors(folder, CompiledEncoder(folder))
    return folder


def spoil(folder: Path, row: int) -> None:
    """Let the check vector in ``row`` be that of something else."""
    vectors = np.load(folder / "check.npy")
    vectors[row] = np.roll(vectors[row], 1)
    np.save(folder / "check.npy", vectors)


def test_loading_says_nothing_of_vectors_that_are_as_they_were(encoder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CompiledEncoder(encoder).encode_texts(["a dog"])
        CompiledEncoder(encoder).encode_images(draw_picture(0, 224))


@pytest.mark.parametrize(
    ("row", "kind", "load"),
    [
        (0, "texts", lambda encoder: encoder.encode_texts(["a cat"])),
        (len(TEXTS), "pictures", lambda encoder: encoder.encode_images(draw_picture(1, 224))),
    ],
)
def test_loading_says_so_when_the_first_vector_differs(
    encoder: Path, row: int, kind: str, load: Callable[[CompiledEncoder], object]
) -> None:
    spoil(encoder, row)
    opened = CompiledEncoder(encoder)
    with pytest.warns(EncoderWarning, match=f"gives {kind} other vectors on this computer") as said:
        load(opened)
    assert len(said) == 1
    assert "\n" not in str(said[0].message)
    load(opened)  # a second warning would be an error here


def test_all_vectors_are_compared_when_that_is_asked_for(encoder: Path) -> None:
    opened = CompiledEncoder(encoder)
    stored = read_check_vectors(encoder)
    assert stored is not None
    assert find_difference(opened, "text", stored) is None
    assert find_difference(opened, "image", stored) is None
    spoil(encoder, len(TEXTS) - 1)
    spoil(encoder, len(TEXTS) + PICTURES - 1)
    spoiled = read_check_vectors(encoder)
    assert spoiled is not None
    assert find_difference(opened, "text", spoiled, most=1) is None
    for modality in ("text", "image"):
        difference = find_difference(opened, modality, spoiled)  # type: ignore[arg-type]
        assert difference is not None
        assert difference.cosine < 0.9


def test_the_shipped_encoder_gives_its_check_vectors() -> None:
    directory = shipped_encoders()["pocket"]
    stored = read_check_vectors(directory)
    assert stored is not None
    assert (len(stored.texts), len(stored.picture_vectors)) == (len(TEXTS), PICTURES)
    assert find_difference(CompiledEncoder(directory), "text", stored) is None
    assert find_difference(CompiledEncoder(directory), "image", stored) is None


def test_an_encoder_without_check_vectors_loads(encoder: Path) -> None:
    record = json.loads((encoder / "encoder.json").read_text("utf-8"))
    del record["check"]
    (encoder / "encoder.json").write_text(json.dumps(record), encoding="utf-8")
    (encoder / "check.npy").unlink()
    assert read_check_vectors(encoder) is None
    assert CompiledEncoder(encoder).encode_texts(["a dog"]).shape == (1, 384)


@pytest.mark.parametrize("damage", ["short", "text", "missing"])
def test_damaged_check_vectors_are_an_encoder_error(encoder: Path, damage: str) -> None:
    file = encoder / "check.npy"
    if damage == "short":
        np.save(file, np.load(file)[1:])
    elif damage == "text":
        file.write_bytes(b"nonsense")
    else:
        file.unlink()
    with pytest.raises(EncoderError, match=r"check\.npy.*compile the encoder again"):
        CompiledEncoder(encoder).encode_texts(["a dog"])


def test_the_pictures_are_the_same_on_every_computer() -> None:
    digests = [
        hashlib.sha256(draw_picture(number, 64).tobytes()).hexdigest()[:8] for number in range(PICTURES)
    ]
    assert digests == ["b267b09d", "e901e779", "afa087bc", "f222e34b", "2122f668", "c2458f5b"]


def test_the_command_says_it_in_one_line_and_answers(
    encoder: Path, command: Callable[..., object], small_corpus: Path, tmp_path: Path
) -> None:
    mmsearch.index(small_corpus, tmp_path / "index", encoder=str(encoder)).close()
    spoil(encoder, 0)
    asked = command("query", "a cup of coffee", "--index", tmp_path / "index")
    assert asked.returncode == 0  # type: ignore[attr-defined]
    assert asked.stderr.count("\n") == 1  # type: ignore[attr-defined]
    assert "gives texts other vectors on this computer" in asked.stderr  # type: ignore[attr-defined]
    assert "coffee.png" in asked.stdout  # type: ignore[attr-defined]


def test_check_compares_all_vectors_of_the_encoders_of_an_index(
    encoder: Path, command: Callable[..., object], small_corpus: Path, tmp_path: Path
) -> None:
    mmsearch.index(small_corpus, tmp_path / "index", encoder=str(encoder)).close()
    whole = command("check", "--index", tmp_path / "index")
    assert (whole.returncode, whole.stderr) == (0, "")  # type: ignore[attr-defined]
    spoil(encoder, 3)
    checked = command("check", "--index", tmp_path / "index")
    assert checked.returncode == 4  # type: ignore[attr-defined]
    assert "gives texts other vectors" in checked.stdout  # type: ignore[attr-defined]
    assert "--repair" not in checked.stdout  # type: ignore[attr-defined]
    assert checked.stderr == ""  # type: ignore[attr-defined]
