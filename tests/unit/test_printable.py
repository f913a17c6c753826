from __future__ import annotations

import pytest

from mmsearch.printable import in_a_line, printable
from tests.conftest import EVIL, OBEYED


def test_what_a_terminal_obeys_is_an_escape_and_all_else_stays() -> None:
    shown = printable(EVIL)
    assert not [sign for sign in OBEYED if sign in shown]
    assert "\\x1b[31mred" in shown
    for text in ("été 海滩 😀", "two\nlines\tand a tab", "שלום", ""):
        assert printable(text) == text


@pytest.mark.parametrize("sign", ["\n", "\t", "\r", "\u2028"])
def test_a_line_is_one(sign: str) -> None:
    assert len(in_a_line(f"a{sign}b").splitlines()) == 1
    assert sign not in in_a_line(f"a{sign}b")
