from __future__ import annotations

from pathlib import Path

import pytest

import mmsearch
from mmsearch.browse.asked import Asked, answer
from mmsearch.errors import UsageError
from mmsearch.store.catalogue.conditions import And, Comparison


def test_a_filter_is_added_and_taken_away() -> None:
    asked = Asked("a cat").filtered(("year", 1990)).filtered(("place", "Paris"))
    assert asked.filters == (("year", 1990), ("place", "Paris"))
    assert asked.condition == And((Comparison("year", "=", 1990), Comparison("place", "=", "Paris")))
    assert asked.filtered(("year", 1990)).condition == Comparison("place", "=", "Paris")
    assert Asked().condition is None


def test_what_is_clicked_changes_sides_and_is_undone(library: mmsearch.Library) -> None:
    one, two = library.search("a cat", k=2).hits
    asked = Asked().clicked("likes", one).clicked("likes", two)
    assert [number for number, _ in asked.likes] == [one.item_id, two.item_id]
    asked = asked.clicked("dislikes", one)
    assert ([n for n, _ in asked.likes], [n for n, _ in asked.dislikes]) == ([two.item_id], [one.item_id])
    assert asked.clicked("dislikes", one) == Asked().clicked("likes", two)
    asked = asked.filtered(("year", 1990))
    for _ in range(3):
        asked = asked.without_last()
    assert asked == asked.without_last() == Asked()


def test_nothing_asked_for_gives_what_came_last(library: mmsearch.Library) -> None:
    found = answer(library, Asked(), k=5)
    numbers = [hit.item_id for hit in found]
    assert len(numbers) == 5
    assert numbers == sorted(numbers, reverse=True)
    again = answer(library, Asked(), k=5, offset=5)
    assert max(hit.item_id for hit in again) < min(numbers)


def test_liking_recommends_and_with_words_it_is_a_mixture(library: mmsearch.Library) -> None:
    cat = library.search("a tabby cat", modality="image", k=1)[0]
    recommended = answer(library, Asked().clicked("likes", cat), k=6)
    assert cat.document_id not in {hit.document_id for hit in recommended}
    rest = answer(library, Asked().clicked("likes", cat), k=4, offset=2)
    assert [hit.document_id for hit in rest] == [hit.document_id for hit in recommended[2:]]
    mixed = answer(library, Asked("coffee").clicked("likes", cat), k=5)
    assert cat.document_id not in {hit.document_id for hit in mixed}
    assert {reason.part for hit in mixed for reason in hit.explanation} >= {"coffee"}
    with pytest.raises(UsageError):
        answer(library, Asked().clicked("dislikes", cat), k=5)


def test_only_what_was_entered_may_name_files(library: mmsearch.Library, demo_corpus: Path) -> None:
    words = f"@{demo_corpus / 'photos' / 'photo-04.png'}"
    typed = answer(library, Asked(words), k=1)
    assert "@" in str(typed.query)
    entered = answer(library, Asked(words, entered=True), k=1)
    assert entered[0].path == "photos/photo-04.png"
