from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mmsearch.search.channels import lexical
from mmsearch.search.channels.lexical import ALL_WORDS_EVALUE, PARTIAL, SCALE, items_with, match, name_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mmsearch.search.index.protocol import SearchIndex

Build = "Callable[[Sequence[Any]], SearchIndex]"

TEXTS = [
    "the old lighthouse keeper",
    "a lighthouse",
    "the keeper of bees",
    "bees and flowers",
    "an old man",
    "lighthouse lighthouse lighthouse",
    "nothing of the kind",
]


@pytest.fixture
def index(build: Callable[[Sequence[Any]], SearchIndex], doc: Any) -> SearchIndex:
    return build([doc(f"{n}.txt", passages=[text]) for n, text in enumerate(TEXTS)])


def found(index: SearchIndex, text: str, among: Sequence[int] | None = None) -> dict[int, float]:
    ids = None if among is None else np.array(among, dtype=np.int64)
    matches = match(index.catalogue, index.documents, text, ids, len(TEXTS))
    return dict(zip((matches.ids - 1).tolist(), matches.signals.unit.tolist(), strict=True))


def test_more_of_the_words_is_more(index: SearchIndex) -> None:
    scores = found(index, "old lighthouse keeper")
    assert max(scores, key=lambda n: scores[n]) == 0
    assert set(scores) == {0, 1, 2, 4, 5}


def test_scores_have_a_floor_and_a_ceiling_whatever_the_list(index: SearchIndex) -> None:
    for text in ("bees", "old lighthouse keeper", "bees zebra xylophone"):
        matches = match(index.catalogue, index.documents, text, None, len(TEXTS))
        assert ((matches.signals.unit > 0) & (matches.signals.unit < 1)).all()
    # a single weak hit is not the best that there can be
    assert (
        max(found(index, "bees zebra xylophone harpsichord").values())
        < 0.4
        < max(found(index, "bees").values())
    )


def test_an_item_scores_the_same_whatever_is_found_beside_it(index: SearchIndex) -> None:
    assert found(index, "lighthouse", among=[2]) == {1: found(index, "lighthouse")[1]}


def test_all_of_the_words_are_what_was_asked_for(index: SearchIndex) -> None:
    matches = match(index.catalogue, index.documents, "lighthouse keeper", None, len(TEXTS))
    assert (matches.whole - 1).tolist() == [0]
    at = matches.ids.tolist().index(1)
    assert len(TEXTS) * 10 ** -matches.signals.surprise[at] <= ALL_WORDS_EVALUE * 1.001


def test_some_of_the_words_tell_part_of_what_chance_would_not_bring(index: SearchIndex) -> None:
    matches = match(index.catalogue, index.documents, "old lighthouse keeper", None, len(TEXTS))
    whole = np.isin(matches.ids, matches.whole)
    assert whole.sum() == 1
    told, surprise = matches.signals.evidence, matches.signals.surprise
    np.testing.assert_allclose(told[~whole], PARTIAL * surprise[~whole])
    assert told[whole].min() == pytest.approx(SCALE * matches.signals.unit[whole].min())
    assert told[whole].min() > told[~whole].max()


def test_many_rare_words_tell_the_more_the_more_they_are(
    build: Callable[[Sequence[Any]], SearchIndex], doc: Any
) -> None:
    words = [f"word{letter}{other}" for letter in "abcdef" for other in "abcdef"]
    others = [[f"other{n}{letter}" for letter in range(len(words))] for n in range(100)]
    counts = [6, 12, 24, 35, *[0] * 96]
    texts = [" ".join([*words[:count], *other[count:]]) for count, other in zip(counts, others, strict=True)]
    index = build([doc(f"{n}.txt", passages=[text]) for n, text in enumerate(texts)])
    evidence = match(index.catalogue, index.documents, " ".join(words), None, 100).signals.evidence
    assert (np.diff(evidence) > 0.5).all()
    assert evidence[-1] > SCALE  # what some of the words tell has no ceiling


def test_what_is_expected_of_a_text_that_says_the_same_is_a_share_of_the_words_that_are_known(
    index: SearchIndex,
) -> None:
    def expected(text: str) -> float:
        return match(index.catalogue, index.documents, text, None, len(TEXTS)).expected

    told = match(index.catalogue, index.documents, "flowers", None, len(TEXTS)).signals.surprise.max()
    assert 0 < expected("flowers") < PARTIAL * told
    assert expected("flowers zebra") == expected("flowers")
    assert expected("flowers keeper") > expected("flowers")
    assert expected("zebra") == 0.0


@pytest.mark.parametrize("text", ["", "!!!", "zebra", "zebra xylophone"])
def test_no_word_found_is_no_match(index: SearchIndex, text: str) -> None:
    assert found(index, text) == {}


def test_every_word_counts_however_many_texts_have_it(
    build: Callable[[Sequence[Any]], SearchIndex], doc: Any
) -> None:
    texts = [f"the bridge number{n}" for n in range(1, 900)] + ["a bridge of stone", "a house of stone"]
    index = build([doc(f"{n}.txt", passages=[text]) for n, text in enumerate([*texts, *["other"] * 1000])])
    scores = found(index, "stone bridge")
    assert max(scores, key=lambda n: scores[n]) == 899
    assert len(scores) == 901


