import numpy as np
import pytest

from mmsearch.media.sound.stretches import LONGEST, LOOKED_AT, stretches, windows
from mmsearch.types import SoundSpec

from .sample_sounds import noise, silence, tone

RATE = 16_000
SPEC = SoundSpec()


def cut(samples: np.ndarray, length: int) -> list[np.ndarray]:
    return [samples[at : at + length] for at in range(0, samples.size, length)]


@pytest.mark.parametrize("length", [100, RATE, 10 * RATE])
def test_silence_is_left_out_however_the_recording_comes_in_pieces(length: int) -> None:
    sound = np.concatenate(
        [silence(2.0, RATE), tone(3.0, rate=RATE), silence(4.0, RATE), noise(1.0, rate=RATE)]
    )
    found = list(stretches(cut(sound, length), RATE))
    assert [one.start for one in found] == pytest.approx([2.0, 9.0], abs=LOOKED_AT)
    assert [one.samples.size / RATE for one in found] == pytest.approx([3.0, 1.0], abs=2 * LOOKED_AT)


def test_what_is_silent_throughout_has_none() -> None:
    assert not list(stretches(cut(silence(9.0, RATE), RATE), RATE))
    assert not list(stretches([], RATE))


def test_a_long_sound_comes_in_stretches_that_go_on() -> None:
    found = list(stretches(cut(noise(70.0, rate=RATE), RATE), RATE))
    ends = [one.start + one.samples.size / RATE for one in found]
    assert [one.start for one in found[1:]] == pytest.approx(ends[:-1])
    assert max(one.samples.size for one in found) <= LONGEST * RATE
    assert sum(one.samples.size for one in found) == 70 * RATE


@pytest.mark.parametrize(
    ("seconds", "count"), [(0.1, 1), (0.975, 1), (1.1, 1), (1.4, 2), (5.0, 9), (30.0, 61)]
)
def test_windows_cover_a_stretch(seconds: float, count: int) -> None:
    samples = noise(seconds, rate=RATE)
    cuts = windows(samples, SPEC)
    assert cuts.shape == (count, SPEC.samples)
    assert np.array_equal(cuts[0][: samples.size], samples[: SPEC.samples])
    if count > 1:
        assert np.array_equal(cuts[1][:1000], samples[SPEC.hop : SPEC.hop + 1000])
