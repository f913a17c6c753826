"""What the search layer asks of an open index, and the dense channels: how an encoder scores items for a query."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from mmsearch.errors import UsageError
from mmsearch.search.familiarity import familiarity_of
from mmsearch.search.query import Item, Picture, Text, written_content
from mmsearch.search.standing import Standing
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.background import Background
    from mmsearch.search.documents import Documents
    from mmsearch.search.query import Content, Part, Query
    from mmsearch.store.catalogue import Catalogue
    from mmsearch.types import Ids, Modality, Scores, Vector, VectorKind, Vectors

# What a channel of whole documents calls its items.
WHOLE: VectorKind = "document"
# Items that show how a query stands in a channel. A quarter of them would do for the mean, not for the deviation.
CROWD = 1000

# A text of which an encoder knows less is not read by it.
LEAST_KNOWN = 0.5

# Drawn once for each vector index, for as long as that is open: a new generation opens new ones.
_crowds: WeakKeyDictionary[VectorIndex, Vectors] = WeakKeyDictionary()


class SearchIndex(Protocol):
    """An open index as the search layer sees it; ``Library`` is one."""

    @property
    def catalogue(self) -> Catalogue:
        """Documents, items, fields and words."""

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

    def picture_vector(self, encoder: Encoder, source: Any) -> Vector:
        """The vector (dimension,) of a picture: a path, a URL, "-", bytes, a PIL image."""


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """One part of a query in one encoder's space: its unit ``vector`` and how it was written.

    ``is_read``: whether the encoder knows what it is made of; a text that it can't read is asked of the words alone.
    ``familiarity``: of a plus part in words, by the bank of the encoder; 0 for others.
    """

    part: Part
    label: str
    modality: Modality
    vector: Vector
    is_read: bool = True
    familiarity: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What a channel says of items ``ids`` (n,).

    ``calibrated``: how much it tells, in decades (`Background.evidence`), what channels are merged by;
    ``surprise``: -log10 P(score of strangers >= score), at least 0, what expected counts are reckoned from;
    ``unit``: the raw score on a fixed scale of 0 to 1. All (n,).
    """

    ids: Ids
    calibrated: Scores
    surprise: Scores
    unit: Scores

    def __getitem__(self, chosen: Ids) -> Scored:
        return Scored(self.ids[chosen], self.calibrated[chosen], self.surprise[chosen], self.unit[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class DenseChannel:
    """The items of one modality in one encoder's space, scored for all plus parts of a query together.

    With weights of Euclidean length 1 the calibrated scores of the parts add up to one that lies on the same
    scale, whatever their number: text and picture parts are mixed by how unlike chance they are, not by cosine.

    ``standing`` is where this query's mixed scores lie, in the calibrated units; it moves the evidence that
    channels are merged by, not the surprise, which has to say when nothing matches.
    """

    encoder: str
    item_modality: VectorKind
    index: VectorIndex
    probes: tuple[Probe, ...]
    backgrounds: tuple[Background, ...]
    weights: tuple[float, ...]
    standing: Standing

    @property
    def name(self) -> str:
        """As explanations call it: ``pocket text→image``."""
        kinds = "+".join(dict.fromkeys(probe.modality for probe in self.probes))
        return f"{self.encoder} {kinds}→{self.item_modality}"

    def nearest(self, depth: int, among: Ids | None) -> Scored:
        """What this channel says of the ``depth`` items that it says most of."""
        import numpy as np

        if len(self.probes) == 1:
            ranking = self.index.search(self.probes[0].vector, depth, among)
            return self._scored(ranking.ids, ranking.scores[None])
        # Calibrated scores add up, so the items with the highest sum are the nearest to one direction.
        direction = np.sum(
            [
                weight / background.scale * probe.vector
                for probe, background, weight in zip(self.probes, self.backgrounds, self.weights, strict=True)
            ],
            axis=0,
        )
        length = float(np.linalg.norm(direction))
        direction = direction / length if length > 0 else self.probes[0].vector
        return self.score(self.index.search(direction.astype(np.float32), depth, among).ids)

    def score(self, ids: Ids) -> Scored:
        """What this channel says of ``ids``, all of them in its index."""
        return self._scored(ids, self.raw(ids))

    def _scored(self, ids: Ids, raw: Scores) -> Scored:
        """The same from cosines (parts, n)."""
        import numpy as np

        # one by one: a matrix product's last bits would depend on the items beside
        mixed, evidence, surprise = np.zeros((3, ids.size))
        foretold = 0.0
        for row, probe, background, weight in zip(
            self.calibrated(raw), self.probes, self.backgrounds, self.weights, strict=True
        ):
            mixed += weight * row
            foretold += weight * background.familiar * probe.familiarity / background.scale
        told = self.standing.corrected(mixed)
        for probe, background, weight in zip(self.probes, self.backgrounds, self.weights, strict=True):
            evidence += weight**2 * background.evidence(told)
            if len(raw) == 1:
                log = background.log_survival(raw[0], probe.familiarity)
            else:
                log = background.log_survival(background.location + background.scale * (mixed - foretold))
            surprise -= weight**2 / math.log(10.0) * log
        unit = raw[0] if len(raw) == 1 else np.average(raw, axis=0, weights=self.weights)
        return Scored(ids, evidence, surprise, 0.5 + 0.5 * unit)

    def raw(self, ids: Ids) -> Scores:
        """Cosines (parts, n) of each part with each of ``ids``."""
        import numpy as np

        return np.array([self.index.scores(probe.vector, ids) for probe in self.probes])

    def calibrated(self, raw: Scores) -> Scores:
        """Cosines (parts, n) as scales above each part's background."""
        import numpy as np

        pairs = zip(raw, self.backgrounds, strict=True)
        return np.array([background.calibrate(row) for row, background in pairs])


def probes(query: Query, index: SearchIndex, encoder: Encoder) -> tuple[Probe, ...]:
    """The parts of ``query`` that ``encoder`` can encode, in order; texts go through the tower together.

    Raises UsageError for an item that is not in the index or has no vector, and what reading a picture raises.
    """
    texts = [part.content.meaning for part in query.parts if isinstance(part.content, Text)]
    encoded = iter(encoder.encode_texts(texts)) if texts and "text" in encoder.modalities else iter(())
    bank = familiarity_of(encoder) if texts else None
    found: list[Probe] = []
    for part in query.parts:
        label = str(part) if part.kind != "plus" else written_content(part.content)
        if isinstance(part.content, Text):
            if "text" in encoder.modalities:
                vector, is_read = next(encoded), _is_read(encoder, part.content)
                known = bank is not None and part.kind == "plus"
                familiarity = bank.of_one(vector, part.content.meaning) if known and bank else 0.0
                found.append(Probe(part, label, "text", vector, is_read, familiarity))
        elif isinstance(part.content, Picture):
            if "image" in encoder.modalities:
                found.append(Probe(part, label, "image", _picture(index, encoder, part.content)))
        else:
            modality, vector = _item(index, encoder, part.content)
            found.append(Probe(part, label, modality, vector))
    return tuple(found)


def dense_channels(
    index: SearchIndex, encoder: Encoder, parts: Sequence[Probe], *, whole: bool = False
) -> tuple[DenseChannel, ...]:
    """A channel for each modality that ``encoder`` has items of; none without parts that it can read.

    ``whole``: one of whole documents too, if the index has vectors of them.
    """
    channels = []
    parts = [probe for probe in parts if probe.is_read]
    length = math.sqrt(sum(probe.part.weight**2 for probe in parts))
    kinds: list[VectorKind] = [modality for modality in MODALITIES if modality in encoder.modalities]
    for modality in [*kinds, WHOLE] if whole else kinds:
        vectors = index.vector_index(encoder, modality) if parts else None
        if vectors is not None and vectors.ids.size:
            backgrounds = tuple(index.background(encoder, probe.modality, modality) for probe in parts)
            weights = tuple(probe.part.weight / length for probe in parts)
            standing = _standing(vectors, parts, backgrounds, weights)
            channels.append(
                DenseChannel(encoder.name, modality, vectors, tuple(parts), backgrounds, weights, standing)
            )
    return tuple(channels)


def _standing(
    index: VectorIndex, parts: Sequence[Probe], backgrounds: Sequence[Background], weights: Sequence[float]
) -> Standing:
    """How the mixed calibrated scores of ``parts`` lie among the items of ``index``."""
    import numpy as np

    if index not in _crowds:
        _crowds[index] = index.sample(CROWD, seed=3)[1]
    crowd = _crowds[index]
    mixed, variance = np.zeros(len(crowd)), 0.0
    for probe, background, weight in zip(parts, backgrounds, weights, strict=True):
        mixed += weight * background.calibrate((crowd @ probe.vector).astype(np.float64))
        variance += (weight * background.own) ** 2
    return Standing.of(mixed, math.sqrt(variance))


def _is_read(encoder: Encoder, text: Text) -> bool:
    from mmsearch.encoders.protocol import KnowsItsWords

    return not isinstance(encoder, KnowsItsWords) or encoder.known_share(text.meaning) >= LEAST_KNOWN


def given_items(contents: Sequence[Content]) -> tuple[int, ...]:
    """The items of the index that a query names."""
    return tuple(content.item_id for content in contents if isinstance(content, Item))


def _picture(index: SearchIndex, encoder: Encoder, picture: Picture) -> Vector:
    import numpy as np

    source = picture.source
    if not isinstance(source, np.ndarray):
        return index.picture_vector(encoder, source)
    length = float(np.linalg.norm(source))
    if source.shape != (encoder.dimension,) or not length > 0:
        raise UsageError(f"a vector for {encoder.name} has shape ({encoder.dimension},), not {source.shape}")
    return np.asarray(source / length, dtype=np.float32)


def _item(index: SearchIndex, encoder: Encoder, item: Item) -> tuple[Modality, Vector]:
    stored = index.catalogue.items([item.item_id])
    if not stored:
        raise UsageError(f"there is no item #{item.item_id} in this index")
    vectors = index.vector_index(encoder, stored[0].modality)
    if vectors is not None:
        import numpy as np

        ids = np.array([item.item_id], dtype=np.int64)
        if np.isin(ids, vectors.ids).all():
            return stored[0].modality, vectors.vectors(ids)[0]
    raise UsageError(f"item #{item.item_id} has no vector of {encoder.name}")
