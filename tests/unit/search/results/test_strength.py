"""Strength falls with rank in every list that is sorted by relevance."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsearch.search.query.parse import parse
from mmsearch.search.ranking.fusion import FUSIONS, Fusion
from mmsearch.search.ranking.task import prepare
from mmsearch.search.recommend.recommend import recommend
from mmsearch.search.recommend.request import RecommendRequest
from mmsearch.search.request import SearchRequest
from mmsearch.search.results.strength import falling, strengths
from mmsearch.search.search import search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.results.hit import Hit

THINGS = ("dog", "horse", "boat", "snow mountain", "zeppelin", "@dog", "@beach street", "#7", '"red dog"')
wanted = st.lists(st.sampled_from(THINGS), min_size=1, max_size=2, unique=True)
unwanted = st.lists(
    st.sampled_from(["-bridge", "-0.5:@crowded", "NOT river", "-dog", "NOT @snow"]), max_size=2
)
weights = st.dictionaries(st.sampled_from(["text→image", "text→text", "words", "name"]), st.floats(0, 4))


class Backwards:
    """A cross-encoder that likes best what the search likes least."""

    name = "backwards"

    def score(self, query: str, texts: Sequence[str]) -> np.ndarray:
        return np.arange(len(texts), dtype=np.float64)


def falls(hits: Sequence[Hit]) -> bool:
    strong = [hit.strength for hit in hits]
    assert all(0 <= one <= 100 for one in strong)
    return all(one >= other for one, other in pairwise(strong))


@settings(max_examples=40, deadline=None)
@given(wanted, unwanted, weights, st.sampled_from(FUSIONS), st.sampled_from(["document", "item"]))
def test_strength_falls_with_rank_whatever_is_asked_and_however_it_is_fused(
    pictures: SearchIndex,
    plus: list[str],
    minus: list[str],
    weights: dict[str, float],
    fusion: Any,
    group: Any,
) -> None:
    text = " ".join([*(f"({one})" if one[0].isalpha() else one for one in plus), *minus])
    request = SearchRequest(
        parse(text), k=60, cutoff=None, fusion=fusion, weights=weights, group=group, explain=False
    )
    assert falls(search(request, pictures))
    assert falls(search(replace(request, cutoff=1e-3), pictures))


@pytest.mark.parametrize("rerank", ["exact", Backwards()], ids=["exact", "cross-encoder"])
@pytest.mark.parametrize("depth", [1, 7, 100])
def test_strength_falls_with_rank_in_what_was_scored_anew(
    pictures: SearchIndex, rerank: Any, depth: int
) -> None:
    request = SearchRequest("a red dog -snow", k=60, cutoff=None, rerank=rerank, rerank_depth=depth)
    found = search(request, pictures)
    assert len(found) == 60
    assert falls(found)
    pages = [
        hit for offset in range(0, 60, 20) for hit in search(replace(request, k=20, offset=offset), pictures)
    ]
    assert [hit.strength for hit in pages] == [hit.strength for hit in found]


@pytest.mark.parametrize("options", [{}, {"method": "best"}, {"diverse": 0.4}, {"dislike": "notes/1-2.txt"}])
def test_strength_falls_with_rank_in_a_recommendation(pictures: SearchIndex, options: dict[str, Any]) -> None:
    liked = ["photos/dog/0-1.jpg", "photos/boat/4-5.jpg"]
    hits = recommend(RecommendRequest(liked, k=400, **options), pictures)
    assert len(hits) == 400
    assert hits[0].strength > 20 > hits[-1].strength
    assert falls(hits)


def test_what_was_not_scored_anew_is_no_stronger_than_what_comes_before_it(pictures: SearchIndex) -> None:
    hits = search(SearchRequest("a red dog", k=4, cutoff=None), pictures).hits
    made = [replace(hit, strength=strength) for hit, strength in zip(hits, (50, 60, 40, 45), strict=True)]
    assert [hit.strength for hit in falling(made)] == [50, 50, 40, 40]


def test_of_examples_that_take_turns_each_has_a_list_that_falls_and_strength_falls_in_all_of_it(
    pictures: SearchIndex,
) -> None:
    liked = ["photos/dog/0-1.jpg", "photos/boat/4-5.jpg"]
    hits = recommend(RecommendRequest(liked, k=20, method="per-document"), pictures)
    for turn in (hits[::2], hits[1::2]):
        scores = [hit.score for hit in turn]
        assert scores == sorted(scores, reverse=True)
    assert falls(hits)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_higher_score_is_never_weaker(pictures: SearchIndex, fusion: Any) -> None:
    task = prepare(
        parse("dog"), pictures, group="document", fusion=Fusion(fusion), weights={"words": 3.0}
    ).task
    found = strengths(np.linspace(-20.0, 60.0, 400), task).tolist()
    assert found == sorted(found)
    assert (found[0], round(found[-1])) == (0.0, 100)


def test_two_decades_are_half_of_all(pictures: SearchIndex) -> None:
    task = prepare(parse("dog"), pictures, group="document", fusion=Fusion(), weights={}).task
    assert strengths(np.array([-1.0, 0.0, 2.0, 4.0]), task).tolist() == [0.0, 0.0, 50.0, 75.0]
    doubled = prepare(
        parse("dog"), pictures, group="document", fusion=Fusion(), weights={c.name: 2.0 for c in task.columns}
    ).task
    assert strengths(np.array([4.0]), doubled).tolist() == [50.0]


def test_strengths_depend_on_nothing_but_the_score(pictures: SearchIndex) -> None:
    hits = search(SearchRequest("a red dog", k=1_000, cutoff=None), pictures)
    assert [hit.strength for hit in hits] == [round(100 * (1 - 2 ** (-hit.score / 2))) for hit in hits]
    assert falling(hits) == hits.hits
