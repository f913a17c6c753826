"""How a service is run, as one value: who may reach it, what may be asked of it, and how much."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from mmsearch.media.limits import MIB, Limits

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Settings:
    """``token``: what each request must show; None for none. ``hosts``: names under which the service may be asked,
    beside those of this machine; a request for another name is refused, for a page elsewhere may have sent it
    (DNS rebinding). ``proxies``: addresses that are believed for whom they ask. ``allow_write``: feedback and tags may
    be kept.

    ``most_hits`` (k), ``most_offset``, ``longest_query`` (characters of a request), ``most_facets`` (fields that are
    counted) and their ``most_values`` bound what is asked; ``body_bytes`` what is sent but for pictures.

    ``threads`` searches run at once (0: as many as cores), ``waiting`` more wait for their turn; whoever comes then is
    sent away for the moment. ``seconds`` is what one request may take, waiting included. ``per_client``: requests of
    one address under way.

    ``upload``: limits of a picture that is sent. ``uploads_bytes`` of them, and ``answers_bytes`` of answers, are kept
    in memory, those used last. ``export_bytes``: of the files in one export.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = LOOPBACK
    allow_write: bool = False
    threads: int = 0
    waiting: int = 128
    seconds: float = 30.0
    per_client: int = 64
    most_hits: int = 1_000
    most_offset: int = 100_000
    longest_query: int = 10_000
    most_facets: int = 20
    most_values: int = 1_000
    body_bytes: int = 1 * MIB
    upload: Limits = field(
        default_factory=lambda: Limits(max_bytes=32 * MIB, max_pixels=100_000_000, max_seconds=10.0)
    )
    uploads_bytes: int = 256 * MIB
    answers_bytes: int = 32 * MIB
    export_bytes: int = 1024 * MIB

    @property
    def searching(self) -> int:
        """Threads that search: one for each core, as each search keeps one busy."""
        return self.threads or os.cpu_count() or 1
