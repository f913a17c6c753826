"""What all requests have in common."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmsearch.errors import UnknownArgumentError, UsageError
from mmsearch.search.arguments import Request
from mmsearch.search.ask.request import AskRequest
from mmsearch.search.duplicates.request import DuplicatesRequest
from mmsearch.search.recommend.request import RecommendRequest
from mmsearch.search.tags.labels import Label
from mmsearch.search.tags.request import TagRequest

REQUESTS: list[tuple[type[Request], dict[str, Any]]] = [
    (
        AskRequest,
        {"question": "what do bees eat?", "k": 5, "context": 0, "where": "year > 1990", "cutoff": None},
    ),
    (RecommendRequest, {"like": ["a.jpg", 12], "dislike": "b.jpg", "diverse": 0.5, "profile": "ada"}),
    (RecommendRequest, {"like": "#3", "method": "best", "path": ["a/**", "b"], "duplicates": "show"}),
    (TagRequest, {"labels": ["cat", "dog"], "modality": "image", "single": True, "cutoff": None}),
    (DuplicatesRequest, {"mirrored": True, "path": "photos/**", "most_bits": 60}),
]


@pytest.mark.parametrize(("kind", "arguments"), REQUESTS)
def test_a_request_reads_back_as_what_was_written(kind: type[Request], arguments: dict[str, Any]) -> None:
    request = kind.from_arguments(arguments)
    assert kind.from_json(json.dumps(request.to_json())) == request
    assert kind.from_json(json.dumps(arguments)) == request


@pytest.mark.parametrize(("kind", "arguments"), REQUESTS)
def test_a_request_names_what_it_does_not_know(kind: type[Request], arguments: dict[str, Any]) -> None:
    name = list(arguments)[-1]
    with pytest.raises(UnknownArgumentError, match=f"^{kind.verb} takes no '{name}x'; did you mean '{name}'"):
        kind.from_json({**arguments, f"{name}x": 1})
    with pytest.raises(UsageError, match="is an object such as"):
        kind.from_json("[]")


@pytest.mark.parametrize(
    ("kind", "arguments", "complaint"),
    [
        (AskRequest, {"question": " "}, "the question is empty"),
        (
            AskRequest,
            {"question": "why?", "k": 0},
            "k must be at least 1 and context at least 0, not 0 and 1",
        ),
        (AskRequest, {"question": "why?", "cutoff": -1}, "a cutoff is a number above 0"),
        (RecommendRequest, {"like": "a", "k": 0}, "k must be at least 1, not 0"),
        (RecommendRequest, {"like": "a", "method": "worst"}, "no method 'worst'"),
        (RecommendRequest, {"like": "a", "diverse": 2.0}, "diverse is between 0 and 1"),
        (RecommendRequest, {"like": "a", "diverse": 0.5, "k": 501}, "at most 500 hits"),
        (RecommendRequest, {"like": "a", "where": "year >"}, "year >"),
        (TagRequest, {"labels": []}, "there are no labels"),
        (TagRequest, {"labels": ["cat", "Cat"]}, "the label 'cat' occurs twice"),
        (TagRequest, {"labels": ["cat"], "modality": "smell"}, "no modality 'smell'"),
        (DuplicatesRequest, {"remember": True, "path": "a"}, "only groups of the whole index"),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_made(
    kind: type[Request], arguments: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        kind.from_arguments(arguments)


def test_labels_with_other_words_have_no_written_form() -> None:
    assert TagRequest([Label("cat")]).to_json() == {"labels": ["cat"]}
    with pytest.raises(UsageError, match="labels of this request has no written form"):
        TagRequest([Label("cat", ("kitten",))]).to_json()
