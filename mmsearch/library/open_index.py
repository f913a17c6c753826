"""An open index directory: hands out readings of its present generation, and brings up to date what follows from it."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from mmsearch.errors import ClosedLibraryError, DatabaseError, IndexDirectoryError, StoreWarning
from mmsearch.library.generation import Generation
from mmsearch.library.reading import Reading
from mmsearch.store.durable.checksums import state_of
from mmsearch.thumbnails import Thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.ranking.weights import LearnedWeights
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.types import Modality, Vectors

T = TypeVar("T")
# Texts of the bank, and items, by which it is decided how many candidates of a large index are looked at.
CODE_QUERIES = 32
# Catalogues that are kept open for the next searches: more than that search at once on few machines.
MOST_IDLE = 16
# A search whose files a compaction took away begins anew with the new ones.
ATTEMPTS = 4


class OpenIndex(Reading):
    """An index directory that can be searched by several threads while another process writes.

    Each search reads one generation, from its beginning to its end: see ``reading``. The index itself can be read too,
    for what needs no such promise: it is at the generation of the last ``refresh``, its catalogue at the newest one.
    Pictures with an address are fetched from the public network only, unless ``allow_private``.
    ``thumbnails``: small pictures, kept in the index.
    """

    def __init__(self, directory: IndexDirectory, *, allow_private: bool = False) -> None:
        from mmsearch.search.index.remembered import QueryVectors

        self.directory, self.allow_private, self.asked_vectors = directory, allow_private, QueryVectors()
        self.thumbnails = Thumbnails(directory.thumbnails)
        self._own: Catalogue | None = None
        self._idle: list[Catalogue] = []
        self._process = os.getpid()
        self._closed = False
        self._lock = Lock()
        self._present: Generation | None = None
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the catalogue; the index can't be used afterwards. Closing it again does nothing."""
        with self._lock:
            self._closed = True
            left = [*self._idle, *([] if self._own is None else [self._own])]
            self._idle, self._own = [], None
        for catalogue in left:
            catalogue.close()

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    @property
    def catalogue(self) -> Catalogue:
        """Documents, items, fields and words. ClosedLibraryError after ``close``."""
        with self._lock:
            self._refuse_closed()
            if self._own is None:
                self._own = self._opened()
            return self._own

    @property
    def held(self) -> Generation:
        """The generation of the last ``refresh``."""
        if self._present is None:
            self.refresh()
        assert self._present is not None
        return self._present

    @property
    def learned_weights(self) -> LearnedWeights | None:
        """The channel weights that `mmsearch tune` left in the index, read anew; None without any."""
        return self.read(lambda index: index.learned_weights)

    def refresh(self) -> None:
        """Look whether the index has changed, and hold its newest generation from now on."""
        present, is_own = self._present, self._process == os.getpid()
        if present is not None and is_own and present.is_at(self.directory, self.catalogue):
            return  # without a snapshot: a service looks for each request
        with self.reading():
            pass

    def renew(self) -> None:
        """Read everything anew, whether or not the index has changed."""
        self._present = None
        self.refresh()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """The index as it is now; it stays so inside, whatever is written meanwhile.

        The rows of vectors that it reads stay too, unless a compaction deletes their files before they were opened:
        then IndexDirectoryError. ``read`` begins anew in that case.
        """
        catalogue = self._taken()
        try:
            with catalogue.snapshot():
                present = self._newest(catalogue)
                yield Reading(
                    self.directory, present, catalogue, self.asked_vectors, allow_private=self.allow_private
                )
        finally:
            self._given_back(catalogue)

    def read(self, work: Callable[[Reading], T]) -> T:
        """What ``work`` makes of a reading: of one generation, from beginning to end.

        It is begun anew when it fails for files that another process has deleted since it began.
        """
        for attempt in range(1, ATTEMPTS + 1):
            with self.reading() as reading:
                try:
                    return work(reading)
                except IndexDirectoryError as error:
                    failed = error
            self.refresh()
            if attempt == ATTEMPTS or self._present is reading.held:
                raise failed
        raise AssertionError("the last attempt returns or raises")

    def _newest(self, catalogue: Catalogue) -> Generation:
        """The generation that ``catalogue`` is at; made once, and present unless another thread sees a newer one."""
        with self._lock:
            present = self._present
            if present is not None and present.is_at(self.directory, catalogue):
                return present
            found = Generation.read(self.directory, catalogue)
            if present is None or present.number <= found.number:
                self._present = found
            return found

    def _refuse_closed(self) -> None:
        if self._closed:
            path = self.directory.path
            raise ClosedLibraryError(
                f"this library is closed: open it again with mmsearch.open({str(path)!r})"
            )

    def _opened(self) -> Catalogue:
        from mmsearch.store.catalogue.catalogue import Catalogue

        return Catalogue.open(self.directory.catalogue_path)

    def _taken(self) -> Catalogue:
        """A catalogue for one thread's use, with a connection of its own."""
        with self._lock:
            self._refuse_closed()
            if self._process != os.getpid():  # what was opened before a fork belongs to the parent
                self._process, self._idle, self._own = os.getpid(), [], None
            if self._idle:
                return self._idle.pop()
        return self._opened()

    def _given_back(self, catalogue: Catalogue) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < MOST_IDLE:
                self._idle.append(catalogue)
                return
        catalogue.close()

    def write_codes(self, encoder: Encoder, notice: Callable[[str], None] | None = None) -> None:
        """Save the codes that make a large index fast, where there are rows enough; under the write lock.

        ``notice`` is told when it takes long.
        """
        import numpy as np

        from mmsearch.ann.choose import prepare
        from mmsearch.search.index.sampling import sample

        record = self.record(encoder)
        made = False
        for modality in record.modalities:
            rows = self.catalogue.highest_row(record.encoder_id, modality) + 1
            shards = self.directory.shards(record, modality, rows=rows)

            def queries(modality: Modality = modality) -> Vectors:
                bank, own = encoder.bank("text"), sample(self, encoder, modality, CODE_QUERIES, seed=3)[1]
                return np.concatenate([some[:CODE_QUERIES] for some in (bank, own) if some is not None])

            made |= rows > 0 and prepare(
                shards.blocks(),
                encoder.dimension,
                queries,
                self.directory.ann_path(record, modality),
                form=shards.form,
                state=state_of(self.catalogue.checksums(record.encoder_id, modality)),
                notice=notice,
            )
        if made:
            self.renew()

    def publish(self, notice: Callable[[str], None] | None = None) -> None:
        """Bring what is new to the servers that hold the vectors, where there are some; under the write lock.

        A server that is away loses nothing: ``notice`` is told, or a StoreWarning is given.
        """
        if not self.directory.read_postgres():
            return
        from mmsearch.library.published import publish

        try:
            publish(self.directory, self.catalogue)
        except DatabaseError as error:
            line = (
                f"{error}. What is new is searched from here until `mmsearch postgres push` brings it there"
            )
            if notice is None:
                warnings.warn(line, StoreWarning, stacklevel=2)
            else:
                notice(line)
        self.refresh()

    def update(self, encoder: Encoder, notice: Callable[[str], None] | None = None) -> None:
        """Save what follows from the vectors of ``encoder``: codes, vectors of whole documents, then its backgrounds.

        For the end of an indexing run, under the write lock. ``notice`` is told when it takes long.
        """
        from mmsearch.library.backgrounds import estimated_all
        from mmsearch.store.kept.pooled import forget_pooled, read_pooled, write_pooled

        self.write_codes(encoder, notice)
        self.publish(notice)
        folder = self.directory.pooled_path(self.record(encoder))
        if not self._is_pooled:
            forget_pooled(folder)
        elif read_pooled(folder, self.held.number, encoder.dimension) is None:
            write_pooled(folder, self.held.number, *self._pooled(encoder))
        others = {
            key: value
            for key, value in self.directory.read_backgrounds().items()
            if not key.startswith(f"{encoder.fingerprint}/")
        }
        own = estimated_all(self, encoder, bits=self._has_bits(encoder))
        self.directory.write_backgrounds({**others, **own})
        self.refresh()
