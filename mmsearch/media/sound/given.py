"""A sound that somebody looks by: a path, an address, "-" for standard input, bytes, or samples."""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import MediaError, UsageError
from mmsearch.media.fetch import read_source
from mmsearch.media.sound.decode import open_sound
from mmsearch.media.sound.stretches import stretches, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.types import Sounds, SoundSpec

SECONDS = 600  # of what is looked by; what lies behind is not heard


def given_windows(source: Any, spec: SoundSpec, *, allow_private: bool = False) -> Sounds:
    """The windows (n, samples) of what can be heard of it, as ``spec`` wants them.

    Raises UsageError when there is no such file, MediaError when it can't be decoded or fetched or is silent,
    TypeError for anything else, MissingExtraError without PyAV.
    """
    if isinstance(source, np.ndarray) and source.ndim == 1:
        pieces = iter([source.astype(np.float32)[: SECONDS * spec.rate]])
        return _windows(pieces, spec)
    if isinstance(source, bytes):
        return _opened(source, spec, "the sound")
    if isinstance(source, str) and ("://" in source or source == "-"):
        return _opened(read_source(source, allow_private=allow_private, accept="audio/*"), spec, source)
    if not isinstance(source, str | Path):
        raise TypeError(f"a sound is a path, an address, bytes or samples, not {type(source).__name__}")
    path = Path(source).expanduser()
    if not path.is_file():
        raise UsageError(f"there is no sound {path}: give the path of a file, a URL, or - for stdin")
    return _opened(path, spec, str(path))


def _opened(source: Path | bytes, spec: SoundSpec, name: str) -> Sounds:
    try:
        with open_sound(source) as recording:
            return _windows(islice(recording.pieces(spec.rate, spec.rate), SECONDS), spec)
    except MediaError as error:
        raise MediaError(f"{name}: {error}") from error


def _windows(pieces: Iterator[Any], spec: SoundSpec) -> Sounds:
    found = list(chain.from_iterable(windows(one.samples, spec) for one in stretches(pieces, spec.rate)))
    if not found:
        raise MediaError("nothing but silence")
    return np.stack(found)
