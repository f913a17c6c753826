"""Batches of sources under way: read by a bounded number of threads, handed on in order.

The threads are daemons: one that is within a decoder that never comes back must hold neither the run nor the end of
the process.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from queue import Empty, Full, Queue, SimpleQueue
from typing import TYPE_CHECKING

from mmsearch.ingest.decoding.worker import Headway, Portion
from mmsearch.media.isolation.child import NoChildError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mmsearch.ingest.decoding.journal import Journal
    from mmsearch.ingest.decoding.worker import Reader
    from mmsearch.ingest.sources import Source

# Batches under way for each worker: one in work, one ready, so that no worker waits for the writer.
LOOKAHEAD = 2
_PORTIONS = 1  # of a batch that wait for the writer, beside the one in work
_LOOK_EVERY = 0.5  # seconds; whoever waits for a batch looks whether it makes headway
_PATIENCE = 1.0  # seconds that a run which ends waits for its threads


class _Abandoned(Exception):  # noqa: N818  # it is no error: nobody waits for this batch any more
    """The batch was given up, or the run ends."""


@dataclass(slots=True)
class _Batch:
    """``done``: sources whose last portion was handed on. ``portions`` end with None, or with what went wrong."""

    sources: Sequence[Source]
    suspect: bool
    headway: Headway = field(default_factory=Headway)
    entry: Path | None = None
    portions: Queue[Portion | BaseException | None] = field(default_factory=lambda: Queue(_PORTIONS))
    abandoned: threading.Event = field(default_factory=threading.Event)
    done: int = 0

    def hand_on(self, portion: Portion | BaseException | None) -> None:
        """Wait until the writer takes it; raises _Abandoned when nobody will."""
        while not self.abandoned.is_set():
            try:
                self.portions.put(portion, timeout=_LOOK_EVERY)
            except Full:
                continue
            return
        raise _Abandoned


class Batches:
    """Reads sources batch by batch, ``size`` of them each, in ``workers`` threads.

    What is in the ``journal`` of an earlier run is decoded in a child process, and last, and the encoder tried on it
    there; with ``isolate`` everything is decoded so. A batch that makes no headway for ``max_seconds`` is given up, and
    what is left of it read as if it were suspect.
    """

    def __init__(
        self,
        reader: Reader,
        journal: Journal,
        *,
        workers: int,
        size: int,
        max_seconds: float,
        isolate: bool = False,
    ) -> None:
        self.reader, self.journal, self.workers, self.size = reader, journal, workers, size
        self.max_seconds, self.isolate = max_seconds, isolate
        self._waiting: SimpleQueue[_Batch | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def read(self, sources: Sequence[Source]) -> Iterator[Portion]:
        """What each batch comes to, in order, in one portion or several."""
        under_way: deque[_Batch] = deque()
        for _ in range(self.workers):
            self._add_thread()
        try:
            for batch in self._batches(sources):
                under_way.append(batch)
                self._waiting.put(batch)
                if len(under_way) >= self.workers * LOOKAHEAD:
                    yield from self._results(under_way[0])
                    under_way.popleft()
            while under_way:
                yield from self._results(under_way[0])
                under_way.popleft()
            self.journal.settle()
        finally:
            self._stop(under_way)

    def _batches(self, sources: Sequence[Source]) -> Iterator[_Batch]:
        suspects = [one for one in sources if one.path in self.journal.left]
        others = [one for one in sources if one.path not in self.journal.left] if suspects else sources
        for some, suspect in ((others, False), (suspects, True)):
            for start in range(0, len(some), self.size):
                yield _Batch(some[start : start + self.size], suspect)

    def _results(self, batch: _Batch) -> Iterator[Portion]:
        while True:
            try:
                portion = batch.portions.get(timeout=_LOOK_EVERY)
            except Empty:
                if not batch.headway.stalled(self.max_seconds):
                    continue
                batch.abandoned.set()
                yield from self._once_more(batch)
                return
            if isinstance(portion, BaseException):
                raise portion
            if portion is None:
                return
            batch.done += portion.done
            yield portion

    def _once_more(self, batch: _Batch) -> Iterator[Portion]:
        again = _Batch(batch.sources[batch.done :], suspect=True)
        self._add_thread()  # for the one that is lost
        self._waiting.put(again)
        try:
            yield from self._results(again)
        finally:
            again.abandoned.set()
        if batch.entry is not None:
            self.journal.end(batch.entry)

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._work, name="mmsearch-read", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (batch := self._waiting.get()) is not None:
            try:
                try:
                    self._read(batch)
                except _Abandoned:
                    continue
                except BaseException as error:
                    batch.hand_on(error)
                else:
                    batch.hand_on(None)
            except _Abandoned:
                continue
            del batch  # or it would be held until the next comes

    def _read(self, batch: _Batch) -> None:
        batch.entry = self.journal.begin(source.path for source in batch.sources)
        try:
            if batch.suspect or self.isolate:
                try:
                    self._hand_on_all(batch, isolated=True)
                except NoChildError:
                    if self.isolate:
                        raise  # it was asked for; those that are only suspects are read as ever
                else:
                    return
            self._hand_on_all(batch, isolated=False)
        finally:
            self.journal.end(batch.entry)

    def _hand_on_all(self, batch: _Batch, *, isolated: bool) -> None:
        headway = None if isolated else batch.headway
        for portion in self.reader.read_batch(
            batch.sources, headway, isolated=isolated, tried=isolated and batch.suspect
        ):
            batch.hand_on(portion)

    def _stop(self, under_way: deque[_Batch]) -> None:
        """Take back what no thread has begun, and end the threads, as far as they come back."""
        for batch in under_way:
            batch.abandoned.set()
        try:
            while True:
                self._waiting.get_nowait()
        except Empty:
            pass
        for _ in self._threads:
            self._waiting.put(None)
        end = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
