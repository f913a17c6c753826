"""A film into scenes: where the histograms of its small grey pictures jump, one ends and the next begins."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from mmsearch.media.film.looks import Look

# Halves of the picture, up and across, of which each has a histogram of its own; and its bins.
_HALVES, _BINS = 2, 16
# A jump: of 165 cuts between photographs the smallest was 0.31, the largest change without one 0.11 (docs/log.md). What
# moves more than that film changes more; a cut too many costs little, since scenes that look the same are shown once.
JUMP = 0.22
# What changes slowly is another scene too, once it has become so unlike its beginning, and stands still again.
DRIFT, STILL = 0.4, 0.12
_LEAST_DRIFT = 2.0  # seconds
_KEPT = 16  # looks of a scene, evenly spread, of which the middle one is chosen
# Frames that differ by less than this on average, of 255 shades, are the same picture; so many are remembered.
ALIKE, _REMEMBERED = 5.0, 4_000
_BLANK = 8  # shades from the darkest to the lightest of a frame that shows nothing


@dataclass(frozen=True, slots=True)
class Scene:
    """From ``start`` to ``end``, in seconds; ``middle`` shows it."""

    start: float
    end: float
    middle: Look = field(repr=False)


class _Open:
    """A scene that goes on. Of its looks every first, second, fourth … is kept, so that there are never many."""

    def __init__(self, first: Look, start: float) -> None:
        self.start, self.last = start, first
        self.settled = False  # not yet: so far each look was unlike the one before
        self._kept: list[Look] = []
        self._stride, self._count = 1, 0
        self.add(first)

    def add(self, look: Look) -> None:
        if self._count % self._stride == 0:
            self._kept.append(look)
            if len(self._kept) > _KEPT:
                self._kept = self._kept[::2]
                self._stride *= 2
        self._count += 1
        self.last = look

    def ended(self, end: float) -> Scene:
        middle = (self.start + end) / 2
        return Scene(self.start, end, min(self._kept, key=lambda one: abs(one.seconds - middle)))


def scenes(looks: Iterable[Look | None]) -> Iterator[Scene | None]:
    """The scenes of ``looks`` in order; None for each look that ends none, or that there was none.

    A single frame that is unlike those before and after it, a flash, ends nothing.
    """
    scene: _Open | None = None
    before: NDArray[np.float32] | None = None  # histograms of the look before, and of the scene's first
    opening: NDArray[np.float32] | None = None
    left: tuple[_Open, NDArray[np.float32], NDArray[np.float32]] | None = (
        None  # the scene that a jump has just ended
    )
    for look in looks:
        if look is None:
            yield None
            continue
        now = histograms(look.grey)
        if scene is None or before is None or opening is None:
            scene, before, opening = _Open(look, look.seconds), now, now
            yield None
            continue
        if left is not None:
            old, its_last, its_opening = left
            left = None
            if difference(now, its_last) < JUMP:  # it was a flash
                scene, before, opening = old, now, its_opening
                scene.add(look)
                yield None
                continue
            yield old.ended(scene.start)
        changed = difference(now, before)
        if changed >= JUMP:
            cut = (scene.last.seconds + look.seconds) / 2
            if not scene.settled:  # still changing: one scene, from where that began
                scene.add(look)
                opening = now
            else:
                left = scene, before, opening
                scene, opening = _Open(look, cut), now
        elif (
            changed < STILL
            and look.seconds - scene.start >= _LEAST_DRIFT
            and difference(now, opening) >= DRIFT
        ):
            yield scene.ended(look.seconds)
            scene, opening = _Open(look, look.seconds), now
        else:
            scene.add(look)
            scene.settled = True
        before = now
        yield None
    if scene is not None:
        if left is not None:
            yield left[0].ended(scene.start)
        yield scene.ended(scene.last.seconds)


def different(
    found: Iterable[Scene | None], shown: Iterable[NDArray[np.uint8]] = ()
) -> Iterator[Scene | None]:
    """``found`` without scenes that look like an earlier one, or like what was ``shown`` (36, 64) before, or like
    nothing: None in their place."""
    seen: deque[NDArray[np.int16]] = deque((one.astype(np.int16) for one in shown), _REMEMBERED)
    for scene in found:
        if scene is None:
            yield None
            continue
        grey = scene.middle.grey.astype(np.int16)
        if int(grey.max()) - int(grey.min()) < _BLANK or any(
            float(np.abs(grey - one).mean()) < ALIKE for one in reversed(seen)
        ):
            yield None
            continue
        seen.append(grey)
        yield scene


def histograms(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The histograms (4, 16) of the quarters of a picture (rows, columns), the bins of each adding up to 1."""
    rows, columns = grey.shape
    found = np.zeros((_HALVES * _HALVES, _BINS), np.float32)
    for place in range(_HALVES * _HALVES):
        row, column = divmod(place, _HALVES)
        part = grey[
            row * rows // _HALVES : (row + 1) * rows // _HALVES,
            column * columns // _HALVES : (column + 1) * columns // _HALVES,
        ]
        found[place] = np.bincount((part >> 4).ravel(), minlength=_BINS) / part.size
    return found


def difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How much of two pictures' histograms is not the same: 0 to 1."""
    return float(np.abs(one - other).sum(axis=1).mean() / 2)
