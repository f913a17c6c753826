"""Fields that mmsearch gives to documents itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mmsearch.errors import IndexLockedError, UsageError
from mmsearch.store.catalogue import tagging
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.conditions import Comparison
from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.corpora import write_field

if TYPE_CHECKING:
    from mmsearch.store.directory import IndexDirectory
    from tests.unit.store.conftest import Writer


def paths(catalogue: Catalogue, field: str, value: str) -> list[str]:
    found = catalogue.select_items(Comparison(field, "=", value))
    return sorted({item.path for item in catalogue.items(found)})


@pytest.fixture
def filled(writer: Writer) -> Catalogue:
    writer.put(
        writer.document("a.jpg", picture="A", title="北京", fields={"year": 1990}),
        writer.document("b.jpg", picture="B", captions=("two dogs",)),
    )
    return writer.catalogue


def ids(catalogue: Catalogue) -> list[int]:
    return [catalogue.find(path)[0] for path in ("a.jpg", "b.jpg")]


def test_a_given_field_is_filtered_counted_and_found_by_its_words(filled: Catalogue) -> None:
    a, b = ids(filled)
    assert filled.set_field("tags", {a: "red; green", b: "green"}) == 2
    assert paths(filled, "tags", "green") == ["a.jpg", "b.jpg"]
    assert paths(filled, "tags", "red") == ["a.jpg"]
    assert filled.facets("tags") == [("green", 2), ("red", 1)]
    assert filled.matching_items("green").size == 2
    assert filled.matching_substrings('"gree"').size == 2
    assert filled.document_items(a)[0].fields == {"year": 1990, "tags": "red; green"}


def test_none_takes_the_field_away(filled: Catalogue) -> None:
    a, b = ids(filled)
    filled.set_field("tags", {a: "red", b: "green"})
    assert filled.set_field("tags", {a: None, b: "green"}) == 1
    assert paths(filled, "tags", "red") == []
    assert filled.matching_items("red").size == 0
    assert filled.document_items(a)[0].fields == {"year": 1990}


def test_what_stays_as_it_is_changes_nothing(filled: Catalogue) -> None:
    a, _ = ids(filled)
    filled.set_field("tags", {a: "red"})
    before = filled.generation()
    assert filled.set_field("tags", {a: "red", 999: "blue"}) == 0
    assert filled.generation() == before
    filled.set_field("tags", {a: "blue"})
    assert filled.generation() == before + 1


@pytest.mark.parametrize("name", ["year", "Year", "title", "modality", "", " tags"])
def test_a_field_of_the_corpus_is_never_overwritten(filled: Catalogue, name: str) -> None:
    with pytest.raises(UsageError):
        filled.set_field(name, {ids(filled)[0]: "red"})
    assert filled.document_items(ids(filled)[0])[0].fields == {"year": 1990}


def test_given_fields_come_back_with_what_they_were_given_to(writer: Writer) -> None:
    catalogue = writer.catalogue
    a = writer.document("a.jpg", picture="A", captions=("two dogs",))
    b = writer.document("b.jpg", picture="B")
    writer.put(a, b)
    catalogue.set_field(
        "tags", {catalogue.find("a.jpg")[0]: "red; 自行车", catalogue.find("b.jpg")[0]: "green"}
    )
    catalogue.remove([number for path in ("a.jpg", "b.jpg") for number in catalogue.find(path)])
    assert catalogue.facets("tags") == [] if "tags" in catalogue.field_names() else True
    writer.put(a, writer.document("b.jpg", picture="another"))
    assert paths(catalogue, "tags", "red") == ["a.jpg"]
    assert catalogue.matching_items("red").size == 1
    assert catalogue.matching_items('grams : "自行 行车"').size == 1
    assert paths(catalogue, "tags", "green") == []  # another picture
    writer.put(b)
    assert paths(catalogue, "tags", "green") == ["b.jpg"]
    assert catalogue._database.rows("SELECT * FROM departed") == []


def test_a_picture_that_changes_and_changes_back_has_its_fields_again(writer: Writer) -> None:
    catalogue = writer.catalogue
    before, after = writer.document("a.jpg", picture="A"), writer.document("a.jpg", picture="B")
    writer.put(before)
    catalogue.set_field("tags", {catalogue.find("a.jpg")[0]: "red"})
    writer.put(after)
    assert catalogue.document_items(catalogue.find("a.jpg")[0])[0].fields == {}
    writer.put(before)
    assert paths(catalogue, "tags", "red") == ["a.jpg"]


def test_what_comes_back_elsewhere_has_the_fields_too_and_leaves_them_to_the_first(writer: Writer) -> None:
    catalogue = writer.catalogue
    first, moved = writer.document("a.jpg", picture="A"), writer.document("moved/a.jpg", picture="A")
    writer.put(first)
    catalogue.set_field("tags", {catalogue.find("a.jpg")[0]: "red"})
    catalogue.remove(catalogue.find("a.jpg"))
    writer.put(moved)
    assert paths(catalogue, "tags", "red") == ["moved/a.jpg"]
    writer.put(first)
    assert paths(catalogue, "tags", "red") == ["a.jpg", "moved/a.jpg"]


def test_a_field_of_the_corpus_wins_over_one_that_comes_back(writer: Writer) -> None:
    catalogue = writer.catalogue
    document = writer.document("a.jpg", picture="A")
    writer.put(document)
    catalogue.set_field("tags", {catalogue.find("a.jpg")[0]: "red"})
    catalogue.remove(catalogue.find("a.jpg"))
    writer.put(writer.document("a.jpg", picture="A", fields={"Tags": "blue"}))
    assert catalogue.document_items(catalogue.find("a.jpg")[0])[0].fields == {"Tags": "blue"}


def test_chinese_tags_are_found_beside_the_chinese_title(filled: Catalogue) -> None:
    a, _ = ids(filled)
    filled.set_field("tags", {a: "自行车"})
    assert filled.matching_items('grams : "自行 行车"').size == 1
    assert filled.matching_items('grams : "北京"').size == 1
    filled.set_field("tags", {a: None})
    assert filled.matching_items('grams : "自行"').size == 0
    assert filled.matching_items('grams : "北京"').size == 1


def test_the_word_indexes_agree_with_the_documents_afterwards(filled: Catalogue) -> None:
    a, b = ids(filled)
    filled.set_field("tags", {a: "red; 绿色", b: "green"})
    filled.set_field("tags", {a: "blue", b: None})
    assert wordindex.damage(filled._database) == []


def test_many_documents_are_tagged_in_pieces(filled: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging, "_DOCUMENTS_AT_ONCE", 1)
    assert filled.set_field("tags", dict.fromkeys(ids(filled), "red")) == 2
    assert paths(filled, "tags", "red") == ["a.jpg", "b.jpg"]


def stored_anew(
    writer: Writer, picture: str, fields: dict[str, str | int | float | bool]
) -> dict[str, object]:
    """The fields of a.jpg after it was tagged and then read again, as storing does it."""
    catalogue = writer.catalogue
    [number] = catalogue.find("a.jpg")
    with catalogue.transaction():
        kept = tagging.keep(catalogue._database, [number])
        writer.put(writer.document("a.jpg", picture=picture, stamp="2", fields=fields))
        wordindex.forget(catalogue._database, [number])
        catalogue._database.connection.execute(
            "DELETE FROM fields WHERE document_id = ? AND name = 'tags' AND text = 'red'", (number,)
        )
        tagging.restore(catalogue._database, kept)
        wordindex.learn(catalogue._database, [number])
    assert wordindex.damage(catalogue._database) == []
    return dict(catalogue.document_items(number)[0].fields)


def test_tags_come_back_when_a_document_is_read_again_and_shows_the_same(
    filled: Catalogue, writer: Writer
) -> None:
    filled.set_field("tags", {ids(filled)[0]: "red"})
    assert stored_anew(writer, "A", {"year": 1991}) == {"year": 1991, "tags": "red"}


def test_tags_go_when_the_document_shows_something_else(filled: Catalogue, writer: Writer) -> None:
    filled.set_field("tags", {ids(filled)[0]: "red"})
    assert stored_anew(writer, "another picture", {}) == {}


def test_a_field_that_the_corpus_brings_along_by_now_wins(filled: Catalogue, writer: Writer) -> None:
    filled.set_field("tags", {ids(filled)[0]: "red"})
    assert stored_anew(writer, "A", {"tags": "by hand"}) == {"tags": "by hand"}


def test_writing_to_an_index_wants_its_lock_and_updates_the_manifest(directory: IndexDirectory) -> None:
    with Catalogue.open(directory.catalogue_path) as catalogue:
        [number] = catalogue.find("a.jpg")
    with directory.write_lock(), pytest.raises(IndexLockedError):
        write_field(directory, "tags", {number: "red"})
    assert write_field(directory, "tags", {number: "red"}) == 1
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert directory.manifest().generation == catalogue.generation()
        assert paths(catalogue, "tags", "red") == ["a.jpg"]
