"""BM25 from postings against FTS5's own, on documents that it holds as one row each."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.ann.bm25 import Parameters, Statistics, gains, idf, resistance
from mmsearch.search.index.lexicon import COLUMN_WEIGHTS, Lexicon
from mmsearch.store.catalogue.words.grams import WORD_COLUMNS
from mmsearch.store.catalogue.words.postings import Entries, Posting
from mmsearch.store.catalogue.words.tokens import TOKENIZE, Tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

FTS5 = Parameters(k1=1.2, b=0.75)
WORDS = ["lantern", "harbour", "keeper", "storm", "gull", "rope", "tide"]

texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
# title, text, name of each document
corpora = st.lists(st.tuples(texts, texts, texts), min_size=2, max_size=12)


def by_fts5(documents: Sequence[tuple[str, str, str]], query: Sequence[str]) -> dict[int, float]:
    connection = sqlite3.connect(":memory:")
    connection.execute(f'CREATE VIRTUAL TABLE t USING fts5 (title, text, name, tokenize = "{TOKENIZE}")')
    connection.executemany(
        "INSERT INTO t (rowid, title, text, name) VALUES (?, ?, ?, ?)",
        [(row, *document) for row, document in enumerate(documents)],
    )
    expression = " OR ".join(f'"{word}"' for word in query)
    weights = ", ".join(str(COLUMN_WEIGHTS[column]) for column in ("title", "text", "name"))
    rows = connection.execute(f"SELECT rowid, -bm25(t, {weights}) FROM t WHERE t MATCH ?", (expression,))
    return dict(rows.fetchall())


class Held:
    """A catalogue whose every document has its title and name in one entry, and its text in another."""

    def __init__(self, documents: Sequence[tuple[str, str, str]]) -> None:
        empty: list[str | None] = [None] * len(WORD_COLUMNS)
        rows, self.owners = [], []
        for number, (title, text, name) in enumerate(documents):
            of_document, of_text = list(empty), list(empty)
            of_document[WORD_COLUMNS.index("title")], of_document[WORD_COLUMNS.index("name")] = title, name
            of_text[WORD_COLUMNS.index("text")] = text
            rows += [of_document, of_text]
            self.owners += [number, number]
        self._postings: dict[str, list[Posting]] = {}
        lengths = np.zeros(len(rows), dtype=np.int64)
        for token, column, places in Tokenizer(len(WORD_COLUMNS)).counts(rows):
            entries, counts = np.unique(np.array(places, dtype=np.int64), return_counts=True)
            np.add.at(lengths, entries, counts)
            self._postings.setdefault(token, []).append(Posting(WORD_COLUMNS[column], entries, counts))
        numbers = np.arange(len(rows), dtype=np.int64)
        self.entries = Entries(numbers, numbers, lengths)

    def postings(self, wanted: Sequence[tuple[Sequence[str], str]]) -> list[list[Posting]]:
        tokens = [Tokenizer(1).tokens(words)[0][0] for words, _ in wanted]
        return [self._postings.get(token, []) for token in tokens]


def by_postings(documents: Sequence[tuple[str, str, str]], query: Sequence[str]) -> dict[int, float]:
    from mmsearch.ann.terms import Term

    held = Held(documents)
    lexicon = Lexicon(held.entries, np.array(held.owners, dtype=np.int64), parameters=FTS5)
    catalogue: Any = held
    places = lexicon.places(catalogue, [Term(word, f'"{word}"', (word,)) for word in query])
    found = np.zeros(lexicon.documents.size)
    for place in places:
        found[place.owners] += idf(place.owners.size, lexicon.statistics.documents) * place.gains
    return {int(lexicon.documents[row]): float(found[row]) for row in np.flatnonzero(found)}


@given(documents=corpora, query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True))
def test_scores_of_documents_are_those_of_fts5_for_one_row_each(
    documents: list[tuple[str, str, str]], query: list[str]
) -> None:
    expected = by_fts5(documents, query)
    actual = by_postings(documents, query)
    assert actual.keys() == expected.keys()
    for number, score in expected.items():
        assert actual[number] == pytest.approx(score, abs=1e-9, rel=1e-9)


def test_statistics_of_two_parts_are_those_of_the_whole() -> None:
    lengths = np.array([3, 5, 8, 2, 9, 4], dtype=np.int64)
    often = np.array([1.0, 3.0, 2.0, 1.0, 1.0, 2.0])

    def scored(of: slice, statistics: Statistics) -> Any:
        against = resistance(lengths[of], statistics, FTS5)
        return gains(often[of], against, idf(2, statistics.documents), FTS5)

    halves = [Statistics(3, int(lengths[:3].sum())), Statistics(3, int(lengths[3:].sum()))]
    both = halves[0] + halves[1]
    assert both == Statistics(6, int(lengths.sum()))
    parts = [scored(slice(0, 3), both), scored(slice(3, 6), both)]
    np.testing.assert_array_equal(np.concatenate(parts), scored(slice(0, 6), both))


def test_a_word_that_most_documents_have_tells_next_to_nothing_but_no_less() -> None:
    assert 0 < idf(99, 100) == idf(60, 100) < idf(40, 100) < idf(1, 100)
