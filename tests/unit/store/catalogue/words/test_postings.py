"""Lists of which entries have a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.catalogue.words import postings

if TYPE_CHECKING:
    from mmsearch.store.catalogue.catalogue import Catalogue


def where(catalogue: Catalogue, word: str) -> dict[tuple[str, int], int]:
    """(column, item) -> how often, of entries that are still there."""
    entries = catalogue.word_entries()
    items = dict(zip(entries.ids.tolist(), entries.items.tolist(), strict=True))
    return {
        (posting.column, items[entry]): count
        for posting in catalogue.postings([((word,), "")])[0]
        for entry, count in zip(posting.entries.tolist(), posting.counts.tolist(), strict=True)
        if entry in items
    }


def test_each_column_has_its_own_counts(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("dog.txt", title="Dogs", passages=("A dog and a dog.", "No cat.")))
    assert where(catalogue, "dog") == {("name", 1): 1, ("title", 1): 1, ("text", 1): 2}
    assert where(catalogue, "cats") == {("text", 2): 1}
    assert where(catalogue, "bird") == {}
    entries = catalogue.word_entries()
    assert entries.items.tolist() == [1, 2]
    assert entries.tokens.tolist() == [1 + 1 + 5, 2]


def test_single_characters_are_counted_wherever_they_stand(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.txt", passages=("北京大学的大门",)))
    [(place, count)] = where(catalogue, "大").items()
    assert (place[0], count) == ("grams", 2)
    assert list(where(catalogue, "北京").values()) == [1]
    assert catalogue.word_entries().tokens.sum() == 1 + 7  # the name, and seven characters


def test_what_is_forgotten_is_no_entry_and_a_new_run_adds_to_the_lists(
    catalogue: Catalogue, writer: Any
) -> None:
    for number in range(30):
        writer.put(writer.document(f"{number}.txt", passages=(f"stone {number}",)))
    catalogue.remove(catalogue.find("3.txt"))
    writer.put(writer.document("4.txt", passages=("gravel",), stamp="2"))
    before = where(catalogue, "stone")
    assert len(before) == 28
    pieces = "SELECT count(*) FROM postings WHERE token = 'stone'"
    assert catalogue._database.value(pieces) == 30
    catalogue.tidy()
    assert catalogue._database.value(pieces) == 1
    assert where(catalogue, "stone") == before
    [[joined]] = catalogue.postings([(("stone",), "")])
    assert joined.entries.size == 28  # those that were taken out are left out
    assert wordindex.damage(catalogue._database) == []


def test_lists_that_disagree_with_the_entries_are_damage(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.txt", passages=("stone upon stone",)))
    assert postings.are_sound(catalogue._database.connection)
    for harm in (
        "DELETE FROM postings WHERE token = 'stone'",
        "DELETE FROM entries WHERE item_id = 1",
        "UPDATE entries SET tokens = tokens + 1 WHERE item_id = 1",
        "INSERT INTO entries (item_id, tokens) SELECT item_id, tokens FROM entries",
    ):
        catalogue._database.connection.execute("SAVEPOINT harm")
        catalogue._database.connection.execute(harm)
        assert wordindex.damage(catalogue._database) == ["postings"]
        catalogue._database.connection.execute("ROLLBACK TO harm")
        catalogue._database.connection.execute("RELEASE harm")
    catalogue._database.connection.execute("DELETE FROM postings")
    with catalogue.transaction():
        wordindex.rebuild(catalogue._database)
    assert wordindex.damage(catalogue._database) == []


def test_a_phrase_has_postings_too(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.txt", passages=("an old stone bridge", "a bridge of stone")))
    [[found]] = catalogue.postings([((), '"stone bridge"')])
    entries = catalogue.word_entries()
    assert entries.items[np.isin(entries.ids, found.entries)].tolist() == [1]
