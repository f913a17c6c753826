from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mmsearch.media.film.scenes import different, scenes


@dataclass(frozen=True)
class Shown:
    seconds: float
    grey: Any
    key: bytes = b""


def picture(seed: int) -> Any:
    """Smooth shades, as of a photograph."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (4, 6)).astype(float)
    rows = np.array([np.interp(np.linspace(0, 5, 64), np.arange(6), row) for row in coarse])
    return np.array([np.interp(np.linspace(0, 3, 36), np.arange(4), column) for column in rows.T]).T.astype(
        np.uint8
    )


def shown(*shots: tuple[Any, float], step: float = 0.4) -> list[Shown]:
    """Looks at pictures that are shown for so many seconds each, with some noise."""
    found, random = [], np.random.default_rng(0)
    ends = np.cumsum([seconds for _, seconds in shots])
    for at in np.arange(0, ends[-1], step):
        grey = shots[int(np.searchsorted(ends, at, side="right"))][0].astype(int) + random.integers(
            -3, 4, (36, 64)
        )
        found.append(Shown(round(float(at), 3), np.clip(grey, 0, 255).astype(np.uint8)))
    return found


def found(looks: Any) -> list[Any]:
    return [scene for scene in scenes(looks) if scene is not None]


def test_cuts_are_found_within_half_a_second() -> None:
    lengths = [5.0, 3.3, 7.1, 2.2, 6.0, 4.4]
    made = found(shown(*((picture(n), seconds) for n, seconds in enumerate(lengths))))
    assert len(made) == 6
    cuts = np.cumsum(lengths)[:5]
    assert np.abs(np.array([scene.start for scene in made[1:]]) - cuts).max() <= 0.5


def test_a_scene_is_shown_by_its_middle_frame_however_long_it_is() -> None:
    for seconds in (4.0, 60.0, 3_600.0):
        [scene] = found(shown((picture(1), seconds)))
        assert abs(scene.middle.seconds - seconds / 2) <= max(0.4, seconds / 10)


def test_a_flash_ends_no_scene() -> None:
    white = np.full((36, 64), 255, np.uint8)
    looks = shown((picture(1), 4.0), (picture(1), 4.0))
    looks[10] = Shown(looks[10].seconds, white)
    assert len(found(looks)) == 1


def test_what_changes_all_the_time_is_one_scene() -> None:
    flat = [(np.full((36, 64), 80 * (n % 3) + 40, np.uint8), 0.4) for n in range(10)]
    assert len(found(shown((picture(1), 4.2), *flat, (picture(20), 4.0)))) == 2


def test_a_slow_dissolve_is_noticed() -> None:
    one, other = picture(1).astype(float), picture(2).astype(float)
    mixed = [(((1 - n / 30) * one + n / 30 * other).astype(np.uint8), 0.4) for n in range(30)]
    made = found(shown((picture(1), 4.0), *mixed, (picture(2), 4.0)))
    assert len(made) >= 2
    last = made[-1].middle.grey.astype(int)
    assert np.abs(last - picture(2)).mean() < np.abs(last - picture(1)).mean() / 4


def test_near_equal_scenes_and_blank_ones_are_left_out() -> None:
    black = np.zeros((36, 64), np.uint8)
    looks = shown((picture(1), 3.0), (picture(2), 3.0), (picture(1), 3.0), (black, 3.0))
    for look in looks[-6:]:
        look.grey[:] = 0
    kept = [scene for scene in different(scenes(looks)) if scene is not None]
    assert [round(scene.start) for scene in kept] == [0, 3]
    again = [scene for scene in different(scenes(looks), [picture(2)]) if scene is not None]
    assert [round(scene.start) for scene in again] == [0]


def test_what_brings_nothing_is_told_look_by_look() -> None:
    looks = [None, *shown((picture(1), 4.0)), None]
    assert len(list(scenes(looks))) == len(looks) + 1
