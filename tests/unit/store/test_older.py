"""A catalogue whose words were made by earlier rules."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from mmsearch.search.channels.lexical import match
from mmsearch.search.index.documents import Documents
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.conditions import Comparison
from mmsearch.store.catalogue.words import index as wordindex
from tests.unit.store.older import made_older

if TYPE_CHECKING:
    from pathlib import Path


def found(catalogue: Catalogue, text: str) -> list[str]:
    documents = Documents.read(catalogue)
    matches = match(catalogue, documents, text, None, documents.ids.size)
    return sorted({item.path for item in catalogue.items(matches.ids.tolist())})


def filled(catalogue: Catalogue, writer: Any, version: int) -> Path:
    writer.put(
        writer.document("Łódź.txt", passages=("Die Hauptstraße, 978-3-16-148410-0", "and a bicycle")),
        writer.document("b.txt", passages=("two bicycles near a café",), fields={"city": "Zürich"}),
        *(writer.document(f"{n}.txt", passages=("nothing of the kind",)) for n in range(8)),
    )
    path = catalogue.path
    catalogue.close()
    made_older(path, version)
    return path


def test_it_is_read_as_it_is_and_answers_what_its_words_can(catalogue: Catalogue, writer: Any) -> None:
    path = filled(catalogue, writer, 2)
    before = path.read_bytes()
    with Catalogue.open(path) as older:
        assert found(older, "bicycle") == ["b.txt", "Łódź.txt"]
        assert found(older, "cafe") == ["b.txt"]
        assert found(older, "two bicycles") == ["b.txt", "Łódź.txt"]
        assert found(older, "lodz") == []  # its words don't know that
        assert older.select_items(Comparison("city", "=", "ZURICH")).size == 1
        assert older.find("Łódź.txt") == [1]
        assert older.statistics().unreadable == {}
    assert path.read_bytes() == before


def test_the_first_writer_makes_its_words_anew(catalogue: Catalogue, writer: Any) -> None:
    path = filled(catalogue, writer, 1)
    with Catalogue.open(path, write=True) as now:
        for text in ("lodz", "HAUPTSTRASSE", "9783161484100"):
            assert found(now, text) == ["Łódź.txt"]
        assert wordindex.damage(now._database) == []
    with sqlite3.connect(path) as connection:
        [[folded]] = connection.execute("SELECT folded FROM fields WHERE name = 'city'")
    connection.close()
    assert folded == "zurich"
