"""Index a corpus into the shards of a cluster: one crawl, then each shard brought up to date with its own documents.

A shard's run is that of an index directory: it commits batch by batch, and when it is begun again, by another process
or on another machine, it goes on after the last batch that was committed.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mmsearch.cluster.manifest import SHARDS, ClusterDirectory, ClusterManifest, ShardEntry, read_kind
from mmsearch.cluster.moving import spread, with_encoders
from mmsearch.cluster.numbers import MOST_SHARDS
from mmsearch.cluster.placing import shard_for
from mmsearch.errors import IndexFormatError, UsageError
from mmsearch.ingest.changes import refuse_losses
from mmsearch.ingest.options import IndexOptions, IndexReport
from mmsearch.ingest.sources import Skipped
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.directory import MANIFEST, IndexDirectory
from mmsearch.store.durable.files import plain_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mmsearch.cluster.library import ClusterLibrary
    from mmsearch.ingest.sources import Source
    from mmsearch.store.catalogue.values import Statistics


@dataclass(frozen=True, slots=True)
class ShardJob:
    """What one shard has to be brought up to date with: its ``found`` sources, and all that could not be read.

    ``partial``: the sources are not all there are. ``out_of_reach``: paths that stay whatever was found.
    """

    path: Path
    root: Path
    found: tuple[Source | Skipped, ...]
    partial: bool
    out_of_reach: frozenset[str]
    encoder: str | None
    options: IndexOptions


class Workers(Protocol):
    """Who does the jobs."""

    def run(self, jobs: Sequence[ShardJob]) -> list[IndexReport]:
        """Do all ``jobs``; their reports, in order."""


class LocalWorkers:
    """One job after the other, in this process."""

    def run(self, jobs: Sequence[ShardJob]) -> list[IndexReport]:
        return [build_shard(job) for job in jobs]


def build_shard(job: ShardJob) -> IndexReport:
    """Do one job. Raises what an indexing run raises."""
    from mmsearch.ingest.pipeline import update_from
    from mmsearch.ingest.unread import Unread
    from mmsearch.library.build import under_lock

    unread = Unread()
    unread.out_of_reach |= job.out_of_reach
    library = under_lock(
        job.path,
        job.encoder,
        job.options,
        lambda directory, chosen: update_from(
            job.found, job.root, directory, chosen, job.options, partial=job.partial, unread=unread
        ),
    )
    with library:
        assert library.report is not None
        return library.report


def create(path: Path, shards: int) -> ClusterDirectory:
    """The cluster at ``path``, made with so many shards, or given as many more as it lacks, which take over what is
    theirs from the others.

    Raises UsageError for fewer than there are, IndexFormatError when something else lies there.
    """
    if not 1 <= shards <= MOST_SHARDS:
        raise UsageError(f"a cluster has 1 to {MOST_SHARDS:,} shards, not {shards:,}")
    directory = ClusterDirectory(path)
    if read_kind(path / MANIFEST) is None:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise IndexFormatError(f"{path} holds other things and no cluster; name a new or an empty folder")
        with plain_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        directory.write(ClusterManifest(tuple(map(_entry, range(shards)))))
        return directory
    manifest = directory.read()
    if shards < len(manifest.shards):
        raise UsageError(
            f"this cluster has {len(manifest.shards)} shards, and none can be taken away: index into a new one"
        )
    if shards > len(manifest.shards):
        with directory.write_lock():
            _add(directory, manifest, shards)
    return directory


def index_cluster(
    corpus: Path,
    directory: ClusterDirectory,
    workers: Workers,
    *,
    encoder: str | None = None,
    options: IndexOptions | None = None,
) -> IndexReport:
    """Bring the shards of ``directory`` up to date with ``corpus``; what all of them did, together.

    Raises as `mmsearch.library.build.index`.
    """
    started = time.monotonic()
    if not corpus.exists():
        raise UsageError(f"there is no corpus {corpus}: name a folder, a file, or a CSV or JSONL manifest")
    options = options or IndexOptions()
    with directory.write_lock():
        manifest = directory.read()
        jobs, report = _jobs(corpus, directory, manifest, encoder or manifest.encoder or None, options)
        reports = workers.run(jobs)
        finish(directory, manifest)
    return replace(_together(report, reports), seconds=time.monotonic() - started)


def finish(directory: ClusterDirectory, manifest: ClusterManifest) -> None:
    """Let readers see the shards as they are now: what follows from all vectors together, then the manifest."""
    from mmsearch.library.backgrounds import estimated_all

    directory.write(_counted(directory, manifest))
    with opened(directory) as library, library.reading() as reading:
        found: dict[str, object] = {}
        for record, encoder in zip(reading.held.records, reading.encoders, strict=False):
            found |= estimated_all(reading, encoder, bits=record.precision == "binary")
    directory.write_backgrounds(found)


def opened(
    directory: ClusterDirectory, *, partial: bool = False, allow_private: bool = False
) -> ClusterLibrary:
    """The cluster with its shards in this process."""
    from mmsearch.cluster.library import ClusterLibrary
    from mmsearch.cluster.transport import LocalTransport, places

    transport = LocalTransport(places(directory))
    return ClusterLibrary(directory, transport, partial=partial, allow_private=allow_private)


def _entry(number: int) -> ShardEntry:
    name = f"shard-{number:03}"
    return ShardEntry(name, f"{SHARDS}/{name}")


def _add(directory: ClusterDirectory, manifest: ClusterManifest, shards: int) -> None:
    more = tuple(_entry(number) for number in range(len(manifest.shards), shards))
    grown = replace(manifest, shards=(*manifest.shards, *more))
    targets = {shard.name: directory.shard_path(shard) for shard in grown.shards}
    there = [shard for shard in manifest.shards if directory.shard_path(shard).exists()]
    for shard in there:
        spread(directory.shard_path(shard), targets, keep=False)
    for shard in more if there else ():
        with_encoders(directory.shard_path(there[0]), directory.shard_path(shard))
    if there:
        finish(directory, grown)
    else:
        directory.write(grown)


def _jobs(
    corpus: Path,
    directory: ClusterDirectory,
    manifest: ClusterManifest,
    encoder: str | None,
    options: IndexOptions,
) -> tuple[list[ShardJob], IndexReport]:
    """A job for each shard, and what the crawl alone has to report."""
    from mmsearch.ingest.crawl import CrawlOptions, crawl
    from mmsearch.ingest.unread import Unread

    unread = Unread(listed=options.list_unread)
    how = CrawlOptions(options.exclude, options.follow_links, options.limits, options.columns)
    root, partial = (corpus, False) if corpus.is_dir() else (corpus.parent, True)
    found: list[list[Source | Skipped]] = [[] for _ in manifest.shards]
    skipped: list[Skipped] = []
    paths: set[str] = set()
    at, names = str(root.resolve()), manifest.names
    for entry in crawl(corpus, how, unread=unread):
        if isinstance(entry, Skipped):
            skipped.append(entry)
        else:
            found[shard_for(at, entry.path, names)].append(entry)
        paths.add(entry.path)
    known = [path for shard in manifest.shards for path in _paths(directory.shard_path(shard), at)]
    if not partial and not options.allow_removal:
        below = tuple(one.path if one.below is None else one.below for one in skipped)
        lost = [
            path
            for path in known
            if path not in paths and path not in unread.out_of_reach and not path.startswith(below)
        ]
        fresh = len(paths - set(known) - {one.path for one in skipped})
        refuse_losses(root, known=len(known), lost=len(lost) - fresh)
    alone = replace(options, progress=None, notice=None, allow_removal=True)
    jobs = [
        ShardJob(
            directory.shard_path(shard).resolve(),
            root.resolve(),
            (*own, *skipped),
            partial,
            frozenset(unread.out_of_reach),
            encoder,
            alone,
        )
        for shard, own in zip(manifest.shards, found, strict=True)
    ]
    report = IndexReport(
        unread=dict(unread.kinds.most_common()), unread_paths=tuple(unread.paths), offers=tuple(unread.offers)
    )
    return jobs, report


def _paths(shard: Path, root: str) -> list[str]:
    if not (shard / MANIFEST).exists():
        return []
    with Catalogue.open(IndexDirectory.open(shard).catalogue_path) as catalogue:
        return [path for _, corpus, path in catalogue.document_paths() if corpus == root]


def _together(report: IndexReport, reports: Sequence[IndexReport]) -> IndexReport:
    encoded: Counter[object] = Counter()
    for one in reports:
        encoded.update(one.encoded)
    return replace(
        report,
        added=sum(one.added for one in reports),
        updated=sum(one.updated for one in reports),
        renamed=sum(one.renamed for one in reports),
        removed=sum(one.removed for one in reports),
        unchanged=sum(one.unchanged for one in reports),
        encoded=dict(encoded),  # type: ignore[arg-type]
        reused=sum(one.reused for one in reports),
        skipped=tuple(dict.fromkeys(entry for one in reports for entry in one.skipped)),
    )


def _counted(directory: ClusterDirectory, manifest: ClusterManifest) -> ClusterManifest:
    """``manifest`` with what the shards hold now, and the next generation."""
    entries, found = [], []
    record = None
    for shard in manifest.shards:
        with Catalogue.open(IndexDirectory.open(directory.shard_path(shard)).catalogue_path) as catalogue:
            now = catalogue.statistics()
            record = record or next(iter(catalogue.encoders()), None)
        entries.append(replace(shard, documents=now.documents, generation=now.generation))
        found.append(now)
    return replace(
        manifest,
        shards=tuple(entries),
        encoder="" if record is None else record.name,
        fingerprint="" if record is None else record.fingerprint,
        generation=manifest.generation + 1,
        statistics=_sums(found),
    )


def _sums(found: Iterable[Statistics]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for one in found:
        sums["documents"] += one.documents
        sums.update({f"items {modality}": count for modality, count in one.items.items()})
        sums["fields"] += one.fields
    return dict(sums)
