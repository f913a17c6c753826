"""Documents that are stored in several parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mmsearch.store.catalogue.values import Instalment, NewDocument
from mmsearch.store.catalogue.words import index as wordindex

if TYPE_CHECKING:
    from mmsearch.store.catalogue.catalogue import Catalogue

PASSAGES = tuple(f"the {word} page" for word in ("first", "second", "third", "fourth", "fifth", "sixth"))


def in_parts(document: NewDocument, size: int, upto: int | None = None) -> list[Instalment]:
    starts = list(range(0, len(document.items), size))
    parts = [
        Instalment(replace(document, items=document.items[n : n + size]), n, n + size >= len(document.items))
        for n in starts
    ]
    return parts[:upto]


def state(catalogue: Catalogue) -> list[tuple[Any, ...]]:
    assert wordindex.damage(catalogue._database) == []
    found = catalogue.items(catalogue.select_items())
    stamps = {one.document_id: one.stamp for one in catalogue.known_documents(1, 1).values()}
    return sorted((i.path, stamps[i.document_id], str(i.locator), i.text, i.title) for i in found)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_parts_come_to_what_the_whole_comes_to(catalogue: Catalogue, writer: Any, size: int) -> None:
    document = writer.document("a.pdf", title="Pages", passages=PASSAGES, fields={"author": "Ada"})
    writer.put(document)
    whole = state(catalogue)
    catalogue.remove(catalogue.find("a.pdf"))
    for part in in_parts(document, size):
        catalogue.put_instalments([part], writer.encoder_id)
        state(catalogue)
    assert state(catalogue) == whole
    first = catalogue.matching_items("ada")
    assert [one.text for one in catalogue.items(first)] == ["the first page"]


def test_what_is_still_there_keeps_its_id_and_what_is_gone_goes_with_the_last_part(
    catalogue: Catalogue, writer: Any
) -> None:
    old = writer.document("a.pdf", title="Old", passages=PASSAGES)
    catalogue.put_instalments(in_parts(old, 2), writer.encoder_id)
    ids = {item.text: item.item_id for item in catalogue.items(catalogue.select_items())}
    new = writer.document(
        "a.pdf", title="New", passages=(*PASSAGES[:3], "something new", *PASSAGES[4:5]), stamp="2"
    )
    first, second, *_ = in_parts(new, 3)
    catalogue.put_instalments([first], writer.encoder_id)
    assert catalogue.known_documents(1, 1)["a.pdf"].stamp == ""
    assert {one[3] for one in state(catalogue)} == set(PASSAGES)  # it finds what it found before
    catalogue.put_instalments([second], writer.encoder_id)
    left = {item.text: item.item_id for item in catalogue.items(catalogue.select_items())}
    assert {text: left[text] for text in PASSAGES[:3]} == {text: ids[text] for text in PASSAGES[:3]}
    assert set(left) == {*PASSAGES[:3], "something new", PASSAGES[4]}
    assert {(stamp, title) for _, stamp, _, _, title in state(catalogue)} == {("2", "New")}
    assert catalogue.matching_items("old").size == 0


def test_a_run_that_ended_between_two_parts_is_made_good_by_the_next(
    catalogue: Catalogue, writer: Any
) -> None:
    document = writer.document("a.pdf", title="Pages", passages=PASSAGES)
    catalogue.put_instalments(in_parts(document, 2), writer.encoder_id)
    whole = state(catalogue)
    for _ in range(2):
        catalogue.put_instalments(in_parts(document, 2, upto=2), writer.encoder_id)
        state(catalogue)
    catalogue.put_instalments(in_parts(document, 3), writer.encoder_id)
    assert state(catalogue) == whole
    short = replace(document, items=document.items[:2])
    catalogue.put_instalments(in_parts(document, 2, upto=1), writer.encoder_id)
    catalogue.put_instalments([Instalment(short)], writer.encoder_id)
    assert [one[3] for one in state(catalogue)] == list(PASSAGES[:2])


def test_given_fields_come_back_when_all_parts_are_what_they_were(catalogue: Catalogue, writer: Any) -> None:
    document = writer.document("a.pdf", passages=PASSAGES)
    catalogue.put_instalments(in_parts(document, 2), writer.encoder_id)
    [number] = catalogue.find("a.pdf")
    catalogue.set_field("tags", {number: "paper"})
    catalogue.put_instalments(in_parts(document, 4), writer.encoder_id)
    assert catalogue.document_items(number)[0].fields == {"tags": "paper"}
    changed = writer.document("a.pdf", passages=(*PASSAGES[:5], "another"))
    catalogue.put_instalments(in_parts(changed, 4), writer.encoder_id)
    assert catalogue.document_items(number)[0].fields == {}
    assert wordindex.damage(catalogue._database) == []


def test_a_part_without_those_before_it_is_refused(catalogue: Catalogue, writer: Any) -> None:
    document = writer.document("a.pdf", passages=PASSAGES)
    with pytest.raises(ValueError, match="could be continued"):
        catalogue.put_instalments(in_parts(document, 2)[1:], writer.encoder_id)
