"""What is said: a Whisper model in CTranslate2's form, run by faster-whisper.

Whisper computes 30 seconds whatever there is of them, so pieces of speech (found by the Silero model inside
faster-whisper) are packed into windows of 30 seconds. Each window is read once, at temperature 0 and without the text
before: with the library's own settings a text that repeats, or a language that the model does not know, is tried up to
six times.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import EncoderError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mmsearch.types import Samples

RATE = 16_000
WINDOW = 30 * RATE  # samples that a model reads at a time
PAUSE = RATE // 2  # of silence before each packed piece: without it the first words are often lost
BEAM = (
    5  # guesses that are followed: with one, one word in five more is wrong, and a tenth of the time is saved
)
# What a model that does not understand what is said makes of it: unlikely words, or the same ones again and again.
LEAST_LOG_PROBABILITY, MOST_COMPRESSION = -1.0, 2.2
MODEL = "MMSEARCH_SPEECH_MODEL"  # the variable that names a model where none is given


@dataclass(frozen=True, slots=True)
class Word:
    """A word from ``start`` to ``end``, in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said from ``start`` to ``end``, in seconds; ``words`` with their times. ``doubtful``: the model does not
    seem to understand it."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...]
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples of speech that begin at ``start``, in samples of the recording."""

    start: int
    samples: Samples = field(repr=False)


class SpeechModel:
    """The model in a folder, or of that name on the Hugging Face hub, where it is fetched once.

    Raises EncoderError for what is no such model, MissingExtraError without faster-whisper.
    """

    def __init__(self, name: str) -> None:
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise MissingExtraError("understanding speech", "speech") from error
        self.name = name
        is_folder = Path(name).expanduser().is_dir()
        source = str(Path(name).expanduser()) if is_folder else name
        try:
            self._model: Any = WhisperModel(
                source, device="cpu", compute_type="int8", cpu_threads=1, local_files_only=is_folder
            )
        except Exception as error:  # of many kinds: ctranslate2, the hub's client, tokenizers
            reason = (str(error).splitlines() or [repr(error)])[0]
            raise EncoderError(
                f"the speech model {name} can't be loaded ({reason}): name a folder with a Whisper model in "
                "CTranslate2's form, or a name such as tiny, small or large-v3 where there is a network"
            ) from error

    @property
    def is_multilingual(self) -> bool:
        """Whether it knows other languages than English."""
        return bool(self._model.model.is_multilingual)

    def understand(self, pieces: Iterable[Samples]) -> Iterator[Utterance]:
        """What is said in a recording of 16 kHz in ``pieces``, in order; memory does not grow with its length."""
        for window in packed(_speech(pieces)):
            yield from self._window(window)

    def _window(self, window: Sequence[Piece]) -> Iterator[Utterance]:
        starts, parts, at = [], [], 0
        for piece in window:
            starts.append((at + PAUSE, piece.start))
            parts += [np.zeros(PAUSE, np.float32), piece.samples]
            at += PAUSE + piece.samples.size
        segments, _ = self._model.transcribe(
            np.concatenate(parts),
            language=None if self.is_multilingual else "en",
            beam_size=BEAM,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=False,
        )

        def time(seconds: float) -> float:
            before = [one for one in starts if one[0] <= seconds * RATE] or starts[:1]
            packed_at, said_at = before[-1]
            return round(max(0.0, said_at / RATE + seconds - packed_at / RATE), 2)

        for one in segments:
            words = tuple(
                Word(word.word.strip(), time(word.start), time(word.end)) for word in one.words or ()
            )
            text = " ".join(one.text.split())
            if text and words:
                doubtful = one.avg_logprob < LEAST_LOG_PROBABILITY or one.compression_ratio > MOST_COMPRESSION
                yield Utterance(text, words[0].start, max(words[0].start, words[-1].end), words, doubtful)


def model_name(name: str | None = None) -> str:
    """``name``, or what the environment names; EncoderError where neither says."""
    name = name or os.environ.get(MODEL)
    if not name:
        raise EncoderError(
            f"no speech model: name one, as a folder or as tiny, small or large-v3, or set {MODEL} to it"
        )
    return name


def given_model(name: str | None = None) -> SpeechModel:
    """The model called ``name``, or that which the environment names; raises as `SpeechModel` and `model_name`."""
    return SpeechModel(model_name(name))


def packed(pieces: Iterable[Piece], most: int = WINDOW) -> Iterator[list[Piece]]:
    """``pieces`` in windows of at most ``most`` samples, pauses before them included; order is kept."""
    window: list[Piece] = []
    length = 0
    for piece in pieces:
        if window and length + PAUSE + piece.samples.size > most:
            yield window
            window, length = [], 0
        window.append(piece)
        length += piece.samples.size + PAUSE
    if window:
        yield window


_BLOCK = 120 * RATE  # samples that are looked through for speech together


def _speech(pieces: Iterable[Samples]) -> Iterator[Piece]:
    """The pieces of speech, none longer than a window; what a block's end would cut belongs to the next block."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(max_speech_duration_s=25, min_silence_duration_ms=500, speech_pad_ms=200)
    left, at = np.zeros(0, np.float32), 0
    for block, is_last in _blocks(pieces):
        samples = np.concatenate([left, block])
        found = get_speech_timestamps(samples, options)
        cut = samples.size
        if not is_last and found and found[-1]["end"] > samples.size - RATE and len(found) > 1:
            cut = found.pop()["start"]
        for one in found:
            yield Piece(at + one["start"], samples[one["start"] : one["end"]])
        left, at = samples[cut:], at + cut


def _blocks(pieces: Iterable[Samples]) -> Iterator[tuple[Samples, bool]]:
    held: list[Samples] = []
    ready: Samples | None = None
    for piece in pieces:
        held.append(piece)
        if sum(one.size for one in held) >= _BLOCK:
            if ready is not None:
                yield ready, False
            ready, held = np.concatenate(held), []
    rest = [one for one in (ready, *held) if one is not None]
    if rest:
        yield np.concatenate(rest), True
