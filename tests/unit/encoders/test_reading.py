"""What an encoder can read, and how."""

from __future__ import annotations

import pytest

from mmsearch.encoders.protocol import KnowsItsWords
from mmsearch.encoders.reading import LEAST_FLUENCY, fluency, reads
from mmsearch.encoders.registry import load_encoder
from mmsearch.encoders.shortened import shortened


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("a red bicycle", True),
        ("Wie heißt der längste Fluss?", True),
        ("北京大学", True),
        ("photo 🎂", True),
        ("", True),
        ("самолёт летит", False),
        ("Ελλάδα", False),  # it knows the letters and no word
        ("ฉัน รัก กรุงเทพ", False),
        ("わたし あした", False),
        ("나는 내일", False),
        ("كتب الرسالة", False),
        ("2019", False),
        ("978-3-16-148410-0", False),
        ("🎂 🎉", False),
        ("!!!", False),
        ("zx-9041", False),
    ],
)
def test_most_of_a_text_must_be_made_of_words_that_are_known(text: str, readable: bool) -> None:
    assert reads(load_encoder(), text) is readable


def test_words_in_pieces_are_read_less_fluently() -> None:
    encoder = load_encoder()
    assert fluency(encoder, "a dog on the beach") == 1
    assert 0.3 < fluency(encoder, "Wie heißt der Quarterback der Mannschaft?") < 0.9
    assert fluency(encoder, "北京大学") == 0.5  # two characters are a word
    assert fluency(encoder, "ε") >= LEAST_FLUENCY


def test_an_encoder_that_does_not_know_its_words_reads_everything() -> None:
    class Silent:
        pass

    assert not isinstance(Silent(), KnowsItsWords)
    assert reads(Silent(), "самолёт")  # type: ignore[arg-type]
    assert fluency(Silent(), "самолёт") == 1  # type: ignore[arg-type]


def test_a_shortened_encoder_reads_as_the_whole_one_does() -> None:
    whole = load_encoder()
    short = shortened(whole, 128)
    for text in ("a red bicycle", "самолёт летит", "Wie heißt der Fluss?"):
        assert reads(short, text) == reads(whole, text)
        assert fluency(short, text) == fluency(whole, text)
