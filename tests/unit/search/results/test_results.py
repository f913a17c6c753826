from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.search.query.value import Part, Query, Text
from mmsearch.search.request import SearchRequest
from mmsearch.search.results.results import Results
from mmsearch.search.search import search

if TYPE_CHECKING:
    from mmsearch.search.index.protocol import SearchIndex

DOG = Query((Part(Text("dog")),))


def test_results_are_the_sequence_of_their_hits(pictures: SearchIndex) -> None:
    results = search(SearchRequest("a red dog", k=5, cutoff=None), pictures)
    assert len(results) == 5
    assert list(results) == list(results.hits)
    assert results[0] == results.hits[0]
    assert results[1:3] == results.hits[1:3]


def test_a_page_beyond_the_last_hit_does_not_say_that_nothing_matches() -> None:
    assert Results(DOG, ()).nothing_matches
    assert not Results(DOG, (), offset=20, total=7).nothing_matches
    assert Results(DOG, (), offset=20, total=0).nothing_matches


def test_how_long_it_took_makes_no_other_answer() -> None:
    assert Results(DOG, (), seconds=0.1) == Results(DOG, (), seconds=9.0)
