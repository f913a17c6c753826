from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsearch.search.index.protocol import SearchIndex
from mmsearch.search.query.parse import parse
from mmsearch.search.ranking import threshold
from mmsearch.search.ranking.fusion import FUSIONS, FusionName
from mmsearch.search.ranking.task import Grouping
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search

QUERIES = [
    "a red dog",
    "snow mountain",
    "sleeping cat -bridge",
    "horse NOT river",
    "2:boat 0.5:street -0.5:@crowded",
    "@dog cake",
    "@beach",
    "#5",
    "train thing:(train, tree) year>1950",
    '"broken house"',
    "zeppelin",
]
cutoffs = st.sampled_from([None, 0.01, 1.0, 30.0])


def found(
    index: SearchIndex, text: str, k: int, group: Grouping, fusion: FusionName, cutoff: float | None
) -> list[tuple[int, float, float]]:
    results = search(
        SearchRequest(parse(text), k=k, group=group, fusion=fusion, cutoff=cutoff, explain=False), index
    )
    return [
        (hit.document_id if group == "document" else hit.item_id, hit.score, hit.evalue) for hit in results
    ]


@settings(max_examples=120, deadline=None)
@given(
    text=st.sampled_from(QUERIES),
    group=st.sampled_from(["document", "item"]),
    fusion=st.sampled_from(FUSIONS),
    cutoff=cutoffs,
    k=st.sampled_from([1, 3, 10, 40]),
)
def test_looking_no_further_than_needed_finds_what_looking_at_everything_finds(
    pictures: SearchIndex, text: str, group: Grouping, fusion: FusionName, cutoff: float | None, k: int
) -> None:
    whole = found(pictures, text, 10_000, group, fusion, cutoff)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threshold, "FIRST_DEPTH", 2)
        patch.setattr(threshold, "DEEPER", 3)
        patch.setattr(threshold, "CHUNK", 4)
        assert found(pictures, text, k, group, fusion, cutoff) == whole[:k]


@settings(max_examples=60, deadline=None)
@given(
    text=st.sampled_from(QUERIES),
    group=st.sampled_from(["document", "item"]),
    fusion=st.sampled_from(FUSIONS),
    cutoff=cutoffs,
)
def test_the_first_ten_of_a_hundred_are_the_answer_for_ten(
    pictures: SearchIndex, text: str, group: Grouping, fusion: FusionName, cutoff: float | None
) -> None:
    ten, hundred = (found(pictures, text, k, group, fusion, cutoff) for k in (10, 100))
    assert ten == hundred[:10]


@pytest.mark.parametrize("text", QUERIES)
def test_pages_join_without_gap_or_overlap(pictures: SearchIndex, text: str) -> None:
    query = parse(text)
    whole = search(SearchRequest(query, k=12, cutoff=None), pictures)
    pages = [
        hit
        for offset in (0, 5, 10)
        for hit in search(SearchRequest(query, k=min(5, 12 - offset), offset=offset, cutoff=None), pictures)
    ]
    assert [(hit.rank, hit.document_id) for hit in pages] == [(hit.rank, hit.document_id) for hit in whole]
