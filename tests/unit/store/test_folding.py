"""One form for the many ways of writing the same letters."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.store.folding import composed, folded, folded_with_places


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Hauptstraße", "hauptstrasse"),
        ("Łódź, Sørensen, Đà Nẵng", "lodz, sorensen, da nang"),
        ("Œuvre Ærø þorn", "oeuvre aero thorn"),
        ("Boğazı BOĞAZI İzmir", "bogazi bogazi izmir"),
        ("Ελλάδας ΕΛΛΑΔΑΣ", "ελλαδασ ελλαδασ"),
        ("Самолёт й", "самолет и"),
        ("oﬃcial ﬂounder", "official flounder"),
        ("ＺＸ９０４１ CO₂", "zx9041 co2"),
        ("co\u00adoperate zero\u200bwidth \ufeffmark", "cooperate zerowidth mark"),
        ("كِتَاب كتـاب", "كتاب كتاب"),
        ("٣٤ ๓๔", "34 34"),
        ("don’t – no", "don't - no"),
        ("Windows™", "windows "),
        ("👍🏽 ❤\ufe0f", "👍 ❤"),
    ],
)
def test_ways_of_writing_are_one(text: str, plain: str) -> None:
    assert folded(text) == plain


@pytest.mark.parametrize("text", ["किताब", "กรุงเทพ", "が", "부산", "ភ្នំពេញ"])
def test_signs_that_make_other_words_stay(text: str) -> None:
    assert unicodedata.normalize("NFC", folded(text)) == unicodedata.normalize("NFC", text)
    assert folded("か") != folded("が")


@given(st.text(max_size=30))
def test_folding_again_changes_nothing_and_the_normal_form_does_not_matter(text: str) -> None:
    plain = folded(text)
    assert folded(plain) == plain
    assert folded(unicodedata.normalize("NFD", text)) == folded(unicodedata.normalize("NFC", text))


@given(st.text(st.sampled_from("aeßﬃŁ\u0301\u0308 か\u3099ᄇ\u1161각🎂\u200dZ"), max_size=20))
def test_places_lead_back_to_what_was_folded(text: str) -> None:
    plain, places = folded_with_places(text)
    assert len(places) == len(plain) + 1
    assert places == sorted(places)
    assert places[-1] == len(text)
    for start in range(len(plain)):
        assert folded(text[places[start] :]).startswith(plain[start:][:0])


def test_a_letter_keeps_its_place_whatever_it_becomes() -> None:
    plain, places = folded_with_places("oﬃce")
    assert plain == "office"
    assert places == [0, 1, 1, 1, 2, 3, 4]


def test_paths_are_composed() -> None:
    assert composed("Zu\u0308rich") == "Zürich"
    assert composed("plain") == "plain"
