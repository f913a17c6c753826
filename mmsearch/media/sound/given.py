"""A sound that somebody looks by: a path, an address, "-" for standard input, bytes, or samples."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import MediaError, UsageError
from mmsearch.media.fetch import read_source
from mmsearch.media.sound.decode import open_sound
from mmsearch.media.sound.stretches import stretches, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.types import Samples, Sounds, SoundSpec

SECONDS = 600  # of what is looked by; what lies behind is not heard


def given_windows(source: Any, spec: SoundSpec, *, allow_private: bool = False) -> Sounds:
    """The windows (n, samples) of what can be heard of it, as ``spec`` wants them.

    Raises as `given_pieces`, and MediaError for what is silent.
    """
    with given_pieces(source, spec.rate, allow_private=allow_private) as pieces:
        cuts = [windows(one.samples, spec) for one in stretches(pieces, spec.rate)]
    if not cuts:
        raise MediaError(f"{_named(source)}: nothing but silence")
    return np.concatenate(cuts)


@contextmanager
def given_pieces(
    source: Any, rate: int = 16_000, *, allow_private: bool = False
) -> Iterator[Iterator[Samples]]:
    """Its first ``SECONDS``, in pieces of a second of ``rate`` samples.

    Raises UsageError when there is no such file, MediaError when it can't be decoded or fetched, TypeError for anything
    else, MissingExtraError without PyAV.
    """
    if isinstance(source, np.ndarray) and source.ndim == 1:
        yield iter([source.astype(np.float32)[: SECONDS * rate]])
        return
    if not isinstance(source, bytes | str | Path):
        raise TypeError(f"a sound is a path, an address, bytes or samples, not {type(source).__name__}")
    if isinstance(source, str) and ("://" in source or source == "-"):
        opened: bytes | Path = read_source(source, allow_private=allow_private, accept="audio/*")
    elif isinstance(source, bytes):
        opened = source
    else:
        opened = Path(source).expanduser()
        if not opened.is_file():
            raise UsageError(f"there is no sound {opened}: give the path of a file, a URL, or - for stdin")
    try:
        with open_sound(opened) as recording:
            yield islice(recording.pieces(rate, rate), SECONDS)
    except MediaError as error:
        raise MediaError(f"{_named(source)}: {error}") from error


def _named(source: Any) -> str:
    if isinstance(source, str | Path):
        return "standard input" if str(source) == "-" else str(source)
    return "the sound"
