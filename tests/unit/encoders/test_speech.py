"""Speech: windows and times without a model, and what one understands where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmsearch.encoders.speech import PAUSE, RATE, Piece, SpeechModel, given_model, packed
from mmsearch.errors import EncoderError
from tests.speaking import COFFEE, GERMAN, speak, whisper


def piece(start: float, seconds: float) -> Piece:
    return Piece(round(start * RATE), np.ones(round(seconds * RATE), np.float32))


def test_pieces_are_packed_into_windows_in_order() -> None:
    pieces = [piece(at, 7.0) for at in range(0, 100, 10)]
    windows = list(packed(pieces))
    assert [one.start for window in windows for one in window] == [one.start for one in pieces]
    assert [len(window) for window in windows] == [4, 4, 2]
    for window in windows:
        assert sum(one.samples.size for one in window) + (len(window) - 1) * PAUSE <= 30 * RATE


def test_a_piece_of_a_whole_window_stands_alone() -> None:
    assert [len(window) for window in packed([piece(0, 30), piece(40, 1)])] == [1, 1]
    assert list(packed([])) == []


def test_without_a_model_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MMSEARCH_SPEECH_MODEL", raising=False)
    with pytest.raises(EncoderError, match="MMSEARCH_SPEECH_MODEL"):
        given_model()
    pytest.importorskip("faster_whisper", reason="needs the speech extra")
    with pytest.raises(EncoderError, match="can't be loaded"):
        SpeechModel(str(tmp_path))


@pytest.fixture(scope="module")
def model() -> SpeechModel:
    return SpeechModel(whisper())


def spoken(folder: Path, text: str, voice: str = "en-us") -> Any:
    """(n,) float32 of 16 kHz by espeak-ng."""
    from mmsearch.media.sound.decode import open_sound

    speak(folder / "said.wav", text, voice)
    with open_sound(folder / "said.wav") as recording:
        return np.concatenate(list(recording.pieces(RATE, RATE)))


def test_what_is_said_is_understood_with_its_times(model: SpeechModel, tmp_path: Path) -> None:
    silence = np.zeros(40 * RATE, np.float32)
    english = spoken(tmp_path, COFFEE)
    heard = list(model.understand([silence, english, silence, english]))
    assert not any(one.doubtful for one in heard)
    text = " ".join(one.text for one in heard).lower()
    assert text.count("coffee") == 2
    assert 39 < heard[0].start < 42
    assert heard[-1].start > 80
    [first, second] = [word for one in heard for word in one.words if "coffee" in word.text.lower()]
    assert 40 < first.start < first.end < 48
    assert second.start - first.start == pytest.approx(40 + english.size / RATE, abs=1)


def test_a_language_that_the_model_does_not_know_is_doubted(model: SpeechModel, tmp_path: Path) -> None:
    assert not model.is_multilingual
    heard = list(model.understand([spoken(tmp_path, GERMAN, "de")]))
    assert all(one.doubtful for one in heard)
