"""An index directory, opened for searching: its items, encoders, vectors and backgrounds, read when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mmsearch.errors import ClosedLibraryError
from mmsearch.library.installed import installed
from mmsearch.search.index.kept import Kept
from mmsearch.store.durable.checksums import state_of
from mmsearch.thumbnails import Thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.calibration.background import Background
    from mmsearch.search.index.documents import Documents
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.store.kept.pooled import Halves
    from mmsearch.types import Ids, Modality, Vector, VectorKind, Vectors

T = TypeVar("T")
# What is kept of a generation, and forgotten when it is written anew.
BACKGROUND, COPY_GROUPS = "background", "copy groups"
# Texts of the bank, and items, by which it is decided how many candidates of a large index are looked at.
CODE_QUERIES = 32


class OpenIndex:
    """What the search layer asks of an index (`mmsearch.search.index.protocol.SearchIndex`), read from its directory.

    What was read is kept until the catalogue's generation changes: see ``refresh``. Pictures with an address are
    fetched from the public network only, unless ``allow_private``. ``thumbnails``: small pictures, kept in the index.
    """

    def __init__(self, directory: IndexDirectory, *, allow_private: bool = False) -> None:
        from mmsearch.store.catalogue.catalogue import Catalogue

        self.directory = directory
        self.allow_private = allow_private
        self.thumbnails = Thumbnails(directory.thumbnails)
        self._catalogue: Catalogue | None = Catalogue.open(directory.catalogue_path)
        self._generation = -1
        self._records: tuple[EncoderRecord, ...] = ()
        self._kept = Kept()
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the catalogue; the index can't be used afterwards. Closing it again does nothing."""
        if self._catalogue is not None:
            self._catalogue.close()
            self._catalogue = None

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._catalogue is None

    @property
    def catalogue(self) -> Catalogue:
        """Documents, items, fields and words. ClosedLibraryError after ``close``."""
        if self._catalogue is None:
            path = self.directory.path
            raise ClosedLibraryError(
                f"this library is closed: open it again with mmsearch.open({str(path)!r})"
            )
        return self._catalogue

    def refresh(self) -> None:
        """Forget what was read of an earlier generation, if the index has changed."""
        generation = self.catalogue.generation()
        if generation != self._generation:
            self._generation = generation
            self._records = tuple(self.catalogue.encoders())
            self._kept = Kept()

    def reopen(self) -> None:
        """Read everything anew."""
        from mmsearch.store.catalogue.catalogue import Catalogue

        self.catalogue.close()
        self._catalogue = Catalogue.open(self.directory.catalogue_path)
        self._generation = -1
        self.refresh()

    def kept(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """What ``make`` makes, once for each ``key`` and generation of the catalogue."""
        return self._kept(key, make)

    @property
    def documents(self) -> Documents:
        """The document of each item."""
        from mmsearch.search.index.documents import Documents

        return self.kept(("documents",), lambda: Documents.read(self.catalogue))

    @property
    def copy_groups(self) -> dict[bytes, int]:
        """Pictures that a report found to be made from one another: content key -> number of the group."""
        from mmsearch.store.kept.copies import read_groups

        return self.kept((COPY_GROUPS,), lambda: read_groups(self.directory.path))

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """The encoders whose vectors this index holds, the one it was first made with first."""
        return tuple(installed(self._records))

    def record(self, encoder: Encoder) -> EncoderRecord:
        """What the index records of one of its ``encoders``."""
        return next(record for record in self._records if record.fingerprint == encoder.fingerprint)

    def vector_index(self, encoder: Encoder, modality: VectorKind) -> VectorIndex | None:
        """The vectors of ``encoder`` for items of ``modality``, or for whole documents; None when there are none."""
        key = ("vectors", encoder.fingerprint, modality)
        return self.kept(key, lambda: self._open_vectors(encoder, modality))

    def _open_vectors(self, encoder: Encoder, modality: VectorKind) -> VectorIndex | None:
        from mmsearch.ann.choose import open_index

        if modality == "document":
            return self._open_pooled(encoder)
        record = self.record(encoder)
        ids, rows = self.catalogue.embeddings(record.encoder_id, modality)
        if not ids.size:
            return None
        shards = self.directory.shards(record, modality, rows=int(rows.max()) + 1)
        return open_index(
            ids,
            rows,
            shards.blocks(),
            encoder.dimension,
            form=shards.form,
            saved=self.directory.ann_path(record, modality),
            state=state_of(self.catalogue.checksums(record.encoder_id, modality)),
        )

    def _open_pooled(self, encoder: Encoder) -> VectorIndex | None:
        """Whole documents as the last run saved them, or made anew when the index has changed since."""
        import numpy as np

        from mmsearch.ann.choose import open_index
        from mmsearch.store.kept.pooled import read_pooled

        if self.directory.read_pooling() is None:
            return None
        folder = self.directory.pooled_path(self.record(encoder))
        saved = read_pooled(folder, self._generation, encoder.dimension)
        items, vectors = saved or self._pooled(encoder)
        if not items.size:
            return None
        return open_index(items, np.arange(items.size), [(0, vectors)], encoder.dimension)

    def _pooled(self, encoder: Encoder) -> tuple[Ids, Halves]:
        import numpy as np

        from mmsearch.search.index.pooling import pool

        found = [self.vector_index(encoder, modality) for modality in sorted(encoder.modalities)]
        items, vectors = pool(self.documents, [index for index in found if index is not None])
        return items, vectors.astype(np.float16)

    def background(self, encoder: Encoder, query: Modality, item: VectorKind) -> Background:
        """How ``encoder`` scores a query of modality ``query`` and an item of ``item`` that are unrelated."""
        from mmsearch.library.backgrounds import estimated, key_of
        from mmsearch.search.calibration.background import Background

        key = key_of(encoder, query, item)

        def read() -> Background:
            stored = self.directory.read_backgrounds().get(key)
            try:
                return Background.from_json(str(stored))
            except ValueError:  # missing, or of wrong values: it can be made anew
                return estimated(self, encoder, query, item, bits=self._has_bits(encoder))

        return self.kept((BACKGROUND, key), read)

    def _has_bits(self, encoder: Encoder) -> bool:
        return self.record(encoder).precision == "binary"

    def picture_vector(self, encoder: Encoder, source: Any) -> Vector:
        """The vector of a picture that need not be in the index."""
        from mmsearch.media.fetch import given_pixels

        pixels = given_pixels(source, encoder.picture, allow_private=self.allow_private)
        vector: Vector = encoder.encode_images(pixels[None])[0]
        return vector

    def write_codes(self, encoder: Encoder, notice: Callable[[str], None] | None = None) -> None:
        """Save the codes that make a large index fast, where there are rows enough; under the write lock.

        ``notice`` is told when it takes long.
        """
        import numpy as np

        from mmsearch.ann.choose import prepare

        record = self.record(encoder)
        made = False
        for modality in record.modalities:
            rows = self.catalogue.highest_row(record.encoder_id, modality) + 1
            shards = self.directory.shards(record, modality, rows=rows)

            def queries(modality: Modality = modality) -> Vectors:
                index, bank = self.vector_index(encoder, modality), encoder.bank("text")
                own = index.sample(CODE_QUERIES, seed=3)[1] if index is not None else None
                asked = [some[:CODE_QUERIES] for some in (bank, own) if some is not None]
                return np.concatenate(asked)

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
            self.reopen()

    def update(self, encoder: Encoder, notice: Callable[[str], None] | None = None) -> None:
        """Save what follows from the vectors of ``encoder``: codes, vectors of whole documents, then its backgrounds.

        For the end of an indexing run, under the write lock. ``notice`` is told when it takes long.
        """
        from mmsearch.library.backgrounds import estimated_all
        from mmsearch.store.kept.pooled import forget_pooled, read_pooled, write_pooled

        self.write_codes(encoder, notice)
        folder = self.directory.pooled_path(self.record(encoder))
        if self.directory.read_pooling() is None:
            forget_pooled(folder)
        elif read_pooled(folder, self._generation, encoder.dimension) is None:
            write_pooled(folder, self._generation, *self._pooled(encoder))
        others = {
            key: value
            for key, value in self.directory.read_backgrounds().items()
            if not key.startswith(f"{encoder.fingerprint}/")
        }
        own = estimated_all(self, encoder, bits=self._has_bits(encoder))
        self.directory.write_backgrounds({**others, **own})
        self._kept.forget(BACKGROUND)
