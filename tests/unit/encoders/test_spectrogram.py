import numpy as np
import pytest

from mmsearch.encoders.spectrogram import BANDS, RATE, log_mel, mel_bank


def tone(hertz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(15_600) / RATE).astype(np.float32)[None]


def test_a_window_has_96_frames_of_64_bands() -> None:
    assert log_mel(np.zeros((3, 15_600), np.float32)).shape == (3, 96, 64)
    assert np.allclose(log_mel(np.zeros((1, 15_600), np.float32)), np.log(0.001))


def test_a_higher_tone_is_in_a_higher_band() -> None:
    bands = [int(log_mel(tone(hertz)).mean(axis=(0, 1)).argmax()) for hertz in (200, 500, 1000, 3000, 7000)]
    assert bands == sorted(set(bands))


def test_windows_do_not_depend_on_their_company() -> None:
    some = np.random.default_rng(0).normal(size=(40, 15_600)).astype(np.float32) / 8
    assert np.array_equal(log_mel(some)[7:9], log_mel(some[7:9]))


def test_the_bank_is_made_once_of_triangles() -> None:
    assert mel_bank() is mel_bank()
    assert mel_bank().shape == (257, BANDS)
    assert mel_bank().max() <= 1
    assert not mel_bank()[0].any()


def test_a_window_without_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="holds no frame"):
        log_mel(np.zeros((1, 399), np.float32))
