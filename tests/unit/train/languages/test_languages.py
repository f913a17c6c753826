"""Teaching the shipped encoder a made-up language, through the real command."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from typer.testing import CliRunner, Result  # noqa: E402

from mmsearch.cli.main import application  # noqa: E402
from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.encoders.description import verify  # noqa: E402
from mmsearch.encoders.registry import SHIPPED  # noqa: E402
from mmsearch.errors import EncoderError, UsageError  # noqa: E402

pytestmark = pytest.mark.torch

WHO = ["a dog", "a cat", "two women", "the teacher", "a horse", "an old man", "a child", "some birds"]
DOES = ["runs over", "sleeps on", "paints", "looks at", "jumps across", "buys"]
WHAT = ["a red car", "the green grass", "a wooden bridge", "the snow", "a blue boat", "the kitchen table"]
LETTERS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "oxzkuqvwyjfbcmedglrtapnhsi")  # each for another


def foreign(text: str) -> str:
    """The same in a language of other words, in another order."""
    return " ".join(f"{word.translate(LETTERS)}ek" for word in reversed(text.split()))


SENTENCES = [" ".join(parts) for parts in itertools.product(WHO, DOES, WHAT)]


def write_pairs(path: Path, translations: list[str]) -> Path:
    lines = (f"{one}\t{other}\n" for one, other in zip(SENTENCES, translations, strict=True))
    path.write_text("".join(lines))
    return path


def train(*arguments: str | Path) -> Result:
    return CliRunner().invoke(application(), ["train", "--from", "pocket", *map(str, arguments)])


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("pairs") / "xek.tsv", [foreign(text) for text in SENTENCES])


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three squares with captions of the language that the encoder knows."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    for name, color in {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 210)}.items():
        Image.new("RGB", (40, 40), color).save(folder / f"{name}.png")
        (folder / f"{name}.txt").write_text(f"a {name} square\n")
    return folder


@pytest.fixture(scope="module")
def taught(pairs: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("encoders") / "mine"
    result = train("--translations", pairs, "--keep", pictures, "--steps", "12", "--output", output)
    assert result.exit_code == 0, result.output
    assert "to keep: 3 pictures, 3 captions" in result.output
    assert "xek.tsv, held out: 29 pairs" in result.output
    assert "pictures are untouched" in result.output
    return output


def test_sentences_of_the_language_find_their_originals(taught: Path) -> None:
    written = json.loads((taught / "encoder.json").read_text())["figures"]
    (figures,) = written["held_out"].values()
    (kept,) = written["kept"].values()
    assert kept["before"] == kept["after"]
    assert figures["after"]["t2i@1"] > figures["before"]["t2i@1"] + 40
    assert figures["p"] <= 0.05
    encoder = CompiledEncoder(taught)
    asked = encoder.encode_texts([foreign("a horse"), foreign("a blue boat")])
    answers = encoder.encode_texts(["a horse", "a blue boat", "a wooden bridge", "some birds"])
    assert (asked @ answers.T).argmax(axis=1).tolist() == [0, 1]
    assert verify(taught) == []


def test_what_the_encoder_knew_it_still_knows_to_the_last_bit(taught: Path) -> None:
    old, new = CompiledEncoder(SHIPPED / "pocket"), CompiledEncoder(taught)
    texts = [*SENTENCES[::37], "一只狗在海滩上奔跑", "penguins in Antarctica", "ein Hund am Strand"]
    unread = [
        text
        for text in texts
        if old._load_tokenizer().encode(text).ids == new._load_tokenizer().encode(text).ids
    ]
    assert len(unread) >= len(texts) - 1
    np.testing.assert_array_equal(old.encode_texts(unread), new.encode_texts(unread))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    np.testing.assert_array_equal(old.encode_images(pixels), new.encode_images(pixels))


def test_a_taught_encoder_can_be_taught_again(taught: Path, pairs: Path, tmp_path: Path) -> None:
    options = ["--translations", pairs, "--steps", "2", "--force", "--output", tmp_path / "again"]
    again = CliRunner().invoke(application(), ["train", "--from", str(taught), *map(str, options)])
    assert again.exit_code == 0, again.output
    assert "0 new word pieces" in again.output


def test_shuffled_translations_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    wrong = [foreign(text) for text in SENTENCES]
    random.Random(1).shuffle(wrong)
    shuffled = write_pairs(tmp_path / "wrong.tsv", wrong)
    result = train("--translations", shuffled, "--steps", "4", "--output", tmp_path / "out" / "mine")
    assert isinstance(result.exception, EncoderError)
    assert "not saved: by the held-out pairs of wrong.tsv it is no better than pocket" in str(
        result.exception
    )
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--translations", "PAIRS", "--pairs", "PAIRS"], "one after the other"),
        (["--translations", "PAIRS", "--held-out", "0.9"], "--held-out is a share"),
        (["--translations", "FEW"], "2 pairs are too few"),
        (["--from", "openclip:ViT-B-32/x", "--translations", "PAIRS"], "compiled in int8"),
    ],
)
def test_a_command_that_makes_no_sense_says_what_to_give(
    pairs: Path, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    (tmp_path / "few.tsv").write_text("a dog\tein Hund\na cat\teine Katze\n")
    given = {"PAIRS": str(pairs), "FEW": str(tmp_path / "few.tsv")}
    result = train(*(given.get(word, word) for word in arguments), "--output", tmp_path / "out")
    assert isinstance(result.exception, UsageError | EncoderError)
    assert complaint in str(result.exception)
