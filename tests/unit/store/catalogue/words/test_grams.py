from __future__ import annotations

import pytest

from mmsearch.store.catalogue.words.grams import (
    grams,
    grams_query,
    joined_codes,
    joined_grams,
    name_words,
    searchable,
    signed_words,
    unspaced_runs,
)
from mmsearch.store.folding import folded


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("scans/IMG_2034-RedBicycle.jpg", "scans IMG 2034 Red Bicycle RedBicycle img2034redbicycle"),
        ("a/b c.tar.gz", "a b c tar"),
        ("HTMLParser2.md", "HTML Parser 2 HTMLParser2"),
        ("Ünïcode/straßeÄrger.png", "Ünïcode straße Ärger straßeÄrger"),
        ("北京/照片.jpg", "北京 照片"),
        ("no-suffix.longerthanone", "no suffix longerthanone"),
        (".hidden", "hidden dothidden"),
        ("ZX-9041 C++ Primer 🎂.pdf", "ZX 9041 C Primer zx9041 cplusplus 🎂"),
        ("Zu\u0308rich.png", "Zürich"),
        ("किताब.png", "किताब"),
        ("", ""),
    ],
)
def test_a_path_is_split_into_its_words(path: str, words: str) -> None:
    assert name_words(path) == words


def test_text_without_chinese_japanese_or_korean_has_no_grams() -> None:
    assert grams("plain words, żółć, русский") is None
    assert joined_grams([None, "", "plain"]) is None


def test_a_run_becomes_its_bigrams_and_its_last_character() -> None:
    assert grams("在北京大学 and 東京") == "在北 北京 京大 大学 学 東京 京"


def test_half_width_katakana_are_the_same_as_full_width() -> None:
    assert grams("ｶﾒﾗ") == grams("カメラ")
    assert grams_query(folded("ｶﾒﾗ")) == grams_query("カメラ")


def test_runs_are_found_in_order() -> None:
    assert unspaced_runs("red 北京, 한국어 and カメラ!") == ["北京", "한국어", "カメラ"]
    assert unspaced_runs("ไป 東京กรุงเทพ ภูเขา") == ["ไป", "東京", "กรุงเทพ", "ภูเขา"]
    assert unspaced_runs("ລາວ ភ្នំពេញ မြန်မာ") == ["ລາວ", "ភ្នំពេញ", "မြန်မာ"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("isbn 978-3-16-148410-0", ["9783161484100"]),
        ("isbn 978 3 16 148410 0", ["9783161484100"]),
        ("zx-9041/b and zx_9041", ["zx9041b", "zx9041"]),
        ("1,234,567 or 1.234.567 or 1 234 567", ["1234567"]),
        ("3.5 and 1.2.3", []),  # decimal numbers and versions are what they are
        ("1998 1999 2000", []),  # years in a row are no number
        ("state-of-the-art, well-known", []),
        ("no digits at all", []),
    ],
)
def test_codes_and_numbers_are_kept_without_their_separators_too(text: str, codes: list[str]) -> None:
    assert joined_codes(text) == codes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("c++ and c# and f#, notepad++", ["cplusplus", "csharp", "fsharp", "notepadplusplus"]),
        (".net or (.net) or asp .net", ["dotnet"]),
        ("a+b, 1+1, #tag, end. next", []),
    ],
)
def test_signs_make_other_words(text: str, words: list[str]) -> None:
    assert signed_words(text) == words


def test_emoji_are_words_and_a_flag_is_one() -> None:
    words = searchable("🎂cake 🇩🇪🎂\ufe0f").split()
    assert words[0] == words[3]
    assert words[1] == "cake"
    assert len(words) == 4
    assert all(word.isalnum() for word in words)


def test_what_is_searchable_is_folded_and_without_the_runs_that_grams_hold() -> None:
    assert searchable("Straße 北京 Łódź").split() == ["strasse", "lodz"]


@pytest.mark.parametrize(("run", "query"), [("北", '"北" *'), ("北京", '"北京"'), ("北京大", '"北京 京大"')])
def test_a_query_is_a_phrase_of_bigrams_or_a_prefix(run: str, query: str) -> None:
    assert grams_query(run) == query
