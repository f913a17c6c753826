"""What several examples say of an item together: its likeness to the liked ones, less its likeness to the others.

An example is its picture and its texts, each compared with items of either modality (search/recommend/space.py), so
that pictures and texts come on one scale. A disliked example takes off what rises above the background, and gives
nothing to what is unlike it: the opposite of a cat is no dog.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.search.channels.probes import picture_vector
from mmsearch.search.index.documents import common
from mmsearch.search.ranking.fusion import on_grid
from mmsearch.search.recommend.hits import Aspect, Recommended
from mmsearch.search.recommend.space import item_background, spaces
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.calibration.background import Background
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.recommend.examples import Example
    from mmsearch.search.recommend.space import Space
    from mmsearch.types import Ids, Modality, Scores, Vector, Vectors

Method: TypeAlias = Literal["average", "best", "per-document"]
METHODS: tuple[Method, ...] = get_args(Method)

# What a disliked example takes off, for each scale that it stands above the background.
# Measured by `python -m benchmarks recommendation`.
DISLIKE_WEIGHT = 0.5
# What the likeliest example says counts by so much of the mean beside it: precision@10 of three liked things of a
# class, products and clothing, 0.659 and 0.641 without, 0.679 and 0.645 with 0.3, 0.683 and 0.637 with 0.6.
LIKELIEST = 0.3
# Rough scores (float32 products) are right to this many scales.
ROUGH = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """Scores items by the ``aspects`` of all examples: what an item is like of what is liked, and of what is not.

    ``spaces`` hold the items of each modality, ``backgrounds`` how unrelated things of two modalities are alike.
    """

    index: SearchIndex
    spaces: Mapping[Modality, Space]
    backgrounds: Mapping[tuple[Modality, Modality], Background]
    aspects: tuple[Aspect, ...]
    method: Method

    @classmethod
    def of(
        cls, index: SearchIndex, likes: Sequence[Example], dislikes: Sequence[Example], method: Method
    ) -> Taste:
        """The taste of who likes ``likes`` and dislikes ``dislikes``; UsageError without a vector of what is liked."""
        # Vectors of two encoders never meet; the index's first one is the one that it was made with.
        encoder = index.encoders[0]
        known = spaces(index, encoder, MODALITIES)
        aspects = [
            aspect
            for number, example in enumerate((*likes, *dislikes))
            for aspect in _aspects(index, encoder, known, example, number, liked=number < len(likes))
        ]
        if not any(aspect.liked for aspect in aspects):
            raise UsageError(f"{encoder.name} has no vector of anything that is liked")
        asking = sorted({aspect.modality for aspect in aspects} | set(known))
        backgrounds = {
            (one, other): item_background(index, encoder, known[one], known[other])
            for one in asking
            for other in known
            if one in known
        }
        return cls(index, known, backgrounds, tuple(aspects), method)

    def candidates(self, among: Ids, excluded: frozenset[int]) -> dict[Modality, Ids]:
        """The items of each modality that may be recommended, ascending."""
        found = {}
        for modality, space in self.spaces.items():
            items = common(space.index.ids, among)
            documents = self.index.documents.of(items)
            found[modality] = items[~np.isin(documents, np.array(sorted(excluded), dtype=np.int64))]
        return found

    def ranked_alone(self, example: int) -> Taste:
        """The taste for one liked example alone, with everything that is disliked."""
        kept = tuple(aspect for aspect in self.aspects if not aspect.liked or aspect.example == example)
        return Taste(self.index, self.spaces, self.backgrounds, kept, "average")

    def liked(self) -> list[tuple[Modality, Vectors, Scores]]:
        """The liked aspects by modality: their vectors (n, dimension), and how they score themselves (n,)."""
        probes = np.stack([aspect.vector for aspect in self.aspects])
        found: list[tuple[Modality, Vectors, Scores]] = []
        for modality in self.spaces:
            rows = [aspect.vector for aspect in self.aspects if aspect.liked and aspect.modality == modality]
            if rows:
                vectors = np.stack(rows)
                scales = self.scales(modality, (vectors @ probes.T).astype(np.float64))
                found.append((modality, vectors, (self.coefficients(scales) * scales).sum(axis=1)))
        return found

    def scales(self, modality: Modality, raw: Scores) -> Scores:
        """Cosines (n, aspects) as scales above the background of each aspect with ``modality``."""
        columns = [
            self.backgrounds[aspect.modality, modality].scales(raw[:, place])
            for place, aspect in enumerate(self.aspects)
        ]
        return np.stack(columns, axis=1)

    def coefficients(self, scales: Scores) -> NDArray[np.float64]:
        """With what weight (n, aspects) each aspect's scales enter an item's."""
        weights = np.array([aspect.weight for aspect in self.aspects])
        owner = np.array([aspect.example for aspect in self.aspects])
        found = np.zeros(scales.shape)
        for liked in (True, False):
            examples = sorted({aspect.example for aspect in self.aspects if aspect.liked is liked})
            if not examples:
                continue
            says = np.stack([(scales * weights)[:, owner == one].sum(axis=1) for one in examples], axis=1)
            share = np.eye(len(examples))[says.argmax(axis=1)]  # the one that says most, by the lower number
            if liked and self.method == "average":
                share = (1.0 / len(examples) + LIKELIEST * share) / (1.0 + LIKELIEST)
            if not liked:
                share = np.where(says > 0, -DISLIKE_WEIGHT * share, 0.0)
            for place, one in enumerate(examples):
                found[:, owner == one] = share[:, place, None] * weights[owner == one]
        return found

    def roughly(self, modality: Modality, ids: Ids) -> Scores:
        """Scores (n,) of items, right to ``ROUGH``."""
        probes = np.stack([aspect.vector for aspect in self.aspects])
        scales = self.scales(modality, self.spaces[modality].roughly(probes, ids))
        return np.asarray((self.coefficients(scales) * scales).sum(axis=1))

    def exactly(self, modality: Modality, ids: Ids) -> list[Recommended]:
        """Items with their scores and what makes them, the same to the last bit whatever else is scored."""
        probes = np.stack([aspect.vector for aspect in self.aspects])
        raw = self.spaces[modality].exactly(probes, ids)
        scales = self.scales(modality, raw)
        weights = self.coefficients(scales)
        parts = on_grid(weights * scales)
        liked = np.array([aspect.liked for aspect in self.aspects])
        surprise = np.stack(
            [
                -self.backgrounds[aspect.modality, modality].log_survival(raw[:, place]) / math.log(10.0)
                for place, aspect in enumerate(self.aspects)
            ],
            axis=1,
        )[:, liked].max(axis=1)
        encoder = self.index.encoders[0].name
        documents, places = self.index.documents.of(ids), self.index.documents.place_of(ids)
        return [
            Recommended(
                item, int(documents[row]), int(places[row]), modality, float(parts[row].sum()), raw[row],
                parts[row], weights[row], float(surprise[row]), self.aspects,
                tuple(self.backgrounds[aspect.modality, modality] for aspect in self.aspects), encoder,
            )
            for row, item in enumerate(ids.tolist())
        ]  # fmt: skip


def _aspects(
    index: SearchIndex,
    encoder: Encoder,
    known: Mapping[Modality, Space],
    example: Example,
    number: int,
    *,
    liked: bool,
) -> list[Aspect]:
    """The picture and the texts of one example. With weights of Euclidean length 1 they say no more than one would."""
    vectors: dict[Modality, Vector] = {}
    for modality, space in known.items():
        ids = np.array(
            sorted(item.item_id for item in example.items if item.modality == modality), dtype=np.int64
        )
        ids = common(ids, space.index.ids)
        if ids.size:
            mean = space.centered(space.index.vectors(ids)).mean(axis=0)
            vectors[modality] = np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), dtype=np.float32)
    if not example.items and "image" in known:
        vectors["image"] = known["image"].centered(picture_vector(index, encoder, example.picture)[None])[0]
    weight = len(vectors) ** -0.5 if vectors else 0.0
    return [
        Aspect(number, example.label, modality, vector, weight, liked) for modality, vector in vectors.items()
    ]
