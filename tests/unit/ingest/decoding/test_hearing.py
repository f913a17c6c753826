from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mmsearch.errors import EncoderError
from mmsearch.ingest.decoding.decoding import Draft, Reading
from mmsearch.ingest.decoding.hearing import Hearer
from mmsearch.ingest.sources import Source
from mmsearch.types import Locator, SoundSpec

RATE = 16_000
SOURCE = Source("a.wav", "1")


class LoudnessEncoder:
    """Hears how loud a window is, and nothing else."""

    name, sound = "loudness", SoundSpec()

    def encode_sounds(self, batch: Any) -> Any:
        angle = np.abs(batch).mean(axis=1) * np.pi
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def stretch(start: float, level: float, seconds: float = 9.6) -> Draft:
    samples = np.full(round(seconds * RATE), level, np.float32)
    return Draft("audio", Locator("seconds", start, start + seconds), b"k", samples=samples, rate=RATE)


def instalments(*drafts: list[Draft]) -> Iterator[Reading]:
    for number, some in enumerate(drafts):
        yield Reading(SOURCE, "A title", {}, some, number, last=number == len(drafts) - 1)


def heard(*drafts: list[Draft]) -> list[Reading]:
    return list(Hearer(LoudnessEncoder()).heard(instalments(*drafts)))  # type: ignore[arg-type]


def places(readings: list[Reading]) -> list[str]:
    return [str(draft.locator) for reading in readings for draft in reading.drafts]


def test_what_sounds_alike_is_one_item_across_stretches_and_instalments() -> None:
    found = heard([stretch(0.0, 0.1), stretch(9.6, 0.1)], [stretch(19.2, 0.1)], [stretch(28.8, 0.9)])
    assert places(found) == ["seconds:0-28.8", "seconds:28.8-38.4"]


def test_silence_between_ends_an_item() -> None:
    assert places(heard([stretch(0.0, 0.1), stretch(12.0, 0.1)])) == ["seconds:0-9.6", "seconds:12-21.6"]


def test_items_are_counted_as_they_are_after_hearing() -> None:
    title = Draft("text", Locator("title"), b"t", "A title")
    found = heard([title, stretch(0.0, 0.1)], [stretch(9.6, 0.9)], [stretch(19.2, 0.1)])
    firsts = [reading.first for reading in found]
    counts = [len(reading.drafts) for reading in found]
    assert firsts == np.cumsum([0, *counts[:-1]]).tolist()
    assert [reading.last for reading in found] == [False] * (len(found) - 1) + [True]
    assert places(found)[0] == "title"


def test_equal_sounds_have_equal_keys_and_no_samples_are_kept() -> None:
    one, other = heard([stretch(0.0, 0.1)])[0].drafts, heard([stretch(50.0, 0.1)])[0].drafts
    assert one[0].key == other[0].key != heard([stretch(0.0, 0.2)])[0].drafts[0].key
    assert one[0].samples is None
    assert one[0].vector is not None


def test_another_rate_is_refused() -> None:
    with pytest.raises(EncoderError, match="16000 samples a second"):
        heard(
            [Draft("audio", Locator("seconds", 0, 1), b"k", samples=np.ones(9_000, np.float32), rate=8_000)]
        )
