from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.search.results.snippets import LENGTH, Snippet, snippet

FILLER = "Nothing to see here at all. " * 20


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("A red bicycle by the sea", "red bicycles", "A [red] [bicycle] by the sea"),
        ("Running and runs", "run", "[Running] and [runs]"),
        ("the cat sat", "the", "[the] cat sat"),
        ("The cat sat", "the cat", "The [cat] sat"),
        ("category", "cat", "category"),
        ("北京大学的图书馆", "大学", "北京[大学]的图书馆"),
        ("在北京大学图书馆里", "北京大学图书馆", "在[北京大学图书馆]里"),
        ("학교에서 친구들과", "학교", "[학교]에서 친구들과"),
        ("photography", "photo*", "[photography]"),
        ("a (b) c", "(b)", "a ([b]) c"),
        ("no match", "zebra", "no match"),
    ],
)
def test_the_words_that_were_looked_for_are_marked(text: str, query: str, expected: str) -> None:
    assert snippet(text, query).marked("[", "]") == expected


def test_pieces_are_marked_within_words() -> None:
    assert snippet("Two motorbikes", "otorb", pieces=("otorb",)).marked("[", "]") == "Two m[otorb]ikes"
    assert snippet("A motorbike", "motorbike torbi", pieces=("torbi",)).marked("[", "]") == "A [motorbike]"


def test_a_long_text_is_cut_around_most_of_the_words() -> None:
    text = f"{FILLER}a bicycle. {FILLER}A red bicycle leans against the wall. {FILLER}"
    cut = snippet(text, "red bicycle wall")
    assert "red bicycle leans against the wall" in cut.text
    assert len(cut.highlights) == 3
    assert cut.cut_before
    assert cut.cut_after
    assert cut.marked("", "").startswith("…")
    assert cut.marked("", "").endswith("…")


@given(st.text(max_size=600), st.text(max_size=30))
def test_a_snippet_is_a_piece_of_the_text_with_places_inside(text: str, query: str) -> None:
    cut = snippet(text, query)
    assert cut.text in text
    assert len(cut.text) <= LENGTH
    places = [place for span in cut.highlights for place in span]
    assert places == sorted(places)
    assert all(0 <= place <= len(cut.text) for place in places)
    assert cut.marked("", "").strip("…") == cut.text.strip("…")


def test_marks_are_put_around_every_highlight() -> None:
    assert Snippet("red car", ((0, 3), (4, 7))).marked("<b>", "</b>") == "<b>red</b> <b>car</b>"


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("HAUPTSTRASSE lodz", "Die Hauptstraße in Łódź", "Die [Hauptstraße] in [Łódź]"),
        ("official", "The oﬃcial report", "The [oﬃcial] report"),
        ("zürich", "Zu\u0308rich", "[Zu\u0308rich]"),
        ("9783161484100", "ISBN 978-3-16-148410-0", "ISBN [978-3-16-148410-0]"),
        ("zx-9041", "ZX9041, ZX 9041, zx90411", "[ZX9041], [ZX 9041], zx90411"),
        ("C++", "C++ and C", "[C++] and C"),
        ("🎂", "party 🎂 now", "party [🎂] now"),
        ("กรุงเทพ", "ไปกรุงเทพมหานคร", "ไป[กรุงเทพ]มหานคร"),
        ("北京大学图书馆在哪里", "北京大学的图书馆很大", "[北京大学]的[图书馆]很大"),
    ],
)
def test_words_are_marked_by_the_form_that_they_are_found_by(query: str, text: str, marked: str) -> None:
    assert snippet(text, query).marked("[", "]") == marked
