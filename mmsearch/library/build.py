"""Build an index or bring it up to date: under its lock, with everything that follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import UsageError
from mmsearch.library.installed import encoder_for_writing
from mmsearch.library.library import DEFAULT_INDEX_DIR, Library
from mmsearch.store.directory import IndexDirectory, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from logging import Logger

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.options import IndexOptions, IndexReport
    from mmsearch.ingest.sources import Source


def _log() -> Logger:
    """Loaded on use: a search of an index logs nothing."""
    import logging

    log = logging.getLogger(__name__)
    if not log.handlers:
        log.addHandler(logging.NullHandler())  # warnings are for those who ask for logs
    return log


def index(
    corpus: str | Path,
    index_dir: str | Path = DEFAULT_INDEX_DIR,
    *,
    encoder: str | None = None,
    moved_from: str | Path | None = None,
    options: IndexOptions | None = None,
) -> Library:
    """Build the index of ``corpus`` in ``index_dir``, or bring it up to date, and open it.

    ``corpus`` is a folder, one file, or a manifest (CSV or JSONL). ``encoder`` defaults to the index's own, or
    ``pocket`` in a new one. ``moved_from`` is the folder where the corpus lay when it was indexed. What the run
    did is in ``library.report``. Raises UsageError when there is no such corpus, IndexLockedError when another
    process writes, EncoderError for an unknown encoder.
    """
    from mmsearch.ingest.pipeline import update
    from mmsearch.store.corpora import move_corpus

    corpus = Path(corpus).expanduser()
    if not corpus.exists():
        raise UsageError(f"there is no corpus {corpus}: name a folder, a file, or a CSV or JSONL manifest")

    def run(directory: IndexDirectory, chosen: Encoder) -> IndexReport:
        if moved_from is not None:
            move_corpus(directory, Path(moved_from), corpus)
        return update(corpus, directory, chosen, options)

    return under_lock(Path(index_dir), encoder, options, run)


def index_sources(
    sources: Iterable[Source],
    root: str | Path,
    index_dir: str | Path = DEFAULT_INDEX_DIR,
    *,
    encoder: str | None = None,
    options: IndexOptions | None = None,
) -> Library:
    """Like `index`, for documents that a program describes itself instead of a crawl.

    ``root`` is the folder that stands for them: what was indexed under it and is not among ``sources`` any
    more is removed.
    """
    from mmsearch.ingest.pipeline import update_from

    return under_lock(
        Path(index_dir),
        encoder,
        options,
        lambda directory, chosen: update_from(sources, Path(root), directory, chosen, options),
    )


def under_lock(
    index_dir: Path,
    encoder: str | None,
    options: IndexOptions | None,
    run: Callable[[IndexDirectory, Encoder], IndexReport],
) -> Library:
    """Do an indexing ``run`` under the lock, bring everything that follows from it up to date, and open the index."""
    from mmsearch.search.index.pooling import check_pooling
    from mmsearch.store.catalogue.catalogue import Catalogue

    fuse = None if options is None else options.fuse
    check_pooling(fuse)
    directory = IndexDirectory.create(index_dir)
    with directory.write_lock():
        with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
            records = catalogue.encoders()
        _log().info("run begun", extra={"fields": {"index": str(index_dir)}})
        chosen = encoder_for_writing(records, encoder, None if options is None else options.dimensions)
        try:
            report = run(directory, chosen)
        finally:
            with Catalogue.open(directory.catalogue_path) as catalogue:
                directory.write_manifest(Manifest.of(catalogue))
        if fuse is not None:
            directory.write_pooling(None if fuse == "none" else fuse)
        _log_run(index_dir, report)
        library = Library(directory, report)
        library.update(chosen, None if options is None else options.notice)
    return library


def _log_run(index_dir: Path, report: IndexReport) -> None:
    for entry in report.skipped:
        _log().warning("file skipped", extra={"fields": {"path": entry.path, "reason": entry.reason}})
    counts = {
        name: getattr(report, name)
        for name in ("added", "updated", "renamed", "removed", "unchanged", "reused")
    }
    fields = {
        "index": str(index_dir),
        **counts,
        "skipped": len(report.skipped),
        "encoded": dict(report.encoded),
        "seconds": round(report.seconds, 3),
    }
    _log().info("run finished", extra={"fields": fields})
