from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.errors import UsageError
from mmsearch.library import Library
from mmsearch.search import request
from mmsearch.search.request import search_arguments
from mmsearch.search.search import answer


def test_an_object_becomes_the_arguments_of_a_search() -> None:
    given = {
        "text": "harbor", "image": ["a.jpg", "@b.jpg"], "item": 12, "minus": "people", "exclude": ["snow"],
        "modality": "image", "where": "year >= 1990", "path": ["x/**"], "k": 5, "offset": 10, "cutoff": None,
        "facets": ["year"], "weights": {"words": 0.5}, "explain": True,
    }  # fmt: skip
    assert search_arguments(json.dumps(given)) == given
    assert search_arguments(json.dumps(given).encode()) == given
    assert search_arguments(given) == given


def test_every_name_is_an_argument_of_the_library_or_of_the_answer() -> None:
    known = {*inspect.signature(Library.search).parameters, *inspect.signature(answer).parameters}
    assert set(request._KINDS) == known - {"self", "options", "query", "index"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.fuzz
@given(st.dictionaries(st.sampled_from(sorted(request._KINDS)), values, max_size=4) | values)
def test_any_json_is_a_search_or_refused_by_name(given: Any) -> None:
    text, complaint = json.dumps(given), ""
    try:
        assert search_arguments(text) == given
    except UsageError as error:
        complaint = str(error)
    assert (
        not complaint or not isinstance(given, dict) or any(repr(name)[1:-1] in complaint for name in given)
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "the query is not JSON"),
        (b"\xff", "the query is not JSON"),
        ("[" * 100_000, "the query is not JSON"),
        ("[]", "is an object"),
        ('"harbor"', "is an object"),
        ('{"txt": "harbor"}', "has no 'txt'; there are text, image"),
        ('{"text": 5}', "text in a query is a text, not 5"),
        ('{"k": true}', "k in a query is a whole number, not true"),
        ('{"k": 2.5}', "k in a query is a whole number, not 2.5"),
        ('{"cutoff": "1"}', "cutoff in a query is a number"),
        ('{"cutoff": NaN}', "cutoff in a query is a number"),
        ('{"image": [1]}', "image in a query is a text or a list of texts"),
        ('{"facets": "year"}', "facets in a query is a list of texts"),
        ('{"weights": {"words": "much"}}', "weights in a query is an object of numbers"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(text: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        search_arguments(text)
