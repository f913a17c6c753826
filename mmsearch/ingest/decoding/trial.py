"""Encode what was decoded, for nothing but to see whether the encoder outlives it: in a child process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

from mmsearch.encoders.reading import reads
from mmsearch.encoders.registry import compiled_directory, load_encoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.decoding.decoding import Reading

    Trial: TypeAlias = Callable[[Reading], None]


def trial_of(encoder: str | None, seconds: float) -> Trial:
    """What encodes a reading by the ``encoder`` of that name, for at most so many ``seconds``.

    Nothing where that is none, or none that a small process can load: one of a program's own, or one of torch's.
    """
    if encoder is None or compiled_directory(encoder) is None:
        return _nothing
    try:
        loaded = load_encoder(encoder)
        loaded.encode_texts(["a"] if "text" in loaded.modalities else [])
    except Exception:  # whatever it is, it is no file's fault
        return _nothing
    return lambda reading: _encode(reading, loaded, seconds)


def _nothing(_reading: Reading) -> None:
    pass


def _encode(reading: Reading, encoder: Encoder, seconds: float) -> None:
    end = time.monotonic() + seconds
    for draft in reading.drafts:
        if time.monotonic() > end:
            return
        if draft.pixels is not None:
            encoder.encode_images(draft.pixels[None])
        elif draft.text and "text" in encoder.modalities and reads(encoder, draft.text):
            encoder.encode_texts([draft.text])
