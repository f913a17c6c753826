from __future__ import annotations

import pytest

from mmsearch.store.catalogue.words.grams import cjk_runs, grams, grams_query, joined_grams, name_words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("scans/IMG_2034-RedBicycle.jpg", "scans IMG 2034 Red Bicycle RedBicycle"),
        ("a/b c.tar.gz", "a b c tar"),
        ("HTMLParser2.md", "HTML Parser 2 HTMLParser2"),
        ("Ünïcode/straßeÄrger.png", "Ünïcode straße Ärger straßeÄrger"),
        ("北京/照片.jpg", "北京 照片"),
        ("no-suffix.longerthanone", "no suffix longerthanone"),
        (".hidden", "hidden"),
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
    assert grams_query("ｶﾒﾗ") == grams_query("カメラ")


def test_runs_are_found_in_order() -> None:
    assert cjk_runs("red 北京, 한국어 and カメラ!") == ["北京", "한국어", "カメラ"]


@pytest.mark.parametrize(("run", "query"), [("北", '"北" *'), ("北京", '"北京"'), ("北京大", '"北京 京大"')])
def test_a_query_is_a_phrase_of_bigrams_or_a_prefix(run: str, query: str) -> None:
    assert grams_query(run) == query
