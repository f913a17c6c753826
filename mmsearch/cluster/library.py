"""`ClusterLibrary`: the face of a cluster, which is that of an index directory."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

from mmsearch.cluster.documents import World
from mmsearch.cluster.messages import StaleError
from mmsearch.cluster.reading import ClusterGeneration, ClusterReading
from mmsearch.cluster.routing import Route
from mmsearch.cluster.transport import MissingShardsError
from mmsearch.errors import UsageError
from mmsearch.library.generation import stamp_of
from mmsearch.library.library import Library
from mmsearch.store.directory import SEALED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mmsearch.cluster.manifest import ClusterDirectory, ClusterManifest
    from mmsearch.cluster.transport import Transport
    from mmsearch.library.reading import Reading
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.compact import Compaction
    from mmsearch.store.snapshot import Snapshot

T = TypeVar("T")
# How often a search begins anew because a shard is at another generation than it began with.
ATTEMPTS = 6
# After so many seconds it is tried anew whether missing shards are there again.
ABSENCE = 2.0


class ClusterLibrary(Library):
    """A cluster that can be searched like an index directory.

    A search reads one generation of the manifest, all shards at the generations that they had when it was first read.
    Without a shard it raises MissingShardsError, unless ``partial``: then `Results.missing` names those that are not
    there. What writes (remove, tag, compact) is done to the shards' own index directories, or by an indexing run.
    """

    def __init__(
        self,
        directory: ClusterDirectory,
        transport: Transport,
        *,
        partial: bool = False,
        allow_private: bool = False,
    ) -> None:
        self._transport, self._partial = transport, partial
        self._tried = 0.0
        try:
            super().__init__(directory, allow_private=allow_private)
        except BaseException:
            transport.close()
            raise
        self.directory: ClusterDirectory = directory

    def close(self) -> None:
        """Let go of the shards; the library can't be used afterwards."""
        if not self._closed:
            self._closed = True
            self._transport.close()

    @property
    def catalogue(self) -> Catalogue:
        """Documents, items, fields and words, of the generation of the last ``refresh``."""
        with self.reading() as reading:
            return reading.catalogue

    @contextmanager
    def reading(self) -> Iterator[ClusterReading]:
        """The cluster at one generation of its manifest."""
        with self._lock:
            self._refuse_closed()
            present = self._current()
        route = Route(self._transport, present.world.generations)
        yield ClusterReading(
            self.directory, present, route, self.asked_vectors, allow_private=self.allow_private
        )

    def read(self, work: Callable[[Reading], T]) -> T:
        """What ``work`` makes of a reading; begun anew when a shard has lost its generation, or with one less.

        Raises MissingShardsError when a shard can't be reached, unless partial answers are wanted.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.reading() as reading:
                    return _told(work(reading), reading.missing)
            except StaleError:
                if attempt == ATTEMPTS:
                    raise
                self._forget()
            except MissingShardsError as error:
                self._forget()
                again = self._partial or (error.unreadable and attempt == 1)
                if not again or attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def refresh(self) -> None:
        """Look whether the manifest has changed, and hold its newest generation from now on."""
        with self.reading():
            pass

    def renew(self) -> None:
        """Read everything anew, whether or not the manifest has changed."""
        self._forget()
        self.refresh()

    def remove(self, paths: Sequence[str]) -> int:
        raise _only_in_shards("remove")

    def compact(self) -> Compaction:
        raise _only_in_shards("compact")

    def snapshot(self, to: object) -> Snapshot:
        raise _only_in_shards("snapshot")

    def _forget(self) -> None:
        with self._lock:
            self._present = None

    def _current(self) -> ClusterGeneration:
        present = self._present
        if isinstance(present, ClusterGeneration) and present.stamp == stamp_of(self.directory):
            absent = present.missing and time.monotonic() - self._tried > ABSENCE
            manifest = self.directory.read()
            if not absent and present.number == manifest.generation:
                return present
        found = self._opened_generation(self.directory.read())
        self._present = found
        return found

    def _opened_generation(self, manifest: ClusterManifest) -> ClusterGeneration:
        """Let the shards open their newest generations, and read what is known of them."""
        wanted = list(range(len(manifest.shards)))
        missing: list[int] = []
        self._tried = time.monotonic()
        while True:
            try:
                generations = self._transport.newest(wanted)
                answers = self._transport.ask(generations, dict.fromkeys(wanted, ("table", ())))
                break
            except MissingShardsError as error:
                if not self._partial or not set(wanted) - set(error.missing):
                    raise
                missing += error.missing
                wanted = [number for number in wanted if number not in error.missing]
            except StaleError:
                continue
        world = World.of(answers)
        stamp = stamp_of(self.directory)
        files = {name: data for name in SEALED if (data := self.directory.read_bytes(name)) is not None}
        return ClusterGeneration(
            manifest.generation,
            world.encoders,
            files,
            stamp,
            world=world,
            missing=tuple(manifest.shards[number].name for number in sorted(missing)),
        )


def _told(answer: T, missing: tuple[str, ...]) -> T:
    """``answer``, which says which shards were ``missing`` if it is one that can."""
    if missing and is_dataclass(answer) and not isinstance(answer, type) and hasattr(answer, "missing"):
        return cast("T", replace(answer, missing=missing))
    return answer


def _only_in_shards(verb: str) -> UsageError:
    return UsageError(
        f"`{verb}` changes an index directory, and this is a cluster of several: use it on those of the shards, then "
        "run `mmsearch index` on the cluster"
    )
