from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmsearch.ann.terms import MOST_TERMS, all_of, phrase, substring, terms
from mmsearch.store.catalogue.words.grams import grams, searchable
from mmsearch.store.catalogue.words.tokens import TOKENIZE
from mmsearch.store.folding import folded

ROWS = {
    1: "A red bicycle leans against the wall",
    2: "Two bicycles in the snow",
    3: "Don't touch the café's door",
    4: "北京大学的图书馆",
    5: "Photographs of Ada Lovelace",
    6: "state-of-the-art red door",
}


@pytest.fixture(scope="module")
def tables() -> Iterator[sqlite3.Connection]:
    """The catalogue's two word tables, in memory."""
    connection = sqlite3.connect(":memory:")
    connection.execute(f'CREATE VIRTUAL TABLE words USING fts5 (text, grams, tokenize = "{TOKENIZE}")')
    connection.execute("CREATE VIRTUAL TABLE substrings USING fts5 (text, tokenize = 'trigram')")
    for row, text in ROWS.items():
        connection.execute(
            "INSERT INTO words (rowid, text, grams) VALUES (?, ?, ?)", (row, searchable(text), grams(text))
        )
        connection.execute("INSERT INTO substrings (rowid, text) VALUES (?, ?)", (row, folded(text)))
    yield connection
    connection.close()


def matches(tables: sqlite3.Connection, expression: str, table: str = "words") -> list[int]:
    query = f"SELECT rowid FROM {table} WHERE {table} MATCH ? ORDER BY rowid"
    return [row for (row,) in tables.execute(query, (expression,))]


NASTY = st.text(st.sampled_from(list("\"'*():^{}-+<>=\\\0\ud800 aåé北京のANDORNT.,#@~|/%;")), max_size=30)


@pytest.mark.fuzz
@given(st.one_of(st.text(max_size=40), NASTY))
@example('" OR 1=1 --')
@example("NEAR(a b, 3)")
@example("a*b** * **")
@example("\u0301")
@example("ͅ’'*")
def test_no_input_is_an_error_to_fts5(tables: sqlite3.Connection, text: str) -> None:
    found = terms(text)
    if found:
        matches(tables, all_of(found))
    exact = phrase(text)
    if exact is not None:
        matches(tables, exact)
    part = substring(text)
    if part is not None:
        matches(tables, part, "substrings")


@pytest.mark.fuzz
@given(st.text(max_size=40))
def test_a_text_that_was_indexed_is_found_by_all_its_words(text: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(f'CREATE VIRTUAL TABLE words USING fts5 (text, grams, tokenize = "{TOKENIZE}")')
    readable = text.encode(errors="ignore").decode().replace("*", " ").replace("\0", " ")
    connection.execute("INSERT INTO words VALUES (?, ?)", (searchable(readable), grams(readable)))
    found = terms(readable)
    if any(not term.optional for term in found):
        assert matches(connection, all_of(found)) == [1]
    connection.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bicycle", [1, 2]),  # stemmed
        ("the red BICYCLE", [1]),
        ("don't", [3]),
        ("cafe", [3]),
        ("photo*", [5]),
        ("大学", [4]),
        ("学", [4]),
        ("北京 图书", [4]),
        ("the", [1, 2, 3, 6]),
        ("state-of-the-art", [6]),
    ],
)
def test_all_words_must_be_there(tables: sqlite3.Connection, text: str, expected: list[int]) -> None:
    assert matches(tables, all_of(terms(text))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("red bicycle", [1]), ("bicycle red", []), ("of the", [6]), ("大学的", [4]), ("Ada Lovelace", [5])],
)
def test_a_phrase_is_found_in_its_order(tables: sqlite3.Connection, text: str, expected: list[int]) -> None:
    expression = phrase(text)
    assert expression is not None
    assert matches(tables, expression) == expected


def test_a_substring_is_found_within_a_word(tables: sqlite3.Connection) -> None:
    expression = substring("otogra")
    assert expression is not None
    assert matches(tables, expression, "substrings") == [5]
    assert substring("ab") is None


def test_stop_words_count_only_when_there_is_nothing_else() -> None:
    assert [term.written for term in terms("the cat in the hat")] == ["cat", "hat"]
    assert [term.written for term in terms("to be or not to be")] == ["to", "be", "or", "not"]


def test_a_pasted_page_is_cut_to_some_words() -> None:
    assert len(terms(" ".join(f"word{n}" for n in range(10_000)))) == MOST_TERMS


def test_signs_alone_are_no_words() -> None:
    assert terms("!!! *** --- ' \"") == ()
    assert phrase("?!") is None
