import numpy as np
import pytest

from mmsearch.ingest.decoding.segments import Segment, Segmenter, merge

STEP = 0.48


def windows(kinds: list[int], start: float = 0.0, spread: float = 0.15) -> list[Segment]:
    """A window for each number, near the axis of that number."""
    chance = np.random.default_rng(len(kinds))
    found = []
    for number, kind in enumerate(kinds):
        vector = np.eye(16)[kind] + chance.normal(size=16) * spread
        at = start + number * STEP
        unit = (vector / np.linalg.norm(vector)).astype(np.float32)
        found.append(Segment(at, at + STEP, unit, 1, bytes([kind])))
    return found


def test_a_new_segment_begins_where_the_sound_changes() -> None:
    found = merge(windows([0] * 10 + [1] * 8 + [0] * 12))
    assert [one.count for one in found] == [10, 8, 12]
    assert found[1].start == pytest.approx(10 * STEP)
    assert found[1].end == found[2].start
    assert found[1].vector.argmax() == 1


def test_a_steady_sound_is_one_segment_however_long_it_is() -> None:
    segmenter = Segmenter()
    settled = [one for part in range(200) for one in segmenter.add(windows([0] * 20, part * 20 * STEP))]
    assert not settled
    [only] = segmenter.end()
    assert (only.count, only.end) == (4000, pytest.approx(4000 * STEP))
    assert np.linalg.norm(only.vector) == pytest.approx(1)


def test_a_single_odd_window_is_no_segment() -> None:
    assert [one.count for one in merge(windows([0] * 10 + [1] + [0] * 10))] == [21]


def test_a_short_sound_by_itself_is_one() -> None:
    assert [one.count for one in merge(windows([3]))] == [1]
    assert merge([]) == []


def test_segments_come_alike_however_the_windows_come_in() -> None:
    kinds = [0] * 9 + [1] * 9 + [2] * 9 + [0] * 9
    whole = windows(kinds)
    segmenter = Segmenter()
    found = [one for at in range(0, len(whole), 7) for one in segmenter.add(whole[at : at + 7])]
    found += segmenter.end()
    starts = [one.start for one in found]
    assert starts == pytest.approx([one.start for one in merge(whole)], abs=1.1 * STEP)
    assert [one.end for one in found[:-1]] == starts[1:]
    assert b"".join(one.digests for one in found) == bytes(kinds)
