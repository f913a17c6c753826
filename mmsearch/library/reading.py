"""An index as one search reads it: one generation, and a catalogue that is at this generation all the time."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from mmsearch.library.installed import installed
from mmsearch.store.directory import BACKGROUNDS, COPIES, POOLING, POSTGRES, WEIGHTS
from mmsearch.store.durable.checksums import state_of
from mmsearch.store.durable.sealed import unsealed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.library.generation import Generation
    from mmsearch.search.calibration.background import Background
    from mmsearch.search.index.documents import Documents
    from mmsearch.search.index.remembered import QueryVectors
    from mmsearch.search.ranking.weights import LearnedWeights
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.store.kept.pooled import Halves
    from mmsearch.types import Ids, Modality, Vector, VectorKind, Vectors

T = TypeVar("T")


class Reading:
    """What the search layer asks of an index (`mmsearch.search.index.protocol.SearchIndex`), of one generation of it.

    What is made is kept with the generation, and so shared by all searches that hold it.
    """

    def __init__(
        self,
        directory: IndexDirectory,
        held: Generation,
        catalogue: Catalogue,
        asked_vectors: QueryVectors,
        *,
        allow_private: bool,
    ) -> None:
        """``catalogue`` is in a ``snapshot()`` of the generation ``held``, and nobody else uses it meanwhile."""
        self.directory, self.allow_private, self.asked_vectors = directory, allow_private, asked_vectors
        self._held, self._catalogue = held, catalogue

    @property
    def catalogue(self) -> Catalogue:
        """Documents, items, fields and words."""
        return self._catalogue

    @property
    def held(self) -> Generation:
        """What is read of."""
        return self._held

    @property
    def generation(self) -> str:
        """The name of the generation that is read: what has equal names gives equal answers."""
        return self.held.name

    def kept(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """What ``make`` makes, once for each ``key`` and generation."""
        return self.held.kept(key, make)

    @property
    def documents(self) -> Documents:
        """The document of each item."""
        from mmsearch.search.index.documents import Documents

        return self.kept(("documents",), lambda: Documents.read(self.catalogue))

    @property
    def copy_groups(self) -> dict[bytes, int]:
        """Pictures that a report found to be made from one another: content key -> number of the group."""
        from mmsearch.store.kept.copies import given_groups

        return self.kept((COPIES,), lambda: given_groups(self.directory.path / COPIES, self._given(COPIES)))

    @property
    def learned_weights(self) -> LearnedWeights | None:
        """The channel weights that `mmsearch tune` left in the index; None without any."""
        from mmsearch.search.ranking.weights import LearnedWeights

        record = self._given(WEIGHTS)
        return LearnedWeights.from_record(record) if record else None

    @property
    def _is_pooled(self) -> bool:
        """Whether there are vectors of whole documents."""
        return isinstance(self._given(POOLING).get("documents"), str)

    @property
    def _backgrounds(self) -> dict[str, object]:
        """The written backgrounds; {} when they are missing or damaged, for they can be made again."""
        try:
            return self.kept((BACKGROUNDS,), lambda: unsealed(self.held.files.get(BACKGROUNDS, b"{}")))
        except ValueError:
            return {}

    def _given(self, name: str) -> dict[str, object]:
        return self.directory.given(name, self.held.files.get(name))

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """The encoders whose vectors this index holds, the one it was first made with first."""
        return tuple(installed(self.held.records))

    def record(self, encoder: Encoder) -> EncoderRecord:
        """What the index records of one of its ``encoders``."""
        return next(record for record in self.held.records if record.fingerprint == encoder.fingerprint)

    def vector_index(self, encoder: Encoder, modality: VectorKind) -> VectorIndex | None:
        """The vectors of ``encoder`` for items of ``modality``, or for whole documents; None when there are none."""
        key = ("vectors", encoder.fingerprint, modality)
        return self.kept(key, lambda: self._open_vectors(encoder, modality))

    def _open_vectors(self, encoder: Encoder, modality: VectorKind) -> VectorIndex | None:
        from mmsearch.ann.choose import open_index
        from mmsearch.ann.placement import Placement

        if modality == "document":
            return self._open_pooled(encoder)
        record = self.record(encoder)
        if modality == "audio" and record.sound != encoder.sound_fingerprint:
            return None  # another tower's: they are made anew by the next run
        ids, rows = self.catalogue.embeddings(record.encoder_id, modality)
        if not ids.size:
            return None
        state = state_of(self.catalogue.checksums(record.encoder_id, modality))
        if servers := self._given(POSTGRES):
            from mmsearch.library.published import open_published

            published = open_published(self.directory, servers, record, modality, Placement(ids, rows), state)
            if published is not None:
                return published
        shards = self.directory.shards(record, modality, rows=int(rows.max()) + 1)
        return open_index(
            ids,
            rows,
            shards.blocks(),
            encoder.dimension,
            form=shards.form,
            saved=self.directory.ann_path(record, modality),
            state=state,
        )

    def _open_pooled(self, encoder: Encoder) -> VectorIndex | None:
        """Whole documents as the last run saved them, or made anew when the index has changed since."""
        import numpy as np

        from mmsearch.ann.choose import open_index
        from mmsearch.store.kept.pooled import read_pooled

        if not self._is_pooled:
            return None
        folder = self.directory.pooled_path(self.record(encoder))
        saved = read_pooled(folder, self.held.number, encoder.dimension)
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
            try:
                return Background.from_json(str(self._backgrounds.get(key)))
            except ValueError:  # missing, or of wrong values: it can be made anew
                return estimated(self, encoder, query, item, bits=self._has_bits(encoder))

        return self.kept(("background", key), read)

    def _has_bits(self, encoder: Encoder) -> bool:
        return self.record(encoder).precision == "binary"

    def text_vectors(self, encoder: Encoder, texts: Sequence[str]) -> Vectors:
        """The vectors (n, dimension) of n texts; those of before are remembered."""
        return self.asked_vectors.of(
            encoder.fingerprint,
            texts,
            lambda places: encoder.encode_texts([texts[place] for place in places]),
        )

    def picture_vector(self, encoder: Encoder, source: Any) -> Vector:
        """The vector of a picture that need not be in the index; of bytes it is remembered."""
        from mmsearch.media.fetch import given_pixels

        def made(_: object = None) -> Vectors:
            pixels = given_pixels(source, encoder.picture, allow_private=self.allow_private)
            return encoder.encode_images(pixels[None])

        if isinstance(source, bytes):
            vectors = self.asked_vectors.of(encoder.fingerprint, [sha256(source).digest()], made)
        else:
            vectors = made()
        vector: Vector = vectors[0]
        return vector

    def sound_vector(self, encoder: Encoder, source: Any) -> Vector:
        """The vector of a sound that need not be in the index: the mean of its windows; of bytes it is remembered."""
        import numpy as np

        from mmsearch.media.sound.given import given_windows

        def made(_: object = None) -> Vectors:
            found = given_windows(source, encoder.sound, allow_private=self.allow_private)
            mean = encoder.encode_sounds(found).mean(axis=0)
            return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)[None]

        if isinstance(source, bytes):
            key = b"sound" + sha256(source).digest()
            vectors = self.asked_vectors.of(encoder.fingerprint, [key], made)
        else:
            vectors = made()
        vector: Vector = vectors[0]
        return vector
