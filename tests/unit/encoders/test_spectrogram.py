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


@pytest.mark.parametrize(
    ("count", "hop"), [(20, 7_680), (2, 160), (3, 15_520), (1, 7_680), (5, 100), (4, 16_000)]
)
def test_windows_of_one_recording_are_as_by_themselves(count: int, hop: int) -> None:
    recording = np.random.default_rng(1).normal(size=15_600 + (count - 1) * hop).astype(np.float32) / 8
    view = np.lib.stride_tricks.sliding_window_view(recording, 15_600)[::hop]
    assert np.allclose(log_mel(view), log_mel(np.ascontiguousarray(view)), atol=1e-5)


def test_what_windows_share_is_transformed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    transform, transformed = np.fft.rfft, []

    def counted(frames: np.ndarray, *rest: int, **named: int) -> np.ndarray:
        transformed.append(len(frames))
        return transform(frames, *rest, **named)

    monkeypatch.setattr(np.fft, "rfft", counted)
    log_mel(
        np.lib.stride_tricks.sliding_window_view(np.zeros(15_600 + 19 * 7_680, np.float32), 15_600)[::7_680]
    )
    assert sum(transformed) == 96 + 19 * 48


def test_the_bank_is_made_once_of_triangles() -> None:
    assert mel_bank() is mel_bank()
    assert mel_bank().shape == (257, BANDS)
    assert mel_bank().max() <= 1
    assert not mel_bank()[0].any()


def test_a_window_without_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="holds no frame"):
        log_mel(np.zeros((1, 399), np.float32))
