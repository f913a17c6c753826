"""Bring an index up to date with a corpus: crawl, compare, decode, encode, write.

Worker threads read, decode and encode a batch of sources each (ingest/worker.py); the calling thread writes the
batches in order. A bounded number of batches is under way, so memory depends on the batch size and not on the corpus.
A batch is durable before the next one is written: a killed run loses at most the batches under way.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from mmsearch.cores import cores
from mmsearch.encoders.reading import reads
from mmsearch.ingest.changes import Plan, plan_run, refuse_losses
from mmsearch.ingest.crawl import CrawlOptions, crawl
from mmsearch.ingest.decoding.batches import Batches
from mmsearch.ingest.decoding.journal import Journal
from mmsearch.ingest.decoding.vectors import VectorWriter
from mmsearch.ingest.decoding.worker import Reader, batch_size
from mmsearch.ingest.enrich.run import complete
from mmsearch.ingest.options import IndexOptions, IndexReport, Progress
from mmsearch.ingest.sources import Skipped
from mmsearch.ingest.unread import Unread
from mmsearch.media.faults import fault_of
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.values import Instalment, NewDocument, NewItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.decoding.decoding import Reading
    from mmsearch.ingest.decoding.worker import Portion
    from mmsearch.ingest.sources import Source
    from mmsearch.store.directory import IndexDirectory


def update(
    corpus: Path, directory: IndexDirectory, encoder: Encoder, options: IndexOptions | None = None
) -> IndexReport:
    """Bring ``directory`` up to date with the folder, file or manifest ``corpus``.

    The caller holds the write lock. Files that can't be read or decoded are listed in the report and skipped;
    what was indexed of them stays. Raises RemovalError, before anything is removed, when the corpus has lost all, or
    more than half, of its documents.
    """
    options = options or IndexOptions()
    unread = Unread(listed=options.list_unread)
    how = CrawlOptions(options.exclude, options.follow_links, options.limits, options.columns)
    crawled = crawl(corpus, how, unread=unread)
    # One file says nothing about the others beside it.
    root, partial = (corpus, False) if corpus.is_dir() else (corpus.parent, True)
    report = update_from(crawled, root, directory, encoder, options, partial=partial, unread=unread)
    return replace(
        report,
        unread=dict(unread.kinds.most_common()),
        unread_paths=tuple(unread.paths),
        offers=tuple(unread.offers),
    )


def update_from(
    found: Iterable[Source | Skipped],
    root: Path,
    directory: IndexDirectory,
    encoder: Encoder,
    options: IndexOptions | None = None,
    *,
    partial: bool = False,
    unread: Unread | None = None,
) -> IndexReport:
    """Bring ``directory`` up to date with the sources ``found`` under ``root``.

    Documents of ``root`` that were not found are removed, unless the sources are only a ``partial`` view of it, or they
    are out of reach, as ``unread`` knows once the sources are at their end.
    The caller holds the write lock. Raises RemovalError as `update`.
    """
    started = time.monotonic()
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        run = _Run(directory, catalogue, encoder, options or IndexOptions())
        report = run.execute(found, root, partial=partial, unread=unread or Unread())
    return replace(report, seconds=time.monotonic() - started)


class _Run:
    """The state of one run: the open store, and the counts that become the report."""

    def __init__(
        self, directory: IndexDirectory, catalogue: Catalogue, encoder: Encoder, options: IndexOptions
    ) -> None:
        self.directory, self.catalogue, self.encoder, self.options = directory, catalogue, encoder, options
        self.writer = VectorWriter(directory, catalogue, encoder, options.vectors)
        self.encoder_id = self.writer.encoder_id
        self.counts: Counter[str] = Counter()
        self.skipped: list[Skipped] = []

    def execute(
        self, found: Iterable[Source | Skipped], root: Path, *, partial: bool, unread: Unread
    ) -> IndexReport:
        corpus_id = self.catalogue.add_corpus(str(root.resolve()))
        if "text" in self.encoder.modalities:
            self.catalogue.drop_unreadable(self.encoder_id, lambda text: reads(self.encoder, text))
        known = self.catalogue.known_documents(corpus_id, self.encoder_id)
        refused = self.catalogue.refused(corpus_id)
        plan = plan_run(
            found, known, refused=refused, out_of_reach=unread.out_of_reach, verify=self.options.verify
        )
        self.skipped.extend(plan.skipped)
        gone = {} if partial else dict(plan.gone)
        maybe_renamed = sum(source.path not in known for source in plan.to_read)
        self._check_losses(root, known=len(known), lost=len(gone) - maybe_renamed)
        done = 0
        self._tell(done, plan)
        for portion in self._read_all(plan.to_read, str(root.resolve())):
            self.skipped.extend(portion.skipped)
            self._write(portion.readings, corpus_id, known.keys(), gone)
            self._judge(portion.readings, portion.skipped, corpus_id, refused)
            done += portion.done
            self._tell(done, plan)
        if gone:
            self._check_losses(root, known=len(known), lost=len(gone))
            self.counts["removed"] += self.catalogue.remove(sorted(gone.values()))
        complete(self.catalogue, self.encoder, self.writer)
        self.catalogue.tidy()
        return IndexReport(
            added=self.counts["added"],
            updated=self.counts["updated"],
            renamed=self.counts["renamed"],
            removed=self.counts["removed"],
            unchanged=plan.unchanged,
            encoded=dict(self.writer.encoded),
            reused=self.writer.reused,
            skipped=tuple(self.skipped),
        )

    def _check_losses(self, root: Path, *, known: int, lost: int) -> None:
        if not self.options.allow_removal:
            refuse_losses(root, known=known, lost=lost)

    def _judge(
        self,
        readings: Sequence[Reading],
        skipped: Sequence[Skipped],
        corpus_id: int,
        refused: Mapping[str, tuple[str, str]],
    ) -> None:
        """Remember the files that ended their decoder, and forget that of those which no longer do."""
        for entry in skipped:
            if entry.stamp is not None:
                self.catalogue.refuse(corpus_id, entry.path, entry.stamp, entry.reason)
        if better := [reading.source.path for reading in readings if reading.source.path in refused]:
            self.catalogue.pardon(corpus_id, better)

    def _tell(self, done: int, plan: Plan) -> None:
        if self.options.progress is not None:
            encoded = sum(self.writer.encoded.values())
            self.options.progress(Progress(done, len(plan.to_read), encoded, len(self.skipped)))

    def _read_all(self, sources: Sequence[Source], root: str) -> Iterator[Portion]:
        """Batches in order, read and encoded by a bounded number of threads."""
        options = self.options
        reader = Reader(
            self.directory,
            self.encoder,
            self.encoder_id,
            options.limits,
            scaled_decoding=options.scaled_decoding,
        )
        batches = Batches(
            reader,
            Journal(self.directory.decoding, root),
            workers=options.workers or cores(),
            size=batch_size(self.encoder),
            max_seconds=options.limits.max_seconds,
            isolate=options.isolate,
        )
        try:
            yield from batches.read(sources)
        finally:
            reader.close()

    def _write(
        self, readings: list[Reading], corpus_id: int, known: Iterable[str], gone: dict[str, int]
    ) -> None:
        """Write a batch in one step; should the store refuse what one document holds, each in its own."""
        if not readings:
            return
        try:
            self._write_together(readings, corpus_id, known, gone)
        except Exception as error:
            reason = fault_of(error)
            if len(readings) == 1:
                self.skipped.append(Skipped(readings[0].source.path, reason))
                return
            for reading in readings:
                self._write([reading], corpus_id, known, gone)

    def _write_together(
        self, readings: list[Reading], corpus_id: int, known: Iterable[str], gone: dict[str, int]
    ) -> None:
        """One durable step: vectors first, then the catalogue, which points only at rows that are on disk."""
        checksums = self.writer.append([draft for reading in readings for draft in reading.drafts])
        changes: Counter[str] = Counter()
        for reading in readings:
            path = reading.source.path
            if reading.first:
                continue
            if path in known:
                changes["updated"] += 1
            elif self._was_renamed(reading, corpus_id, gone):
                changes["renamed"] += 1
            else:
                changes["added"] += 1
        instalments = [_instalment(reading, corpus_id) for reading in readings]
        self.catalogue.put_instalments(instalments, self.encoder_id, checksums)
        self.writer.recorded()
        self.counts += changes

    def _was_renamed(self, reading: Reading, corpus_id: int, gone: dict[str, int]) -> bool:
        """Whether this is a document that left its old path; if so, it keeps its id."""
        if not gone or not reading.drafts:
            return False
        if reading.key is not None:
            same = self.catalogue.documents_with_file(corpus_id, reading.key)
        else:
            same = self.catalogue.documents_with_key(corpus_id, reading.drafts[0].key)
        for document_id, path in same:
            if gone.get(path) == document_id:
                self.catalogue.rename(document_id, reading.source.path, reading.source.stamp)
                del gone[path]
                return True
        return False


def _instalment(reading: Reading, corpus_id: int) -> Instalment:
    document = NewDocument(
        corpus_id=corpus_id,
        path=reading.source.path,
        stamp=reading.source.stamp if reading.complete else "",
        title=reading.title,
        fields=reading.fields,
        items=tuple(
            NewItem(draft.modality, draft.locator, draft.key, draft.text, draft.row)
            for draft in reading.drafts
        ),
        key=reading.key,
    )
    return Instalment(document, reading.first, reading.last)
