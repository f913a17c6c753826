"""The second reading of the first hits, by something that reads query and text together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsearch.errors import MissingExtraError, UsageError
from mmsearch.search.query.parse import parse
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search

if TYPE_CHECKING:
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.results.results import Results


class LastWords:
    """Reads pairs: the log odds are high where the query's last word stands in the text, the more the earlier."""

    name = "last words"

    def __init__(self, strength: float = 20.0) -> None:
        self.strength = strength
        self.read: list[str] = []

    def score(self, query: str, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        word = query.split()[-1]
        places = [
            text.lower().split().index(word) if word in text.lower().split() else None for text in texts
        ]
        return np.array(
            [-self.strength if place is None else self.strength / (1 + place) for place in places]
        )


def reread(index: SearchIndex, text: str, k: int = 10, **options: Any) -> Results:
    return search(SearchRequest(parse(text), k=k, rerank=LastWords(), cutoff=None, **options), index)


def ranked(results: Results) -> list[tuple[int, int, float]]:
    return [(hit.rank, hit.document_id, hit.score) for hit in results]


def test_texts_that_the_second_reading_prefers_come_first(pictures: SearchIndex) -> None:
    before = [hit for hit in search(SearchRequest("red dog", k=40, cutoff=None), pictures) if hit.text]
    after = [hit for hit in reread(pictures, "red dog", 40) if hit.text]
    holds = [["dog" in str(hit.text).split() for hit in hits] for hits in (before, after)]
    assert holds[1] == sorted(holds[1], reverse=True)
    assert holds[0] != holds[1]


def test_contributions_still_add_up_and_scores_still_fall(pictures: SearchIndex) -> None:
    for text in ("red dog", "a boat -snow", "dog @beach", "2:dog cat"):
        hits = reread(pictures, text, 60)
        assert [hit.rank for hit in hits] == list(range(1, 61))
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        for hit in hits:
            assert sum(reason.contribution for reason in hit.explanation) == hit.score


def test_the_second_reading_is_one_more_reason(pictures: SearchIndex) -> None:
    hits = reread(pictures, "red dog", 30)
    reasons = [r for hit in hits for r in hit.explanation if r.channel == "cross-encoder:last words"]
    assert len(reasons) == sum(hit.text is not None or "photos" not in hit.path for hit in hits) + sum(
        hit.text is None and bool(_captions(pictures, hit.document_id)) for hit in hits
    )
    assert all(reason.scales == pytest.approx(reason.raw / np.log(10)) for reason in reasons)


def _captions(index: SearchIndex, document: int) -> list[str]:
    return [str(item.text) for item in index.catalogue.document_items(document) if item.text]


def test_pictures_without_words_keep_their_rank_and_their_score(pictures: SearchIndex) -> None:
    before = search(SearchRequest("red dog", k=100, cutoff=None), pictures)
    after = reread(pictures, "red dog", 100)
    wordless = [hit for hit in before if not _captions(pictures, hit.document_id)]
    assert len(wordless) > 10
    found = {(hit.document_id, hit.rank, hit.score) for hit in after}
    assert {(hit.document_id, hit.rank, hit.score) for hit in wordless} <= found
    assert {hit.document_id for hit in after} == {hit.document_id for hit in before}


@settings(max_examples=40, deadline=None)
@given(
    text=st.sampled_from(["red dog", "a boat -snow", "sleeping cat", "dog @beach"]),
    group=st.sampled_from(["document", "item"]),
    depth=st.sampled_from([5, 30, 100]),
    k=st.integers(1, 40),
    offset=st.integers(0, 40),
)
def test_any_page_is_a_part_of_the_whole_list(
    pictures: SearchIndex, text: str, group: Any, depth: int, k: int, offset: int
) -> None:
    whole = ranked(reread(pictures, text, 100, group=group, rerank_depth=depth))
    part = ranked(reread(pictures, text, k, group=group, rerank_depth=depth, offset=offset))
    assert part == whole[offset : offset + k]


def test_what_lies_beyond_the_depth_stays_where_it_is(pictures: SearchIndex) -> None:
    before = ranked(search(SearchRequest("red dog", k=60, cutoff=None), pictures))
    after = ranked(reread(pictures, "red dog", 60, rerank_depth=20))
    assert after[20:] == before[20:]
    assert after[:20] != before[:20]


def test_a_reader_without_an_opinion_changes_no_order(pictures: SearchIndex) -> None:
    plain = search(SearchRequest("red dog", k=50, cutoff=None), pictures)
    same = search(SearchRequest("red dog", k=50, cutoff=None, rerank=LastWords(0.0)), pictures)
    assert ranked(same) == ranked(plain)


def test_a_picture_is_read_by_its_title_and_caption(build: Callable[..., Any], doc: type[Any]) -> None:
    documents = [
        doc("a.jpg", "red dog", ["a dog in red"], title="Rex"),
        doc("b.jpg", "red dog", ["a cat"]),
        doc("c.jpg", "red dog"),
    ]
    reader = LastWords()
    hits = search(SearchRequest("red dog modality:image", k=3, rerank=reader, cutoff=None), build(documents))
    assert sorted(reader.read) == ["Rex\na dog in red", "a cat"]
    assert [hit.path for hit in hits if hit.path != "c.jpg"] == ["a.jpg", "b.jpg"]


def test_a_query_without_words_is_left_alone(pictures: SearchIndex) -> None:
    assert ranked(reread(pictures, "@dog", 20)) == ranked(
        search(SearchRequest(parse("@dog"), k=20, cutoff=None), pictures)
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"rerank": "exact", "fusion": "rrf"}, "rrf ranks without scores"),
        ({"rerank": "magic"}, "cross-encoder:MODEL"),
        ({"rerank": "cross-encoder:"}, "cross-encoder:MODEL"),
        ({"rerank": LastWords(), "rerank_depth": 0}, "1 hit or more"),
        ({"rerank": LastWords(), "sort": "year"}, "sorted by year or reranked"),
    ],
)
def test_what_makes_no_sense_is_refused(
    pictures: SearchIndex, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        search(SearchRequest("red dog", k=3, **options), pictures)


def test_without_the_extra_its_name_is_said(pictures: SearchIndex) -> None:
    if find_spec("sentence_transformers") is not None:
        pytest.skip("sentence-transformers is installed")
    with pytest.raises(MissingExtraError, match=r"mmsearch\[rerank\]"):
        search(SearchRequest("red dog", k=3, rerank="cross-encoder:anything"), pictures)
