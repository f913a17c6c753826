from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.catalogue.words.grams import grams_query

if TYPE_CHECKING:
    from mmsearch.store.catalogue.catalogue import Catalogue


def matches(catalogue: Catalogue, expression: str) -> list[int]:
    return sorted(catalogue.matching_items(expression).tolist())


@pytest.fixture
def filled(catalogue: Catalogue, writer: Any) -> Catalogue:
    writer.put(
        writer.document(
            "scans/IMG_2034-RedBicycle.jpg",
            picture="A",
            title="Evening ride",
            captions=("a dog runs beside a bicycle", "北京大学的照片"),
            fields={"creator": "Ada Lovelace", "year": 1990, "tags": "cycling; dusk"},
        ),
        writer.document("notes/Zürich.txt", passages=("Snow lay on the roofs.", "The dogs were asleep.")),
    )
    return catalogue


@pytest.mark.parametrize(
    ("expression", "items"),
    [
        ("running", [2]),  # stemmed
        ("dogs", [2, 5]),
        ("snow", [4]),
        ("zurich", [4]),  # without its diacritic, and on the first item only
        ("evening", [1]),
        ("lovelace", [1]),
        ("dusk", [1]),
        ("1990", []),  # numbers are for filters
        ("bicycle", [1, 2]),
        ("redbicycle", [1]),
        ("2034", [1]),
        ("name : bicycle", [1]),
        ("caption : bicycle", [2]),
        ('"beside a bicycle"', [2]),
        ("cycl*", [1]),
        ("asleep NOT snow", [5]),
        ("jpg", []),
        (f"grams : {grams_query('北京')}", [3]),
        (f"grams : {grams_query('照')}", [3]),
        (f"grams : {grams_query('片')}", [3]),
        (f"grams : {grams_query('京大学的')}", [3]),
        (f"grams : {grams_query('大京')}", []),
    ],
)
def test_items_are_found_by_their_words(filled: Catalogue, expression: str, items: list[int]) -> None:
    assert matches(filled, expression) == items


@pytest.mark.parametrize(
    ("expression", "items"),
    [
        ('"034-red"', [1]),
        ('"ening r"', [1]),
        ('"LOVEL"', [1]),
        ('"urich.t"', [4]),
        ('"bicycle"', [1]),
        ('"zzz"', []),
    ],
)
def test_documents_are_found_by_any_part_of_name_title_and_fields(
    filled: Catalogue, expression: str, items: list[int]
) -> None:
    assert filled.matching_substrings(expression).tolist() == items


def test_a_title_item_has_no_words_of_its_own(catalogue: Catalogue, writer: Any) -> None:
    picture = writer.document("a.jpg", picture="A")
    title = writer.item("text", "title", "Moonrise", "Moonrise")
    writer.put(type(picture)(1, "a.jpg", "1", None, {}, (*picture.items, title)))
    assert matches(catalogue, "moonrise") == [1]
    assert catalogue.items([1])[0].title == "Moonrise"


def test_an_expression_that_is_none_is_refused(filled: Catalogue) -> None:
    for expression in ('"', "AND", "nocolumn : x", "", "a ("):
        with pytest.raises(ValueError, match="not an FTS5 expression"):
            filled.matching_items(expression)


def test_all_that_match_are_found_whatever_their_number(filled: Catalogue) -> None:
    assert filled.matching_items("dog").size == 2
    assert filled.matching_items("nothing").size == 0


changes = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"),
            st.sampled_from("abc"),
            st.lists(st.sampled_from(["red dog", "blue 北京", "x"]), max_size=3),
            st.sampled_from([None, "Red title", "北京"]),
        ),
        st.tuples(st.just("remove"), st.sampled_from("abc")),
        st.tuples(st.just("rename"), st.sampled_from("abc"), st.sampled_from("abcd")),
    ),
    max_size=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=changes)
def test_the_word_indexes_follow_every_change(
    catalogue: Catalogue, writer: Any, steps: list[tuple[Any, ...]]
) -> None:
    catalogue.remove([number for path in "abcd" for number in catalogue.find(path)])
    for step in steps:
        documents = catalogue.find(step[1])
        if step[0] == "put":
            fields = {"note": step[3]} if step[3] else {}
            writer.put(writer.document(step[1], passages=tuple(step[2]), title=step[3], fields=fields))
        elif step[0] == "remove":
            catalogue.remove(documents)
        elif documents:
            catalogue.rename(documents[0], step[2], "renamed")
    assert wordindex.damage(catalogue._database) == []
    with_red = [
        item.item_id
        for path in "abcd"
        for document in catalogue.find(path)
        for item in catalogue.document_items(document)
        if "red" in (item.text or "")
    ]
    assert sorted(catalogue.matching_items("text : red").tolist()) == sorted(with_red)


def test_a_word_index_that_lost_a_row_is_noticed_and_rebuilt(filled: Catalogue) -> None:
    database = filled._database
    database.connection.execute("DELETE FROM words WHERE rowid = 5")
    assert wordindex.damage(database) == ["words"]
    wordindex.rebuild(database)
    assert wordindex.damage(database) == []
    assert matches(filled, "dogs") == [2, 5]
