from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.values import KnownDocument, NewItem
from mmsearch.types import Locator

if TYPE_CHECKING:
    from mmsearch.types import FieldValue


def ids_by_path(catalogue: Catalogue, path: str) -> list[int]:
    [document] = catalogue.find(path)
    return [item.item_id for item in catalogue.document_items(document)]


def test_what_is_stored_comes_back(catalogue: Catalogue, writer: Any) -> None:
    fields: dict[str, FieldValue] = {"year": 1990, "creator": "Ada; Grace", "scanned": True, "size": 1.5}
    writer.put(writer.document("a/b.jpg", picture="B", title="Bicycle", captions=("red",), fields=fields))

    image, caption = catalogue.document_items(1)

    assert (image.modality, image.locator, image.text) == ("image", Locator(), None)
    assert (caption.modality, caption.locator, caption.text) == ("text", Locator("caption", 0), "red")
    for item in (image, caption):
        assert (item.corpus_root, item.path, item.title) == ("/corpus", "a/b.jpg", "Bicycle")
        assert dict(item.fields) == fields
    assert [type(value) for value in image.fields.values()] == [int, str, bool, float]


def test_items_come_in_the_order_asked_for_and_unknown_ones_are_left_out(
    catalogue: Catalogue, writer: Any
) -> None:
    writer.put(writer.document("a.txt", passages=("one", "two", "three")))
    assert [item.text for item in catalogue.items([3, 99, 1])] == ["three", "one"]
    assert [item.text for item in catalogue.items(np.array([2, 2]))] == ["two", "two"]
    assert catalogue.items([]) == []


def test_the_same_corpus_and_encoder_keep_their_ids(catalogue: Catalogue) -> None:
    assert catalogue.add_corpus("/x") == catalogue.add_corpus("/x")
    assert catalogue.add_corpus("/y") != catalogue.add_corpus("/x")
    first = catalogue.add_encoder("a/b c", "f" * 64, 8, ["text", "image"])
    assert catalogue.add_encoder("renamed", "f" * 64, 8, ["text", "image"]) == first
    [record] = catalogue.encoders()
    assert (record.name, record.modalities, record.folder) == (
        "a/b c",
        ("image", "text"),
        "a-b-c-" + "f" * 12,
    )


