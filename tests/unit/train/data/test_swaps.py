from __future__ import annotations

from mmsearch.train.data.swaps import MOST, false_captions, read_kinds

KINDS = read_kinds(["red, blue, orange", "man, woman, dog", "two, three"])


def test_a_word_becomes_another_of_its_kind() -> None:
    assert false_captions(["Two cats"], KINDS) == [["Three cats"]]
    assert false_captions(["a red bus"], KINDS) == [["a blue bus", "an orange bus"]]


def test_nothing_is_swapped_in_that_another_caption_names() -> None:
    assert false_captions(["a red bus", "cars, blues and reds"], KINDS)[0] == ["an orange bus"]


def test_two_change_places_where_it_makes_a_difference() -> None:
    assert "a dog chases a man" in false_captions(["a man chases a dog"], KINDS)[0]
    for alike in ("a man and a dog run", "a man, a dog", "a man with a dog"):
        assert not any(false.index("dog") < false.index("man") for false in _both(alike))


def test_a_caption_without_such_words_has_none_and_no_caption_has_many() -> None:
    assert false_captions(["a green field", "grass"], KINDS) == [[], []]
    kind = ["red", *(chr(97 + i) * 5 for i in range(26))]
    (false,) = false_captions(["a red bus"], [kind])
    assert len(set(false)) == len(false) == MOST


def _both(caption: str) -> list[str]:
    """False captions of ``caption`` that still name both."""
    return [false for false in false_captions([caption], KINDS)[0] if "man" in false and "dog" in false]
