"""Batches of sources under way: read by a bounded number of threads, handed on in order.

The threads are daemons: one that is within a decoder that never comes back must hold neither the run nor the end of
the process.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from mmsearch.ingest.decoding.isolation import NoChildError
from mmsearch.ingest.decoding.worker import Headway

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mmsearch.ingest.decoding.decoding import Reading
    from mmsearch.ingest.decoding.journal import Journal
    from mmsearch.ingest.decoding.worker import Reader
    from mmsearch.ingest.sources import Skipped, Source

Read: TypeAlias = "tuple[list[Reading], list[Skipped]]"

# Batches under way for each worker: one in work, one ready, so that no worker waits for the writer.
LOOKAHEAD = 2
_LOOK_EVERY = 0.5  # seconds; whoever waits for a batch looks whether it makes headway
_PATIENCE = 1.0  # seconds that a run which ends waits for its threads


@dataclass(slots=True)
class _Batch:
    sources: Sequence[Source]
    isolated: bool
    headway: Headway = field(default_factory=Headway)
    entry: Path | None = None
    future: Future[Read] = field(default_factory=Future)


class Batches:
    """Reads sources batch by batch, ``size`` of them each, in ``workers`` threads.

    What is in the ``journal`` of an earlier run is read in a child process, and last; with ``isolate`` everything is.
    A batch that makes no headway for ``max_seconds`` is given up and read once more in a child process.
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

    def read(self, sources: Sequence[Source]) -> Iterator[tuple[list[Reading], list[Skipped], int]]:
        """What each batch came to: readings, files passed over, and the number of sources, in order."""
        under_way: deque[_Batch] = deque()
        for _ in range(self.workers):
            self._add_thread()
        try:
            for batch in self._batches(sources):
                under_way.append(batch)
                self._waiting.put(batch)
                if len(under_way) >= self.workers * LOOKAHEAD:
                    yield self._result(under_way.popleft())
            while under_way:
                yield self._result(under_way.popleft())
            self.journal.settle()
        finally:
            self._stop()

    def _batches(self, sources: Sequence[Source]) -> Iterator[_Batch]:
        suspects = [one for one in sources if one.path in self.journal.left]
        others = [one for one in sources if one.path not in self.journal.left] if suspects else sources
        for some, isolated in ((others, self.isolate), (suspects, True)):
            for start in range(0, len(some), self.size):
                yield _Batch(some[start : start + self.size], isolated)

    def _result(self, batch: _Batch) -> tuple[list[Reading], list[Skipped], int]:
        while True:
            try:
                return *batch.future.result(timeout=_LOOK_EVERY), len(batch.sources)
            except TimeoutError:
                if batch.future.done():
                    raise
                if not batch.headway.stalled(self.max_seconds):
                    continue
            again = _Batch(batch.sources, isolated=True)
            self._add_thread()  # for the one that is lost
            self._waiting.put(again)
            result = self._result(again)
            if batch.entry is not None:
                self.journal.end(batch.entry)
            return result

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._work, name="mmsearch-read", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (batch := self._waiting.get()) is not None:
            try:
                read = self._read(batch)
            except BaseException as error:
                batch.future.set_exception(error)
            else:
                batch.future.set_result(read)
                del read
            del batch  # or it would be held until the next comes

    def _read(self, batch: _Batch) -> Read:
        if batch.isolated:
            try:
                return self.reader.read_batch(batch.sources, isolated=True)
            except NoChildError:
                if self.isolate:
                    raise  # it was asked for; those that are only suspects are read as ever
        batch.entry = self.journal.begin(source.path for source in batch.sources)
        try:
            return self.reader.read_batch(batch.sources, batch.headway)
        finally:
            self.journal.end(batch.entry)

    def _stop(self) -> None:
        """Take back what no thread has begun, and end the threads, as far as they come back."""
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