def test_a_document_is_found_by_all_of_its_passages_and_shown_by_the_best(
    build: Callable[[Sequence[Any]], SearchIndex], doc: Any
) -> None:
    spread = doc(
        "spread.txt", title="Harbours", passages=["a lighthouse stands here", "the old keeper waves"]
    )
    near = doc("near.txt", passages=["a lighthouse and nothing else at all", "rain"])
    others = [doc(f"{n}.txt", passages=["sand and sea"]) for n in range(9)]
    index = build([spread, near, *others])
    matches = match(index.catalogue, index.documents, "lighthouse old keeper", None, 20)
    shown = {item.path: item.text for item in index.catalogue.items(matches.ids.tolist())}
    assert shown == {"spread.txt": "the old keeper waves", "near.txt": "a lighthouse and nothing else at all"}
    best = int(matches.ids[matches.raw.argmax()])
    assert index.catalogue.items([best])[0].path == "spread.txt"
    assert matches.whole.size == 0  # no one passage has them all
    titled = match(index.catalogue, index.documents, "old keeper harbours", None, 20)
    assert titled.whole.size == 1  # a title goes for every passage
    alone = match(index.catalogue, index.documents.each_alone, "lighthouse old keeper", None, 20)
    assert alone.ids.size == 3


def test_a_filter_changes_which_documents_are_found_and_not_what_words_tell(
    build: Callable[[Sequence[Any]], SearchIndex], doc: Any
) -> None:
    index = build([doc(f"{n}.txt", passages=[text]) for n, text in enumerate(TEXTS)])
    among = np.array([1, 2, 5], dtype=np.int64)
    everything, some = (
        match(index.catalogue, index.documents, "lighthouse keeper", ids, 7) for ids in (None, among)
    )
    assert some.said == everything.said > 0
    kept = np.isin(everything.ids, among)
    np.testing.assert_array_equal(some.ids, everything.ids[kept])
    np.testing.assert_allclose(some.raw, everything.raw[kept])


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("HAUPTSTRASSE", "Die Hauptstraße ist lang"),
        ("lodz", "Widok na Łódź"),
        ("официал", "Офи\u0301циал"),
        ("official", "an oﬃcial letter"),
        ("co2", "CO₂ in the air"),
        ("cooperate", "to co\u00adoperate"),
        ("9783161484100", "ISBN 978-3-16-148410-0"),
        ("978-3-16-148410-0", "ISBN 9783161484100"),
        ("1,234,567", "there were 1234567 of them"),
        ("1234567", "there were 1.234.567 of them"),
        ("ZX-9041", "part zx9041b? no, zx9041"),
        ("ZX 9041", "part ZX9041"),
        ("zx9041", "part ZX_9041"),
        ("C++", "written in C++, mostly"),
        ("c#", "or C#?"),
        (".net", "and (.NET)"),
        ("🎂", "happy birthday 🎂🎉"),
        ("กรุงเทพ", "ฉันรักกรุงเทพมาก"),
        ("ວຽງຈັນ", "ນະຄອນຫຼວງວຽງຈັນ"),
        ("ភ្នំពេញ", "រាជធានីភ្នំពេញ"),
        ("किताब", "यह किताब है"),
    ],
)
def test_all_ways_of_writing_a_word_find_it(
    build: Callable[[Sequence[Any]], SearchIndex], doc: Any, query: str, text: str
) -> None:
    others = ["written in C, mostly", "the plain 9041 of it", "a letter", "happy days", "ไป", "one two", "हम"]
    index = build([doc(f"{n}.txt", passages=[one]) for n, one in enumerate([*others, text])])
    matches = match(index.catalogue, index.documents, query, None, 8)
    assert matches.ids[matches.raw.argmax()] == len(others) + 1
    assert (len(others) + 1) in matches.whole
    assert items_with(index.catalogue, query, exact=True).tolist() == [len(others) + 1]


def test_many_allowed_items_and_few_give_the_same(
    index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    among = [1, 2, 3, 4]
    few = found(index, "lighthouse", among)
    monkeypatch.setattr(lexical, "DEPTH", 3)
    assert found(index, "lighthouse", among) == few


def test_items_with_all_words_or_the_phrase(index: SearchIndex) -> None:
    assert (items_with(index.catalogue, "keeper lighthouse") - 1).tolist() == [0]
    assert (items_with(index.catalogue, "lighthouse keeper", exact=True) - 1).tolist() == [0]
    assert items_with(index.catalogue, "keeper lighthouse", exact=True).size == 0
    assert items_with(index.catalogue, "?").size == 0


def test_names_are_compared_without_case_and_signs(
    build: Callable[[Sequence[Any]], SearchIndex], doc: Any
) -> None:
    index = build(
        [doc("Red-Kite.jpg", shows="a bird"), doc("b.jpg", shows="a bird", title="A red kite in flight")]
    )
    matches = match(index.catalogue, index.documents, "red kite", None, 3)
    assert name_matches(index.catalogue, index.documents, "red kite", matches)[0].tolist() == [1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("图书馆", {0}),
        ("大学", {0}),
        ("狗", {1}),
        ("一只狗在海滩上奔跑", {1}),
        ("桜の季節", {2}),
        ("축구", {3}),
        ("海岸", {4}),
        ("猫", set()),
    ],
)
def test_chinese_japanese_and_korean_are_found_by_their_words(
    build: Callable[[Sequence[Any]], SearchIndex], doc: Any, text: str, expected: set[int]
) -> None:
    index = build(
        [
            doc("0.txt", passages=["北京大学的图书馆在校园的中心。"]),
            doc("1.txt", passages=["一只狗在海滩上奔跑，孩子们在旁边玩。"]),
            doc("2.txt", passages=["京都の寺には美しい庭がある。桜の季節には多くの人が訪れる。"]),
            doc("3.txt", passages=["학교에서 친구들과 축구를 했다."]),
            doc("写真/海岸の犬.jpg", shows="a dog"),
        ]
    )
    matches = match(index.catalogue, index.documents, text, None, 5)
    assert set((matches.whole - 1).tolist()) == expected
    assert not matches.pieces
