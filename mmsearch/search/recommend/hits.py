"""Recommended items with what makes their scores, and the hits that are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.results.hit import Hit, Reason
from mmsearch.search.results.strength import strengths_of_scales

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.search.calibration.background import Background
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Modality, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Aspect:
    """One vector of an example: its picture, or all its texts; ``weight`` is its share in the example."""

    example: int
    label: str
    modality: Modality
    vector: Vector
    weight: float
    liked: bool


@dataclass(frozen=True, slots=True, eq=False)
class Recommended:
    """A document's most telling item. Cosines, contributions and weights are (aspects,); the contributions and what
    ``around`` adds, less what ``alike`` takes off, add up to ``score``.

    ``place``: in the order by which ties are decided.
    ``surprise``: -log10 of the probability that a stranger is as like the likeliest liked aspect.
    ``alike``: the item of a better hit that it is most like, their cosine, and what that takes off.
    ``around``: the mean score of the things that it is most like itself, with what weight that counts, and what it
    adds (search/recommend/surroundings.py). ``copies`` documents with the same content came behind it and are left out.
    """

    item_id: int
    document_id: int
    place: int
    modality: Modality
    score: float
    cosines: NDArray[np.float64]
    parts: NDArray[np.float64]
    weights: NDArray[np.float64]
    surprise: float
    aspects: tuple[Aspect, ...]
    backgrounds: tuple[Background, ...]
    encoder: str
    alike: tuple[int, float, Background, float] | None = None
    around: tuple[float, float, float] | None = None
    copies: int = 0

    @property
    def told(self) -> float:
        """What it has to say for itself: the score before anything is taken off for likeness to other hits."""
        return float(self.parts.sum()) + (0.0 if self.around is None else self.around[2])

    def reasons(self) -> tuple[Reason, ...]:
        """The summands of the score, but for those that are nothing."""
        found = [
            Reason(
                f"{self.encoder} {aspect.modality}→{self.modality}",
                aspect.label if aspect.liked else f"-{aspect.label}",
                self.item_id,
                float(self.cosines[place]),
                background.location,
                background.scale,
                float((self.cosines[place] - background.location) / background.scale),
                float(self.weights[place]),
                float(self.parts[place]),
            )
            for place, (aspect, background) in enumerate(zip(self.aspects, self.backgrounds, strict=True))
            if self.parts[place]
        ]
        if self.around is not None and self.around[2]:
            mean, weight, added = self.around
            found.append(
                Reason("surroundings", "what it is like", self.item_id, mean, 0.0, 1.0, mean, weight, added)
            )
        if self.alike is not None and self.alike[3]:
            item, cosine, background, taken = self.alike
            scales = (cosine - background.location) / background.scale
            found.append(
                Reason("diversity", f"-#{item}", self.item_id, cosine, background.location, background.scale,
                       scales, -taken / scales, -taken)
            )  # fmt: skip
        return tuple(found)


def hits(
    index: SearchIndex, found: Sequence[Recommended], searched: int, *, explain: bool
) -> tuple[Hit, ...]:
    """``found`` as hits, in their order, among ``searched`` items.

    The expected count is that of items as like one of the examples by chance; ``cosine`` is of centered vectors.
    """
    stored = {item.item_id: item for item in index.catalogue.items([one.item_id for one in found])}
    strong = strengths_of_scales(np.array([one.score for one in found]))
    made: list[Hit] = []
    for row, one in enumerate(found):
        item = stored.get(one.item_id)
        if item is None:
            continue  # removed since the index was opened
        liked = [place for place, aspect in enumerate(one.aspects) if aspect.liked]
        made.append(
            Hit.of(
                item,
                rank=len(made) + 1,
                score=one.score,
                snippet=None,
                cosine=float(one.cosines[liked].max()),
                strength=round(float(strong[row])),
                evalue=searched * len(liked) * 10.0**-one.surprise,
                explanation=one.reasons() if explain else (),
                copies=one.copies,
            )
        )
    return tuple(made)
