"""What an indexing run is told, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmsearch.errors import UsageError
from mmsearch.ingest.manifest.columns import Columns
from mmsearch.media.limits import Limits
from mmsearch.store.precision import PRECISIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mmsearch.ingest.sources import Skipped
    from mmsearch.store.precision import Precision
    from mmsearch.types import Modality


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: ``done`` of ``total`` documents, ``encoded`` items, ``skipped`` files."""

    done: int
    total: int
    encoded: int
    skipped: int


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How to index. ``verify`` reads unchanged files too; ``workers`` 0 means one for each core.

    ``vectors`` and ``dimensions`` are settled when an encoder's first vectors are made: how they lie in the store,
    and how many of their floats are kept. None: as they are in the index, or halves and all in a new one.
    ``fuse``: "mean" keeps a vector of each document with a picture and texts too, from now on; "none" no longer.
    ``columns``: names for the columns of manifests. ``allow_removal``: also of all, or more than half of the documents.
    ``notice`` is told, in a sentence, of what takes long after the last document.
    ``isolate``: decode in child processes. ``list_unread``: name the files of kinds that are not read.
    """

    exclude: tuple[str, ...] = ()
    follow_links: bool = True
    verify: bool = False
    scaled_decoding: bool = True
    workers: int = 0
    vectors: Precision | None = None
    dimensions: int | None = None
    fuse: str | None = None
    columns: Columns = field(default_factory=Columns)
    allow_removal: bool = False
    isolate: bool = False
    list_unread: bool = False
    limits: Limits = field(default_factory=Limits)
    progress: Callable[[Progress], None] | None = None
    notice: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        if self.vectors not in (None, *PRECISIONS):
            raise UsageError(f"vectors are kept as {', '.join(PRECISIONS)}, not as {self.vectors!r}")


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run did. ``encoded``: items that went through a tower; ``reused``: items whose content was known.

    ``unread``: how many files there are of each kind that is not read (".pdf"), ``unread_paths`` which, if asked for;
    ``offers``: tables that look like manifests, as sentences.
    """

    added: int = 0
    updated: int = 0
    renamed: int = 0
    removed: int = 0
    unchanged: int = 0
    encoded: Mapping[Modality, int] = field(default_factory=dict)
    reused: int = 0
    skipped: tuple[Skipped, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    unread_paths: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    seconds: float = 0.0
