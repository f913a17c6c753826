"""Enriching what is indexed, and undoing it: under the index's lock, with everything that follows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import UsageError
from mmsearch.library.installed import encoder_for_writing
from mmsearch.library.library import DEFAULT_INDEX_DIR, Library
from mmsearch.store.directory import IndexDirectory, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmsearch.ingest.enrich.enricher import Enricher
    from mmsearch.ingest.enrich.run import EnrichReport

KINDS = ("captions", "ocr", "speech")


def enrich(
    enricher: Enricher,
    index_dir: str | Path = DEFAULT_INDEX_DIR,
    *,
    where: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EnrichReport:
    """Look at what ``enricher`` has not looked at yet, in the documents that pass the filter ``where``.

    Raises UsageError for an index without documents or a filter that can't be read, IndexLockedError when another
    process writes.
    """
    from mmsearch.ingest.enrich.run import enrich as run
    from mmsearch.search.query.filters import parse_filter
    from mmsearch.store.catalogue.catalogue import Catalogue

    directory = IndexDirectory.open(Path(index_dir))
    with directory.write_lock():
        with Catalogue.open(directory.catalogue_path) as catalogue:
            records = catalogue.encoders()
            among = None if where is None else catalogue.select_items(parse_filter(where))
        if not records:
            raise UsageError(f"{index_dir} holds nothing yet: `mmsearch index CORPUS` comes first")
        encoder = encoder_for_writing(records, None, None)
        try:
            report = run(directory, encoder, enricher, among=among, progress=progress)
        finally:
            _settle(directory)
        with Library(directory, None) as library:
            library.update(encoder, None)
    return report


def remove_enrichment(
    kind: str, index_dir: str | Path = DEFAULT_INDEX_DIR, *, model: str | None = None
) -> int:
    """Forget all that enrichments of a ``kind`` (by one ``model``) have found; how many findings there were.

    Raises UsageError when there are none of that kind, IndexLockedError when another process writes.
    """
    from mmsearch.store.catalogue.catalogue import Catalogue

    directory = IndexDirectory.open(Path(index_dir))
    with directory.write_lock():
        with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
            there = {
                one.enrichment.kind
                for one in catalogue.enrichments()
                if model in (None, one.enrichment.model)
            }
            if kind not in there:
                known = (
                    ", ".join(sorted({one.enrichment.kind for one in catalogue.enrichments()})) or "nothing"
                )
                raise UsageError(f"this index has no {kind} to remove; it was enriched by {known}")
            removed = catalogue.remove_enrichment(kind, model)
        _settle(directory)
    return removed


def _settle(directory: IndexDirectory) -> None:
    from mmsearch.store.catalogue.catalogue import Catalogue

    with Catalogue.open(directory.catalogue_path) as catalogue:
        directory.write_manifest(Manifest.of(catalogue))
