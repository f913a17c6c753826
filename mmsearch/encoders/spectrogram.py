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
_AT_ONCE = 1_536  # frames, whose spectra are in memory together
# Frames of one product with the bank: so few that BLAS takes one thread. With several, which wait for each other, it
# costs twenty times the processor time.
_FRAMES = 12


def log_mel(windows: Sounds) -> NDArray[np.float32]:
    """Windows (n, samples) float32 of 16 kHz -> (n, frames, 64) float32: 96 frames of 15,600 samples.

    Frames that windows share are made once: where these are a view of one recording, whole frames after each other.
    """
    count, samples = windows.shape
    if samples < FRAME:
        raise ValueError(f"a window of {samples} samples holds no frame of {FRAME}")
    frames = 1 + (samples - FRAME) // HOP
    hop = _hop(windows)
    if hop:
        recording = np.lib.stride_tricks.as_strided(
            windows, (samples + (count - 1) * hop,), windows.strides[1:], writeable=False
        )
        levels = _levels(_cut(recording))
        shared = np.lib.stride_tricks.sliding_window_view(levels, frames, axis=0)[:: hop // HOP]
        return np.ascontiguousarray(shared[:count].swapaxes(1, 2))
    levels = np.empty((count, frames, BANDS), np.float32)
    some = max(1, _AT_ONCE // frames)
    for start in range(0, count, some):
        cut = _cut(windows[start : start + some])
        levels[start : start + some] = _levels(cut.reshape(-1, FRAME)).reshape(-1, frames, BANDS)
    return levels


def _hop(windows: Sounds) -> int:
    """How many samples each begins after the one before, if they overlap by whole frames in memory; else 0."""
    count, samples = windows.shape
    step, size = windows.strides
    overlap = count > 1 and size == windows.itemsize and 0 < step < samples * size
    return step // size if overlap and step % (HOP * size) == 0 else 0


def _cut(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The frames (..., frames, 400) of (..., samples)."""
    return np.lib.stride_tricks.sliding_window_view(samples, FRAME, axis=-1)[..., ::HOP, :]


def _levels(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frames (n, 400) -> (n, 64)."""
    found = np.empty((len(frames), BANDS), np.float32)
    for start in range(0, len(frames), _AT_ONCE):
        some = frames[start : start + _AT_ONCE]
        filled = np.zeros((-(-len(some) // _FRAMES) * _FRAMES, FFT // 2 + 1), np.float32)
        filled[: len(some)] = np.abs(np.fft.rfft(some * hann(), FFT, axis=1))
        energy = filled.reshape(-1, _FRAMES, FFT // 2 + 1) @ mel_bank()
        found[start : start + _AT_ONCE] = np.log(energy.reshape(-1, BANDS)[: len(some)] + FLOOR)
    return found


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
