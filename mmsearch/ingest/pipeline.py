"""Bring an index up to date with a corpus: crawl, compare, decode, encode, write.

Worker threads read, decode and encode a batch of sources each (ingest/reading.py); the calling thread writes the
batches in order. A bounded number of batches is under way, so memory depends on the batch size and not on the corpus.
A batch is durable before the next one is written: a killed run loses at most the batches under way.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.ingest.changes import Plan, plan_run
from mmsearch.ingest.crawl import CrawlOptions, crawl
from mmsearch.ingest.worker import Reader, batch_size
from mmsearch.media.limits import Limits
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.values import NewDocument, NewItem
from mmsearch.store.precision import DEFAULT_PRECISION, PRECISIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.sources import Skipped, Source
    from mmsearch.ingest.worker import Reading
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.store.precision import Precision
    from mmsearch.store.vectors import VectorShards
    from mmsearch.types import Modality

# Batches under way for each worker: one in work, one ready, so that no worker waits for the writer.
LOOKAHEAD = 2


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
    """

    exclude: tuple[str, ...] = ()
    follow_links: bool = True
    verify: bool = False
    scaled_decoding: bool = True
    workers: int = 0
    vectors: Precision | None = None
    dimensions: int | None = None
    fuse: str | None = None
    limits: Limits = field(default_factory=Limits)
    progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        if self.vectors not in (None, *PRECISIONS):
            raise UsageError(f"vectors are kept as {', '.join(PRECISIONS)}, not as {self.vectors!r}")


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run did. ``encoded``: items that went through a tower; ``reused``: items whose content was known."""

    added: int = 0
    updated: int = 0
    renamed: int = 0
    removed: int = 0
    unchanged: int = 0
    encoded: Mapping[Modality, int] = field(default_factory=dict)
    reused: int = 0
    skipped: tuple[Skipped, ...] = ()
    seconds: float = 0.0


def update(
    corpus: Path, directory: IndexDirectory, encoder: Encoder, options: IndexOptions | None = None
) -> IndexReport:
    """Bring ``directory`` up to date with the folder, file or manifest ``corpus``.

    The caller holds the write lock. Files that can't be read or decoded are listed in the report and skipped;
    what was indexed of them stays.
    """
    options = options or IndexOptions()
    crawled = crawl(corpus, CrawlOptions(options.exclude, options.follow_links, options.limits))
    if corpus.is_dir():
        return update_from(crawled, corpus, directory, encoder, options)
    # One file says nothing about the others beside it.
    return update_from(crawled, corpus.parent, directory, encoder, options, partial=True)


def update_from(
    found: Iterable[Source | Skipped],
    root: Path,
    directory: IndexDirectory,
    encoder: Encoder,
    options: IndexOptions | None = None,
    *,
    partial: bool = False,
) -> IndexReport:
    """Bring ``directory`` up to date with the sources ``found`` under ``root``.

    Documents of ``root`` that were not found are removed, unless the sources are only a ``partial`` view of it.
    The caller holds the write lock.
    """
    started = time.monotonic()
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        run = _Run(directory, catalogue, encoder, options or IndexOptions())
        report = run.execute(found, root, partial=partial)
    return replace(report, seconds=time.monotonic() - started)


class _Run:
    """The state of one run: the open store, and the counts that become the report."""

    def __init__(
        self, directory: IndexDirectory, catalogue: Catalogue, encoder: Encoder, options: IndexOptions
    ) -> None:
        self.directory, self.catalogue, self.encoder, self.options = directory, catalogue, encoder, options
        modalities = tuple(sorted(encoder.modalities))
        self.encoder_id = catalogue.add_encoder(
            encoder.name,
            encoder.fingerprint,
            encoder.dimension,
            modalities,
            options.vectors or DEFAULT_PRECISION,
        )
        record = next(r for r in catalogue.encoders() if r.encoder_id == self.encoder_id)
        if options.vectors not in (None, record.precision):
            raise UsageError(
                f"this index holds {record.precision} vectors of {record.name}, which is settled when they are made: "
                "index into another folder with --index"
            )
        self.shards: dict[Modality, VectorShards] = {}
        for modality in modalities:
            rows = catalogue.highest_row(self.encoder_id, modality) + 1
            self.shards[modality] = directory.shards(record, modality, rows=rows)
            self.shards[modality].truncate(rows)  # what a killed run wrote beyond is garbage
        self.counts: Counter[str] = Counter()
        self.encoded: Counter[Modality] = Counter()
        self.skipped: list[Skipped] = []

    def execute(self, found: Iterable[Source | Skipped], root: Path, *, partial: bool) -> IndexReport:
        corpus_id = self.catalogue.add_corpus(str(root.resolve()))
        known = self.catalogue.known_documents(corpus_id, self.encoder_id)
        plan = plan_run(found, known, verify=self.options.verify)
        self.skipped.extend(plan.skipped)
        gone = {} if partial else dict(plan.gone)
        done = 0
        self._tell(done, plan)
        for readings, skipped, size in self._read_all(plan.to_read):
            self.skipped.extend(skipped)
            self._write(readings, corpus_id, known.keys(), gone)
            done += size
            self._tell(done, plan)
        if gone:
            self.counts["removed"] += self.catalogue.remove(sorted(gone.values()))
        return IndexReport(
            added=self.counts["added"],
            updated=self.counts["updated"],
            renamed=self.counts["renamed"],
            removed=self.counts["removed"],
            unchanged=plan.unchanged,
            encoded=dict(self.encoded),
            reused=self.counts["reused"],
            skipped=tuple(self.skipped),
        )

    def _tell(self, done: int, plan: Plan) -> None:
        if self.options.progress is not None:
            encoded = sum(self.encoded.values())
            self.options.progress(Progress(done, len(plan.to_read), encoded, len(self.skipped)))

    def _read_all(self, sources: Sequence[Source]) -> Iterator[tuple[list[Reading], list[Skipped], int]]:
        """Batches in order, read and encoded by a bounded number of threads."""
        size = batch_size(self.encoder)
        workers = self.options.workers or _cores()
        reader = Reader(
            self.directory,
            self.encoder,
            self.encoder_id,
            self.options.limits,
            scaled_decoding=self.options.scaled_decoding,
        )
        under_way: deque[tuple[Future[tuple[list[Reading], list[Skipped]]], int]] = deque()
        with ThreadPoolExecutor(workers, thread_name_prefix="mmsearch-read") as pool:
            try:
                for start in range(0, len(sources), size):
                    batch = sources[start : start + size]
                    under_way.append((pool.submit(reader.read_batch, batch), len(batch)))
                    if len(under_way) >= workers * LOOKAHEAD:
                        future, count = under_way.popleft()
                        yield (*future.result(), count)
                while under_way:
                    future, count = under_way.popleft()
                    yield (*future.result(), count)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
                reader.close()

    def _write(
        self, readings: list[Reading], corpus_id: int, known: Iterable[str], gone: dict[str, int]
    ) -> None:
        """One durable step: vectors first, then the catalogue, which points only at rows that are on disk."""
        if not readings:
            return
        self._append_vectors(readings)
        for reading in readings:
            path = reading.source.path
            if path in known:
                self.counts["updated"] += 1
            elif self._was_renamed(reading, corpus_id, gone):
                self.counts["renamed"] += 1
            else:
                self.counts["added"] += 1
        documents = [
            NewDocument(
                corpus_id=corpus_id,
                path=reading.source.path,
                stamp=reading.source.stamp,
                title=reading.title,
                fields=reading.fields,
                items=tuple(
                    NewItem(draft.modality, draft.locator, draft.key, draft.text, draft.row)
                    for draft in reading.drafts
                ),
            )
            for reading in readings
        ]
        self.catalogue.put(documents, self.encoder_id)

    def _append_vectors(self, readings: list[Reading]) -> None:
        for modality, shards in self.shards.items():
            drafts = [d for reading in readings for d in reading.drafts if d.modality == modality]
            fresh = {d.key: d.vector for d in drafts if d.vector is not None}  # copies share a row
            self.counts["reused"] += sum(d.row is not None for d in drafts)
            if not fresh:
                continue
            first = shards.append(np.stack(list(fresh.values())))
            shards.sync()
            rows = dict(zip(fresh, range(first, first + len(fresh)), strict=True))
            for draft in drafts:
                if draft.vector is not None:
                    draft.row, draft.vector = rows[draft.key], None
            self.encoded[modality] += len(fresh)

    def _was_renamed(self, reading: Reading, corpus_id: int, gone: dict[str, int]) -> bool:
        """Whether this is a document that left its old path; if so, it keeps its id."""
        if not gone or not reading.drafts:
            return False
        for document_id, path in self.catalogue.documents_with_key(corpus_id, reading.drafts[0].key):
            if gone.get(path) == document_id:
                self.catalogue.rename(document_id, reading.source.path, reading.source.stamp)
                del gone[path]
                return True
        return False


def _cores() -> int:
    import os

    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