def test_a_moved_corpus_shows_its_new_place(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.txt", passages=("one",)))
    catalogue.move_corpus(writer.corpus_id, "/elsewhere")
    assert catalogue.items([1])[0].corpus_root == "/elsewhere"
    assert catalogue.find("/elsewhere/a.txt") == [1]
    catalogue.add_corpus("/taken")
    with pytest.raises(ValueError, match="another corpus"):
        catalogue.move_corpus(writer.corpus_id, "/taken")
    with pytest.raises(ValueError, match="no corpus has the id 77"):
        catalogue.move_corpus(77, "/nowhere")


def test_an_unchanged_item_of_a_changed_document_keeps_its_id(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.txt", passages=("one", "two", "six")))
    writer.put(writer.document("a.txt", passages=("one", "ten", "six"), stamp="2", title="New"))
    items = catalogue.document_items(1)
    assert [(item.item_id, item.text, item.title) for item in items] == [
        (1, "one", "New"),
        (4, "ten", "New"),
        (3, "six", "New"),
    ]


def test_equal_items_of_one_document_stay_apart(catalogue: Catalogue, writer: Any) -> None:
    twin = writer.item("text", "page:1", "echo", "echo")
    document = replace(writer.document("a.txt"), items=(twin, twin))
    writer.put(document)
    writer.put(document)
    assert ids_by_path(catalogue, "a.txt") == [1, 2]
    writer.put(replace(document, items=(twin,)))
    assert ids_by_path(catalogue, "a.txt") == [1]


def test_ids_are_never_used_again(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.txt", passages=("one", "two")))
    catalogue.remove([1])
    writer.put(writer.document("a.txt", passages=("one",)))
    assert catalogue.find("a.txt") == [2]
    assert ids_by_path(catalogue, "a.txt") == [3]


def test_a_document_without_items_is_known(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("empty.txt"))
    assert catalogue.document_items(1) == []
    assert "empty.txt" in catalogue.known_documents(writer.corpus_id, writer.encoder_id)


def test_one_path_twice_in_a_batch_is_refused_and_nothing_is_stored(
    catalogue: Catalogue, writer: Any
) -> None:
    with pytest.raises(ValueError, match="twice"):
        writer.put(writer.document("a.txt"), writer.document("a.txt"))
    assert catalogue.statistics().documents == 0


def test_a_row_of_another_content_is_refused_and_nothing_is_stored(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.jpg", picture="A"))
    taken = NewItem("image", Locator(), b"x" * 32, None, 0)
    with pytest.raises(sqlite3.IntegrityError):
        catalogue.put([replace(writer.document("b.jpg"), items=(taken,))], writer.encoder_id)
    assert catalogue.find("b.jpg") == []
    assert catalogue.highest_row(writer.encoder_id, "image") == 0


# --- vectors ---------------------------------------------------------------------------------------------


def test_equal_contents_share_a_row_and_copies_need_none(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.jpg", picture="A"), writer.document("b.jpg", picture="B"))
    writer.put(writer.document("copy.jpg", picture="A"))
    ids, rows = catalogue.embeddings(writer.encoder_id, "image")
    assert (ids.tolist(), rows.tolist()) == ([1, 2, 3], [0, 1, 0])
    assert ids.dtype == rows.dtype == np.int64


def test_a_content_keeps_its_first_row(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.jpg", picture="A"))
    [item] = writer.document("a.jpg", picture="A").items
    catalogue.put([replace(writer.document("twin.jpg"), items=(replace(item, row=5),))], writer.encoder_id)
    assert catalogue.embeddings(writer.encoder_id, "image")[1].tolist() == [0, 0]
    assert catalogue.highest_row(writer.encoder_id, "image") == 0


def test_rows_are_found_by_key_within_their_encoder_and_modality(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.jpg", picture="A", captions=("A",)))
    [image, caption] = writer.document("a.jpg", picture="A", captions=("A",)).items
    assert image.key == caption.key
    other = catalogue.add_encoder("other", "b" * 64, 4, ["image"])
    many = [bytes([n % 256, n // 256]) * 16 for n in range(2500)]
    assert catalogue.rows_of_keys(writer.encoder_id, "image", [*many, image.key]) == {image.key: 0}
    assert catalogue.rows_of_keys(other, "image", [image.key]) == {}
    assert catalogue.rows_of_keys(writer.encoder_id, "audio", [image.key]) == {}


def test_an_index_without_vectors_gives_empty_arrays(catalogue: Catalogue, writer: Any) -> None:
    ids, rows = catalogue.embeddings(writer.encoder_id, "image")
    assert ids.shape == rows.shape == (0,)
    assert ids.dtype == np.int64
    assert catalogue.highest_row(writer.encoder_id, "image") == -1
    assert catalogue.select_items().shape == (0,)


def test_removed_content_is_not_encoded_again(catalogue: Catalogue, writer: Any) -> None:
    document = writer.document("a.jpg", picture="A")
    writer.put(document)
    assert catalogue.remove([1, 99]) == 1
    assert catalogue.embeddings(writer.encoder_id, "image")[0].tolist() == []
    assert catalogue.statistics().tombstones == 1
    assert catalogue.highest_row(writer.encoder_id, "image") == 0
    assert catalogue.rows_of_keys(writer.encoder_id, "image", [document.items[0].key]) == {
        document.items[0].key: 0
    }


def test_a_second_encoder_keeps_the_vectors_of_the_first(catalogue: Catalogue, writer: Any) -> None:
    document = writer.document("a.jpg", picture="A", captions=("red",))
    writer.put(document)
    other = catalogue.add_encoder("other", "b" * 64, 4, ["image"])
    assert not catalogue.known_documents(writer.corpus_id, other)["a.jpg"].complete
    image, caption = document.items
    catalogue.put([replace(document, items=(replace(image, row=3), replace(caption, row=None)))], other)
    assert catalogue.known_documents(writer.corpus_id, other)["a.jpg"].complete
    assert catalogue.embeddings(other, "image")[1].tolist() == [3]
    assert catalogue.embeddings(writer.encoder_id, "image")[1].tolist() == [0]
    assert catalogue.embeddings(writer.encoder_id, "text")[0].tolist() == [2]


def test_a_document_is_complete_when_each_item_of_the_encoders_modalities_has_a_vector(
    catalogue: Catalogue, writer: Any
) -> None:
    image = NewItem("image", Locator(), b"i" * 32, None, None)
    sound = NewItem("audio", Locator(), b"s" * 32, None, None)
    writer.put(
        writer.document("a.jpg", picture="A"),
        replace(writer.document("b.jpg"), items=(image,)),
        replace(writer.document("c.wav"), items=(sound,)),
    )
    assert catalogue.known_documents(writer.corpus_id, writer.encoder_id) == {
        "a.jpg": KnownDocument(1, "1", True),
        "b.jpg": KnownDocument(2, "1", False),
        "c.wav": KnownDocument(3, "1", True),
    }
    assert catalogue.known_documents(writer.corpus_id + 1, writer.encoder_id) == {}


# --- renaming, touching, finding -------------------------------------------------------------------------


def test_a_renamed_document_keeps_its_items_and_is_found_by_its_new_name_only(
    catalogue: Catalogue, writer: Any
) -> None:
    writer.put(writer.document("old/IMG_1.jpg", picture="A", captions=("red",)))
    catalogue.rename(1, "new/Sunset.jpg", "2")
    assert ids_by_path(catalogue, "new/Sunset.jpg") == [1, 2]
    assert catalogue.find("old/IMG_1.jpg") == []
    assert catalogue.matching_items("sunset").tolist() == [1]
    assert catalogue.matching_items("img").tolist() == []
    assert catalogue.known_documents(writer.corpus_id, writer.encoder_id)["new/Sunset.jpg"].stamp == "2"
    with pytest.raises(ValueError, match="no document has the id 9"):
        catalogue.rename(9, "x", "")


def test_a_rename_removes_what_stood_there(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.jpg", picture="A"), writer.document("b.jpg", picture="B"))
    catalogue.rename(1, "b.jpg", "2")
    assert catalogue.find("b.jpg") == [1]
    assert catalogue.document_items(2) == []
    catalogue.rename(1, "b.jpg", "3")
    assert catalogue.find("b.jpg") == [1]


def test_documents_are_found_by_what_they_contain(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.jpg", picture="A"), writer.document("copy/a.jpg", picture="A"))
    writer.put(writer.document("b.jpg", picture="B", captions=("A",)))
    key = writer.item("image", "whole", "A").key
    assert catalogue.documents_with_key(writer.corpus_id, key) == [
        (1, "a.jpg"),
        (3, "b.jpg"),
        (2, "copy/a.jpg"),
    ]
    assert catalogue.documents_with_key(writer.corpus_id, b"?" * 32) == []
    assert catalogue.documents_with_key(writer.corpus_id + 1, key) == []


def test_touching_changes_nothing_but_the_stamp(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.jpg", picture="A"), writer.document("b.jpg", picture="B"))
    before = catalogue.generation()
    catalogue.touch({1: "new"})
    known = catalogue.known_documents(writer.corpus_id, writer.encoder_id)
    assert [document.stamp for document in known.values()] == ["new", "1"]
    assert catalogue.generation() == before


@pytest.mark.parametrize(
    ("path", "documents"),
    [
        ("x/a.jpg", [1]),
        ("a.jpg", [2]),  # exact goes before the end of another
        ("b.jpg", [3]),
        ("/corpus/x/a.jpg", [1]),
        ("y/b.jpg", [3]),
        (".jpg", []),
        ("%", []),
        ("", []),
        ("100%_Zoë.jpg", [4]),
    ],
)
def test_a_document_is_found_by_its_path_or_the_end_of_it(
    catalogue: Catalogue, writer: Any, path: str, documents: list[int]
) -> None:
    for place in ("x/a.jpg", "a.jpg", "x/y/b.jpg", "z/100%_Zoë.jpg"):
        writer.put(writer.document(place, picture=place))
    assert catalogue.find(path) == documents


def test_documents_of_items_are_aligned_with_them(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a", passages=("one", "two")), writer.document("b", passages=("three",)))
    assert catalogue.documents_of_items(np.array([3, 99, 1, 1])).tolist() == [2, -1, 1, 1]
    assert catalogue.documents_of_items(np.array([], dtype=np.int64)).tolist() == []


# --- states ----------------------------------------------------------------------------------------------


def test_the_generation_grows_with_what_can_be_found(catalogue: Catalogue, writer: Any) -> None:
    generations = [catalogue.generation()]
    for change in (
        lambda: writer.put(writer.document("a.jpg", picture="A")),
        lambda: catalogue.rename(1, "b.jpg", ""),
        lambda: catalogue.remove([1]),
        lambda: catalogue.add_encoder("other", "b" * 64, 4, ["image"]),
    ):
        change()
        generations.append(catalogue.generation())
    assert generations == sorted(set(generations))
    catalogue.remove([1])
    assert catalogue.generation() == generations[-1]


def test_a_transaction_is_all_or_nothing(catalogue: Catalogue, writer: Any) -> None:
    def interrupted() -> None:
        with catalogue.transaction():
            writer.put(writer.document("a.jpg", picture="A"))
            catalogue.add_corpus("/other")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert catalogue.find("a.jpg") == []
    assert [corpus.root for corpus in catalogue.corpora()] == ["/corpus"]
    assert catalogue.matching_items("a").tolist() == []


def test_a_snapshot_sees_one_state_while_another_writes(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.jpg", picture="A"))
    with Catalogue.open(catalogue.path) as reader:
        with reader.snapshot():
            assert reader.find("a.jpg") == [1]
            catalogue.remove([1])
            assert reader.find("a.jpg") == [1]
        assert reader.find("a.jpg") == []


def test_a_reader_can_not_write(catalogue: Catalogue) -> None:
    from mmsearch.errors import IndexDirectoryError

    with Catalogue.open(catalogue.path) as reader, pytest.raises(IndexDirectoryError, match="readonly"):
        reader.add_corpus("/x")


def test_statistics_count_what_is_there(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.jpg", picture="A", captions=("red", "blue"), fields={"year": 1990}))
    writer.put(writer.document("b.jpg", picture="A", fields={"tags": "x; y"}))
    statistics = catalogue.statistics()
    assert statistics.documents == 2
    assert dict(statistics.items) == {"image": 2, "text": 2}
    assert dict(statistics.vectors) == {("pocket", "image"): 1, ("pocket", "text"): 2}
    assert (statistics.tombstones, statistics.fields) == (0, 2)
    assert statistics.catalogue_bytes > 0
    assert [corpus.root for corpus in statistics.corpora] == ["/corpus"]


@pytest.mark.parametrize(("key", "row"), [(b"short", 0), (b"x" * 32, -1)])
def test_a_malformed_item_is_refused(key: bytes, row: int) -> None:
    with pytest.raises(ValueError, match=r"bytes|negative"):
        NewItem("image", Locator(), key, None, row)


def test_a_path_is_found_in_whatever_normal_form_it_is_stored_and_asked_for(
    catalogue: Catalogue, writer: Any
) -> None:
    writer.put(
        writer.document("o/Zu\u0308rich.txt", passages=("a",)), writer.document("Łódź.txt", passages=("b",))
    )
    for path in ("o/Zürich.txt", "Zürich.txt", "o/Zu\u0308rich.txt", "/corpus/o/Zürich.txt"):
        assert catalogue.find(path) == [1]
    assert catalogue.find("Ło\u0301dz\u0301.txt") == [2]
    assert catalogue.find("zürich.txt") == []
