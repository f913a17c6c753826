from __future__ import annotations

import pytest

from mmsearch.media.text.headings import is_heading


@pytest.mark.parametrize(
    "line", ["Refunds", "How do I get my money back?", "  2. ", "退款", "第一章：开始", "Ingredients:"]
)
def test_a_short_line_that_states_nothing_is_a_heading(line: str) -> None:
    assert is_heading(line) is any(map(str.isalpha, line))


@pytest.mark.parametrize(
    "line",
    [
        "We pay within a week.",
        "Stop!",
        "“So it is.”",
        "我们一周内付款。",
        "one\ntwo",
        "- milk",
        "1) milk",
        "x" * 101,
        "",
        "—",
    ],
)
def test_statements_items_and_long_lines_are_none(line: str) -> None:
    assert not is_heading(line)
