"""docs/query-language.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmsearch.errors import QueryError
from mmsearch.search.query.filters import parse_filter
from mmsearch.search.query.parse import parse

PAGE = (Path(__file__).parents[3] / "docs" / "query-language.md").read_text(encoding="utf-8")
EXAMPLES = [re.split(r"\s{3,}", line)[0] for line in PAGE.split("```")[1].strip().splitlines()]
FILTERS = re.findall(r"^\| `([^`]+)`(?:, `[^`]+`)* \| `([^`]+)`", PAGE, re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_query_that_reads_back(example: str) -> None:
    query = parse(example)
    assert parse(str(query)) == query


@pytest.mark.parametrize(("compact", "full"), FILTERS)
def test_both_forms_of_a_filter_mean_the_same(compact: str, full: str) -> None:
    assert parse(compact).condition == parse_filter(full)


def test_the_page_shows_an_error_as_it_is() -> None:
    found = re.search(r"\$ mmsearch query '(.+)'\n(.+)\n", PAGE)
    assert found is not None
    with pytest.raises(QueryError) as caught:
        parse(found[1])
    assert str(caught.value) == found[2]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 10
    assert len(FILTERS) == 9
