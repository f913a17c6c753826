"""Read the first hits again with a cross-encoder, which sees query and text together, and put them in its order.

Only words can be read again. Hits without any (pictures without title and caption) keep rank and score; the others
change places among themselves. Each place keeps its score, so that scores still fall and stay comparable, and what
a hit gains or loses by moving is one more reason in its explanation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mmsearch.errors import UsageError
from mmsearch.search.query.defaults import RERANK_DEPTH
from mmsearch.search.results.hit import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.results.hit import Hit
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.types import Scores

EXACT, CROSS_ENCODER = "exact", "cross-encoder:"


class PairScorer(Protocol):
    """What reads a query and a text together."""

    @property
    def name(self) -> str:
        """As explanations call it."""

    def score(self, query: str, texts: Sequence[str]) -> Scores:
        """Log odds (n,) that each of ``texts`` answers ``query``."""


@dataclass(frozen=True, slots=True, eq=False)
class Reranker:
    """The first ``depth`` hits are read by ``scorer``, whatever number of them is asked for; None: scored exactly."""

    scorer: PairScorer | None
    depth: int = RERANK_DEPTH

    @classmethod
    def of(cls, how: str | PairScorer, depth: int) -> Reranker:
        """What ``exact`` and ``cross-encoder:MODEL`` mean.

        Raises what ``check_reranking`` and loading the model do.
        """
        check_reranking(how, depth)
        if not isinstance(how, str):
            return cls(how, depth)
        if how == EXACT:
            return cls(None, depth)
        from mmsearch.encoders.crossencoder import load_cross_encoder

        return cls(load_cross_encoder(how.removeprefix(CROSS_ENCODER)), depth)


def check_reranking(how: str | PairScorer, depth: int) -> None:
    """UsageError for what is no way to rerank, and for a ``depth`` below 1; no model is loaded."""
    if isinstance(how, str) and how != EXACT and (not how.startswith(CROSS_ENCODER) or how == CROSS_ENCODER):
        raise UsageError(
            f"reranking is written {EXACT}, or {CROSS_ENCODER}MODEL, a directory or a name, not {how!r}"
        )
    if depth < 1:
        raise UsageError(f"reranking looks at 1 hit or more, not at {depth}")


def reranked(hits: Sequence[Hit], reranker: Reranker, query: str, catalogue: Catalogue) -> tuple[Hit, ...]:
    """``hits``, the best ones first, with those of the first ``reranker.depth`` that have words in a new order.

    They are ordered by the sum of their score and of the decades that the cross-encoder gives them (its log odds
    to the base of 10), so that what the search knows is not lost; ties keep their order. Nothing changes for a
    ``query`` without words, or without a scorer.
    """
    scorer = reranker.scorer
    if scorer is None or not query.strip():
        return tuple(hits)
    texts = {
        place: text for place, hit in enumerate(hits[: reranker.depth]) if (text := _words(hit, catalogue))
    }
    if not texts:
        return tuple(hits)
    told = (scorer.score(query, list(texts.values())) / math.log(10.0)).tolist()
    decades = dict(zip(texts, told, strict=True))
    order = sorted(texts, key=lambda place: -(hits[place].score + decades[place]))
    found = list(hits)
    for place, source in zip(texts, order, strict=True):
        found[place] = _moved(hits[source], hits[place], decades[source], scorer.name, query)
    return tuple(found)


def _moved(hit: Hit, place: Hit, decades: float, name: str, query: str) -> Hit:
    """``hit`` with the rank and the score of the hit whose ``place`` it takes, and why."""
    reason = Reason(
        channel=f"{CROSS_ENCODER}{name}",
        part=query,
        item_id=hit.item_id,
        raw=decades * math.log(10.0),
        location=0.0,
        scale=math.log(10.0),
        scales=decades,
        weight=1.0,
        contribution=place.score - hit.score,
        evidence=decades,
    )
    explanation = (*hit.explanation, reason) if hit.explanation else ()
    return replace(hit, rank=place.rank, score=place.score, strength=place.strength, explanation=explanation)


def _words(hit: Hit, catalogue: Catalogue) -> str:
    """The title and the text of a hit; for a picture those that stand beside it in its document."""
    texts = [hit.title or ""]
    if hit.text is not None:
        texts.append(hit.text)
    else:
        beside = catalogue.document_items(hit.document_id)
        texts += [
            item.text or ""
            for item in beside
            if item.locator.innermost.kind in ("title", "caption")
            and (item.locator.inner is None or item.locator.outermost == hit.locator.outermost)
        ]
    return "\n".join(dict.fromkeys(text.strip() for text in texts if text.strip()))
