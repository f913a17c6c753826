"""What a search gives back: a sequence, a few lines, plain values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import mmsearch
from mmsearch.search.query.value import Part, Query, Text
from mmsearch.search.request import SearchRequest
from mmsearch.search.results.results import Results
from mmsearch.search.search import search
from mmsearch.wire.results import recommended_as_json, results_as_json

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


def test_results_print_a_line_for_each_hit(library: mmsearch.Library) -> None:
    results = library.search("a tabby cat", modality="image", strict=True)
    lines = repr(results).splitlines()
    assert lines[0] == f"<Results of 'a tabby cat modality:image': {len(results)} of {results.total} hits>"
    assert lines[1] == f"<Hit 1: {results[0].strength}  photos/photo-04.png>"
    assert len(lines) == 1 + len(results)
    many = library.search("something", k=40, cutoff=None)
    assert len(repr(many).splitlines()) == 22
    assert max(map(len, repr(many).splitlines())) < 120
    first, line, *guesses = repr(library.search("penguins in Antarctica", k=3)).splitlines()
    assert first == "<Results of 'penguins in Antarctica': nothing matches>"
    assert line.startswith("below this line: guesses")
    assert len(guesses) == 3


def test_answers_print_a_line_each(library: mmsearch.Library) -> None:
    answers = library.ask("how long does the guarantee last?")
    lines = repr(answers).splitlines()
    assert len(lines) == 1 + len(answers)
    assert answers[0].citation in lines[1]


def test_results_become_plain_values_that_the_wire_hands_on(library: mmsearch.Library) -> None:
    results = library.search("green tea", facets=["kind"] if "kind" in library.fields() else [], context=1)
    written = results.to_dict(explain=True)
    assert json.loads(json.dumps(written))["hits"][0]["path"] == "texts/kitchen/tea.txt"
    assert written["version"] == 1
    assert [hit["path"] for hit in written["hits"]] == [hit.path for hit in results]
    assert written["hits"][0]["explanation"]
    assert "explanation" not in results.to_dict()["hits"][0]
    assert results_as_json(results, text="Green  tea", explain=True) == {**written, "query": "Green  tea"}
    assert results_as_json(results, text=None, explain=True) == written
    assert recommended_as_json(results, explain=False)["hits"] == results.to_dict()["hits"]
