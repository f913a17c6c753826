"""Sound as a sound tower sees it: log mel spectrograms, as VGGish and YAMNet were trained on.

Hershey et al., "CNN Architectures for Large-Scale Audio Classification", ICASSP 2017; the mel scale is that of the HTK
book. Equal to YAMNet's own front end to 0.001 of a level (tests/oracle/test_spectrogram.py).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.types import Sounds

RATE = 16_000
FRAME, HOP, FFT = 400, 160, 512  # samples: 25 and 10 ms
BANDS, LOWEST, HIGHEST = 64, 125.0, 7_500.0
FLOOR = 0.001  # added before the logarithm
_AT_ONCE = 16  # windows, whose spectra are in memory together


def log_mel(windows: Sounds) -> NDArray[np.float32]:
    """Windows (n, samples) float32 of 16 kHz -> (n, frames, 64) float32: 96 frames of 15,600 samples."""
    if windows.shape[1] < FRAME:
        raise ValueError(f"a window of {windows.shape[1]} samples holds no frame of {FRAME}")
    frames = 1 + (windows.shape[1] - FRAME) // HOP
    levels = np.empty((len(windows), frames, BANDS), np.float32)
    window, bank = hann(), mel_bank()
    for start in range(0, len(windows), _AT_ONCE):
        some = windows[start : start + _AT_ONCE]
        cut = np.lib.stride_tricks.sliding_window_view(some, FRAME, axis=1)[:, ::HOP]
        magnitudes = np.abs(np.fft.rfft(cut * window, FFT, axis=2)).astype(np.float32)
        levels[start : start + _AT_ONCE] = np.log(magnitudes @ bank + FLOOR)
    return levels


@lru_cache(maxsize=1)
def hann() -> NDArray[np.float32]:
    """The periodic Hann window (400,)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)


@lru_cache(maxsize=1)
def mel_bank() -> NDArray[np.float32]:
    """Triangles of equal width in mel, (257, 64): what each frequency gives to each band; the constant gives none."""
    edges = np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 2)
    frequencies = _mel(np.linspace(0.0, RATE / 2, FFT // 2 + 1))[:, None]
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    bank = np.maximum(0.0, np.minimum(rising, falling))
    bank[0] = 0.0
    return np.ascontiguousarray(bank, dtype=np.float32)


def _mel(hertz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0))
