"""How much one file may cost before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is read from one file; whatever goes beyond is refused with a reason.

    ``max_pixels``: width x height as the header states them, before anything is decoded. The default lets a
    20,000 x 10,000 scan through, which takes 0.8 GB while it is decoded (one such at a time).
    ``max_bytes``: size of a picture file, a RAW file or a download.
    ``max_recording_bytes``: size of a recording or a film, which is read piece by piece.
    ``max_text_bytes``: size of a text file, a sidecar, or one line of a manifest.
    ``max_passages``: passages that one document is split into; the text behind them is not indexed.
    ``max_parts``: pages, slides, sheets or chapters of one document; what comes behind is not indexed.
    ``max_seconds``: the time that decoding one file may take, or some pages of a long one, and fetching a query
    picture from the web.
    """

    max_pixels: int = 200_000_000
    max_bytes: int = 512 * MIB
    max_recording_bytes: int = 64 * 1024 * MIB
    max_text_bytes: int = 32 * MIB
    max_passages: int = 10_000
    max_parts: int = 20_000
    max_seconds: float = 30.0
