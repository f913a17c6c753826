"""The verbs of a library: arguments or a request, the same answers, and clear words about what they don't take."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

import mmsearch
from mmsearch.errors import UnknownArgumentError, UsageError
from mmsearch.search.arguments import Request
from mmsearch.search.ask.request import AskRequest
from mmsearch.search.duplicates.request import DuplicatesRequest
from mmsearch.search.recommend.request import RecommendRequest
from mmsearch.search.request import SearchRequest
from mmsearch.search.tags.request import TagRequest

REQUESTS = (SearchRequest, RecommendRequest, AskRequest, TagRequest, DuplicatesRequest)
# What is no part of the request: where tags go to, who hears of progress.
BESIDE = {"tag": {"field", "dry_run", "sidecars"}, "duplicates": {"request", "progress"}}


@pytest.mark.parametrize("request_type", REQUESTS)
def test_a_verb_has_the_arguments_of_its_request_with_the_same_defaults(request_type: type[Request]) -> None:
    verb = getattr(mmsearch.Library, request_type.verb)
    arguments = {
        name: parameter.default
        for name, parameter in inspect.signature(verb).parameters.items()
        if name not in {"self", *BESIDE.get(request_type.verb, ())}
    }
    asked = {one.name: one.default for one in fields(request_type) if one.init}  # type: ignore[arg-type]
    assert list(arguments) == list(asked)
    required = inspect.Parameter.empty
    assert {n: d for n, d in arguments.items() if d is not required} == {
        n: d for n, d in asked.items() if arguments[n] is not required
    }


@pytest.mark.parametrize("request_type", REQUESTS)
def test_a_verb_says_what_it_takes_to_those_who_look(request_type: type[Request]) -> None:
    parameters = inspect.signature(getattr(mmsearch.Library, request_type.verb)).parameters.values()
    assert all(
        one.kind is not one.VAR_KEYWORD and one.annotation is not one.empty for one in list(parameters)[1:]
    )


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda library: library.search("cat", cutof=3), "search takes no 'cutof'; did you mean 'cutoff'?"),
        (
            lambda library: library.recommend("a", divers=1),
            "recommend takes no 'divers'; did you mean 'diverse'?",
        ),
        (lambda library: library.ask("why?", contxt=1), "ask takes no 'contxt'; did you mean 'context'?"),
        (lambda library: library.tag(["a"], dryrun=True), "tag takes no 'dryrun'; did you mean 'dry_run'?"),
        (
            lambda library: library.duplicates(exact=True),
            "duplicates takes no 'exact'; did you mean 'exact_only'?",
        ),
    ],
)
def test_an_unknown_argument_is_named_with_the_nearest(
    library: mmsearch.Library, call: Callable[[Any], Any], complaint: str
) -> None:
    with pytest.raises(UnknownArgumentError) as raised:
        call(library)
    assert str(raised.value) == complaint
    assert isinstance(raised.value, TypeError)
    assert isinstance(raised.value, UsageError)


def test_a_request_gives_the_answer_of_its_arguments(library: mmsearch.Library) -> None:
    for request, answer in (
        (SearchRequest("a tabby cat", k=3, context=1), library.search("a tabby cat", k=3, context=1)),
        (RecommendRequest("photos/photo-04.png", k=3), library.recommend("photos/photo-04.png", k=3)),
        (AskRequest("what do bees eat?", cutoff=None), library.ask("what do bees eat?", cutoff=None)),
        (DuplicatesRequest(exact_only=True), library.duplicates(exact_only=True)),
    ):
        assert getattr(library, request.verb)(request) == answer
    tagged = library.tag(TagRequest(["cat", "tea"], single=True), dry_run=True)
    assert tagged == library.tag(["cat", "tea"], single=True, dry_run=True)


def test_a_request_says_it_all(library: mmsearch.Library) -> None:
    for call in (
        lambda: library.search(SearchRequest("cat"), k=3),
        lambda: library.recommend(RecommendRequest("photos/photo-04.png"), "photos/photo-05.png"),
        lambda: library.tag(TagRequest(["cat"]), single=True),
    ):
        with pytest.raises(UsageError, match="says all that is asked for"):
            call()


def test_what_is_learned_counts_unless_the_request_says_otherwise(
    library: mmsearch.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmsearch.library.reading import Reading
    from mmsearch.search.ranking.weights import LearnedWeights

    learned = LearnedWeights({"words": 0.0}, "nDCG@10", 0.5, 0.6, 0.01, 10, "judged.qrels")
    monkeypatch.setattr(Reading, "learned_weights", learned)
    asked = {"modality": "text", "cutoff": None}
    silent = library.search("green tea", weights={"words": 0.0}, **asked)
    assert library.search("green tea", **asked) == silent
    assert library.search("green tea", weights={}, **asked) != silent


def test_a_collection_can_be_listed_by_when_things_were_added(library: mmsearch.Library) -> None:
    newest = [hit.item_id for hit in library.search(modality="text", sort="-added", k=50)]
    assert newest == sorted(newest, reverse=True)
    assert [hit.item_id for hit in library.search(modality="text", sort="added", k=50)] == newest[::-1]
