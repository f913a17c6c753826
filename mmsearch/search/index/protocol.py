"""What the search layer asks of an open index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.calibration.background import Background
    from mmsearch.search.index.documents import Documents
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.types import Modality, Vector, VectorKind, Vectors

T = TypeVar("T")
# What a channel of whole documents calls its items.
WHOLE: VectorKind = "document"


class SearchIndex(Protocol):
    """An open index as the search layer sees it: `mmsearch.library.reading.Reading` is one, and ``Library``."""

    @property
    def catalogue(self) -> Catalogue:
        """Documents, items, fields and words."""

    @property
    def generation(self) -> str:
        """The name of what is read: what has equal names gives equal answers."""

    @property
    def allow_private(self) -> bool:
        """Whether pictures with an address may be fetched from servers that are not on the public network."""

    @property
    def documents(self) -> Documents:
        """The document of each item of the catalogue's present generation."""

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """The encoders whose vectors the index holds; the first is the default."""

    @property
    def copy_groups(self) -> Mapping[bytes, int]:
        """Pictures that were made from one another: by the key of their content, the number of their group."""

    def vector_index(self, encoder: Encoder, modality: VectorKind) -> VectorIndex | None:
        """The vectors of ``encoder`` for items of ``modality``; None when there are none.

        Those of whole documents stand under the ids of the documents' first items.
        """

    def background(self, encoder: Encoder, query: Modality, item: VectorKind) -> Background:
        """How ``encoder`` scores unrelated pairs of a query of modality ``query`` and an item of ``item``."""

    def text_vectors(self, encoder: Encoder, texts: Sequence[str]) -> Vectors:
        """The vectors (n, dimension) of n > 0 texts that somebody asks for; those of before are remembered."""

    def picture_vector(self, encoder: Encoder, source: Any) -> Vector:
        """The vector (dimension,) of a picture: a path, a URL, "-", bytes, a PIL image."""

    def sound_vector(self, encoder: Encoder, source: Any) -> Vector:
        """The vector (dimension,) of a sound: a path, an address, "-", the bytes of a file, samples of 16 kHz."""

    def kept(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """What ``make`` makes, once for each ``key`` and generation of the index (`mmsearch.search.index.kept.Kept`).

        Keys are (what it is, of what …); several threads may ask.
        """
