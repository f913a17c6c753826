"""What is known of a query in words before anything is compared: how familiar, how hardly ever named, how short.

Chance is reckoned from that. A query that lies amid what is asked about anything at all scores higher by chance
(`familiarity`). One of words by which training hardly ever named a picture finds pictures that don't show it more
often than pictures that do (docs/log.md has how often). And words score otherwise than sentences do: queries of one to
three words are compared with the bank's lines of as many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.encoders.protocol import KnowsItsLines, KnowsWhatItSaw
from mmsearch.search.calibration.familiarity import Familiarity, familiarity_of, words_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.encoders.naming import NamedWord
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.types import Scores, Vector, VectorKind, Vectors

# A word that named so many pictures (in decades) is known as usual; each decade less costs so many scales: of 1, 1.5,
# 2 and 3, on the dev collections.
USUAL, UNNAMED = 2.0, 1.5
# A word of so many decades is in captions of anything: it says nothing of how well the others are known.
EVERYWHERE = 3.3
# Queries of so many words are keywords, those of twice as many sentences, and between them a little of both.
KEYWORDS, SENTENCE = 3.0, 6.0
# What named fewer pictures than this was hardly ever seen.
HARDLY = 50


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is known of n queries before they are compared with items of one kind.

    ``owed`` (n,): scales that chance takes off what they score; ``brevity`` (n,): 1 for keywords to 0 for sentences.
    """

    owed: Scores
    brevity: Scores

    def __getitem__(self, chosen: NDArray[Any]) -> Asked:
        return Asked(self.owed[chosen], self.brevity[chosen])


@dataclass(frozen=True, slots=True)
class Words:
    """What is known of a query in words: its ``familiarity`` (`Familiarity`), how ``unnamed`` and how short it is.

    ``unnamed``: the decades that its words named fewer pictures than usual, below 0 for more; less for sentences, where
    each word counts for less. ``brevity``: 1 for keywords to 0 for sentences. ``hardly``: the words by which training
    hardly ever named a picture.
    """

    familiarity: float = 0.0
    unnamed: float = 0.0
    brevity: float = 0.0
    hardly: tuple[str, ...] = ()

    def owed(self, item: VectorKind) -> float:
        """How many scales of a channel to ``item`` chance takes off: only pictures have to be named.

        Of keywords, how often they named pictures says more than how near they lie to anything, which is left out.
        """
        if item != "image":
            return self.familiarity
        return (1.0 - self.brevity) * self.familiarity + UNNAMED * self.unnamed


# Of what is no text.
NOTHING_KNOWN = Words()


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """The bank of an ``encoder`` as a measure of queries."""

    encoder: KnowsItsLines
    known: Familiarity

    def of(self, vector: Vector, text: str) -> Words:
        """What is known of a query of this unit vector (d,)."""
        return self._words(self.known.of_one(vector, text), text)

    def among(self, vectors: Vectors, texts: Sequence[str], item: VectorKind) -> Asked:
        """What is known of queries with unit ``vectors`` (n, d) before they are compared with pictures, or texts."""
        return self._asked(self.known.among(vectors, texts), texts, item)

    def own(self, item: VectorKind) -> Asked:
        """The same of the m lines of the bank themselves."""
        return self._asked(self.known.own, self.encoder.bank_lines(), item)

    def _asked(self, familiarity: Scores, texts: Sequence[str], item: VectorKind) -> Asked:
        several = [self._words(near, text) for near, text in zip(familiarity.tolist(), texts, strict=True)]
        return Asked(
            np.array([one.owed(item) for one in several]), np.array([one.brevity for one in several])
        )

    def _words(self, familiarity: float, text: str) -> Words:
        length = words_in(text)
        share = min(1.0, KEYWORDS / length)
        brevity = np.interp(math.log(length), np.log((KEYWORDS, SENTENCE)), (1.0, 0.0))
        known = self.encoder.named_words(text) if isinstance(self.encoder, KnowsWhatItSaw) else ()
        hardly = (word.word for word in known if word.pictures is not None and word.pictures < HARDLY)
        return Words(familiarity, share * _lacking(known), float(brevity), tuple(dict.fromkeys(hardly)))


def cohort_of(encoder: Encoder) -> Cohort | None:
    """The cohort of ``encoder``; None where it has no bank, or the lines of it are not known."""
    known = familiarity_of(encoder)
    return Cohort(encoder, known) if known is not None and isinstance(encoder, KnowsItsLines) else None


def _lacking(words: Sequence[NamedWord]) -> float:
    """The mean of what ``words`` lack of the usual, without those that are in captions of anything, unless all are."""
    known = [word.decades for word in words if word.decades is not None]
    telling = [decades for decades in known if decades < EVERYWHERE] or ([max(known)] if known else [])
    return sum(USUAL - decades for decades in telling) / len(telling) if telling else 0.0
