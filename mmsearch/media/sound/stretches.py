"""What can be heard of a recording: stretches without the silence between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mmsearch.types import Samples, Sounds, SoundSpec

SILENT = 0.001  # the largest sample of what is not heard: 60 decibels below the loudest that there can be
LOOKED_AT = 0.48  # seconds that are silent or not as a whole
LONGEST = 10.08  # seconds of one stretch; the next one goes on without a gap
_QUIET = 600  # steps of silence after which it is told that it goes on: nearly five minutes


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """``samples`` (n,) of a recording from its ``start``, in seconds."""

    start: float
    samples: Samples


def stretches(pieces: Iterable[Samples], rate: int, *, silence: bool = False) -> Iterator[Stretch]:
    """The audible stretches of a recording in ``pieces`` of ``rate`` samples a second, whatever their lengths.

    With ``silence``, one without samples stands for each five minutes of it.
    """
    step, most = round(LOOKED_AT * rate), round(LONGEST / LOOKED_AT)
    kept: list[Samples] = []
    start = quiet = 0
    for number, part in enumerate(_steps(pieces, step)):
        if float(np.abs(part).max(initial=0.0)) < SILENT:
            if kept:
                yield Stretch(start * LOOKED_AT, np.concatenate(kept))
                kept = []
            quiet += 1
            if silence and quiet % _QUIET == 0:
                yield Stretch(number * LOOKED_AT, part[:0])
            continue
        if len(kept) == most:
            yield Stretch(start * LOOKED_AT, np.concatenate(kept))
            kept = []
        if not kept:
            start = number
        kept.append(part)
    if kept:
        yield Stretch(start * LOOKED_AT, np.concatenate(kept))


def windows(samples: Samples, spec: SoundSpec) -> Sounds:
    """The windows (n, samples) of a stretch, at least one; the last one is filled up with silence where it must be.

    Where less than half a hop would be new in a last window, there is none. They are a view of one recording.
    """
    missing = samples.size - spec.samples
    count = 1 if missing <= 0 else 1 + (missing + spec.hop // 2) // spec.hop
    length = spec.samples + (count - 1) * spec.hop
    filled = np.zeros(length, np.float32)
    filled[: samples.size] = samples[:length]
    return np.lib.stride_tricks.sliding_window_view(filled, spec.samples)[:: spec.hop]


def _steps(pieces: Iterable[Samples], step: int) -> Iterator[Samples]:
    """``pieces`` cut anew into (step,); the last may be shorter."""
    left = np.zeros(0, np.float32)
    for piece in pieces:
        joined = np.concatenate([left, piece]) if left.size else piece
        whole = joined.size // step * step
        yield from joined[:whole].reshape(-1, step)
        left = joined[whole:]
    if left.size:
        yield left
