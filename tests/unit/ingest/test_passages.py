"""Passages are whole sentences with exact places, and nothing of the text is lost."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmsearch.ingest.passages import Passage, split_passages
from mmsearch.types import Locator

PROSE = "The boat came in late. Dr. Smith of the U.S. Survey paid $3.50 for it! Was that much? "
pieces = st.sampled_from(
    [
        *("Dr. ", "e.g. ", "It rained. ", "Why? ", "word ", "...", "- item\n", "x" * 60, "M\u2028. '"),
        *("\n", "\n\n", "\r\n\r\n", "\n \n", "\t", "\xa0", "\u2028", "\u3000", "\x85", "\ud7ff"),
        *("一个女孩站在雪地里", "，", "。", "«Non!» ", "😀", "e\u0301"),
    ]
)
texts = st.lists(pieces, max_size=40).map("".join) | st.text(max_size=300)


@given(texts, st.integers(1, 200))
@example("e.g.  M\u2028. ' ", 480)
def test_passages_are_exact_in_order_within_the_target_and_cover_the_text(text: str, target: int) -> None:
    passages = split_passages(text, target=target)

    previous = 0
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert previous <= passage.start < passage.end
        assert len(passage.text) <= target
        assert passage.text == passage.text.strip()
        previous = passage.end
    kept = "".join(passage.text for passage in passages)
    assert "".join(kept.split()) == "".join(text.split())


@given(texts, st.integers(1, 100), st.integers(0, 5))
def test_a_limit_keeps_the_first_passages(text: str, target: int, limit: int) -> None:
    assert split_passages(text, target=target, limit=limit) == split_passages(text, target=target)[:limit]


@given(texts)
def test_the_locator_of_a_passage_leads_back_to_it(text: str) -> None:
    for passage in split_passages(text, target=80):
        locator = Locator.parse(str(Locator("characters", passage.start, passage.end)))
        assert locator.start is not None
        assert locator.end is not None
        assert text[int(locator.start) : int(locator.end)] == passage.text


numbers = st.integers(0, 2**31) | st.floats(0, 1e6).map(lambda value: round(value, 3))


@given(st.sampled_from(["seconds", "characters", "page", "frame", "caption"]), numbers, st.none() | numbers)
def test_a_locator_is_what_its_written_form_says(kind: Any, start: float, end: float | None) -> None:
    locator = Locator(kind, start, end)
    assert Locator.parse(str(locator)) == locator


def test_sentences_are_not_cut_where_abbreviations_end() -> None:
    passages = split_passages(PROSE, target=60)
    assert [p.text for p in passages] == [
        "The boat came in late.",
        "Dr. Smith of the U.S. Survey paid $3.50 for it!",
        "Was that much?",
    ]


def test_short_sentences_share_a_passage() -> None:
    passages = split_passages(PROSE * 20, target=480)
    assert all(300 < len(p.text) <= 480 for p in passages[:-1])
    assert all(p.text[-1] in ".!?" for p in passages)


def test_a_passage_ends_with_its_paragraph_once_it_is_half_full() -> None:
    heading, long, short = "A heading", "Sentence number one. " * 4, "A short one."
    text = f"{heading}\n\n{long}\n\n{short}\n\n{short}"
    assert [p.text for p in split_passages(text, target=120)] == [
        f"{heading}\n\n{long.strip()}",
        f"{short}\n\n{short}",
    ]


def test_chinese_sentences_end_at_their_own_stops_and_passages_are_shorter() -> None:
    text = "一个穿红衣服的女孩站在雪地里。她笑着说今天真冷！然后跑回了家。你看见那两只狗了吗？" * 10
    passages = split_passages(text, target=240)
    assert all(len(p.text) <= 80 for p in passages)
    assert all(p.text[-1] in "。！？" for p in passages)


def test_an_endless_sentence_is_cut_at_lines_commas_and_spaces_in_this_order() -> None:
    assert split_passages("aaaa bbbb\ncccc, dddd", target=14) == [
        Passage("aaaa bbbb", 0, 9),
        Passage("cccc, dddd", 10, 20),
    ]
    assert [p.text for p in split_passages("aaaa bbbb, cc dddd", target=14)] == ["aaaa bbbb,", "cc dddd"]
    assert [p.text for p in split_passages("x" * 25, target=10)] == ["x" * 10, "x" * 10, "x" * 5]


def test_no_text_gives_no_passage() -> None:
    assert split_passages("") == split_passages(" \n\n\t\u3000") == []


@pytest.mark.parametrize("arguments", [{"target": 0}, {"target": -1}, {"limit": -1}])
def test_a_target_or_limit_that_makes_no_sense_is_a_callers_mistake(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        split_passages("text", **arguments)  # type: ignore[arg-type]


def test_a_failure_within_the_splitter_costs_only_its_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    """sentencex panics on some white space when it is not given plain spaces; the real panic is used here."""
    from mmsearch.ingest import passages

    monkeypatch.setattr(passages, "_UNSAFE", re.compile("(?!)"))
    text = ",ee.g.  M\u2028. ' And more."
    assert "".join(p.text for p in split_passages(text)).split() == text.split()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        ". " * 300_000,
        "\n" * 300_000,
        "A. B. " * 100_000,
        '"' * 300_000,
        "word " * 200_000,
        "a\n\n" * 100_000,
    ],
    ids=["no space", "stops", "empty lines", "initials", "quotes", "no stop", "paragraphs"],
)
def test_time_grows_with_the_length_of_hostile_text_and_not_faster(text: str) -> None:
    started = time.process_time()
    split_passages(text)
    assert time.process_time() - started < 5


def test_splitting_needs_no_numpy() -> None:
    check = (
        "import sys; from mmsearch.ingest.passages import split_passages; "
        "assert len(split_passages('A. B.')) == 1; assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_a_heading_stands_with_what_follows_it() -> None:
    text = "Shop\n\nRefunds\n\nWe pay within a week.\n\nHow do I pay?\n\nBy card. Or cash."
    assert [passage.text for passage in split_passages(text)] == [
        "Shop\n\nRefunds\n\nWe pay within a week.",
        "How do I pay?\n\nBy card. Or cash.",
    ]


def test_lines_that_nothing_follows_begin_nothing() -> None:
    assert len(split_passages("One\n\nTwo\n\nThree\n\nFour")) == 1
