from __future__ import annotations

import pytest

from mmsearch.search.results.words import said_at

TEXT = "3 women sit at a table, and drink coffee while it rains."
TIMES = [[word, float(n), n + 0.5] for n, word in enumerate(TEXT.split())]


@pytest.mark.parametrize(
    ("query", "seconds"),
    [("drink coffee", 7.0), ("coffee", 8.0), ("a table", 5.0), ("RAINING", 11.0), ("tea", None), ("", None)],
)
def test_a_passage_opens_at_the_first_word_that_was_looked_for(query: str, seconds: float | None) -> None:
    assert said_at(TEXT, query, TIMES) == seconds


def test_without_times_nothing_is_known() -> None:
    assert said_at(TEXT, "coffee", []) is None
    assert said_at("", "coffee", TIMES) is None


def test_words_that_the_text_does_not_have_are_passed_over() -> None:
    assert said_at(TEXT, "coffee", [["Three", 0.0, 0.4], *TIMES[1:]]) == 8.0
