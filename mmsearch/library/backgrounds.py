"""The backgrounds of an index: one for each encoder and kinds of query and item, estimated from its own items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.search.calibration.background import Background
from mmsearch.search.calibration.cohort import cohort_of
from mmsearch.search.calibration.estimation import estimate
from mmsearch.search.index.protocol import WHOLE
from mmsearch.search.index.sampling import sample

if TYPE_CHECKING:
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Modality, VectorKind

# Items and queries that a background is estimated from: enough for a steady tail, few enough for milliseconds.
BACKGROUND_SAMPLE = 2000
BACKGROUND_QUERIES = 300


def key_of(encoder: Encoder, query: Modality, item: VectorKind) -> str:
    """The name under which an index directory keeps a background."""
    return f"{encoder.fingerprint}/{query}→{item}"


def estimated_all(index: SearchIndex, encoder: Encoder, *, bits: bool) -> dict[str, str]:
    """All backgrounds of ``encoder`` for the items that are there now, written, by ``key_of``."""
    kinds: list[VectorKind] = [*sorted(encoder.modalities), WHOLE]
    return {
        key_of(encoder, query, item): estimated(index, encoder, query, item, bits=bits).to_json()
        for query in sorted(encoder.modalities)
        for item in kinds
        if index.vector_index(encoder, item) is not None
    }


def estimated(
    index: SearchIndex, encoder: Encoder, query: Modality, item: VectorKind, *, bits: bool
) -> Background:
    """From the encoder's bank of queries, or from items of the index itself where it has none.

    ``bits``: the index keeps one bit a float.
    """
    import numpy as np

    # bits stand for vectors that are further from a query than those that the encoder's own was measured on;
    # nor does it know whole documents
    written = None if item == "document" or bits else encoder.prior(query, item)
    prior = None if written is None else Background.from_json(written)
    if index.vector_index(encoder, item) is None:
        nothing = np.zeros((0, encoder.dimension), np.float32)
        return estimate(nothing, nothing, prior=prior)
    item_ids, vectors = sample(index, encoder, item, BACKGROUND_SAMPLE, seed=2)
    bank, own = encoder.bank(query), None
    # What items of the index score among themselves tells what usually happens, but they are no strangers.
    asking = index.vector_index(encoder, query) if query != "text" or bank is None else None
    if asking is not None:
        ids, queries = sample(index, encoder, query, BACKGROUND_QUERIES, seed=1)
        groups = index.catalogue.documents_of_items
        own = estimate(queries, vectors, query_groups=groups(ids), item_groups=groups(item_ids), prior=prior)
    if bank is None:
        return own or estimate(np.zeros((0, encoder.dimension), np.float32), vectors, prior=prior)
    known = None
    if query == "text":
        known = index.kept(("cohort", encoder.fingerprint), lambda: cohort_of(encoder))
    background = estimate(bank, vectors, prior=prior, asked=None if known is None else known.own(item))
    return background if own is None else background.usual_as(own)
