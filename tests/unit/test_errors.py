from __future__ import annotations

import inspect
import re

import pytest

from mmsearch import errors
from mmsearch.errors import MissingExtraError, MmsearchError, QueryError

FAMILY = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MmsearchError)]


def test_the_drawing_shows_every_error_with_its_exit_status() -> None:
    drawing = errors.__doc__ or ""
    drawn = dict(re.findall(r"^\W*(\w+Error)\s+(?:exit status )?(\d)?", drawing, re.MULTILINE))
    assert drawn.keys() == {kind.__name__ for kind in FAMILY}
    stated = {name: int(status) for name, status in drawn.items() if status}
    assert stated == {name: getattr(errors, name).exit_status for name in stated}


def test_exit_statuses_of_families_differ() -> None:
    heads = [kind for kind in FAMILY if kind.__base__ is MmsearchError and "exit_status" in vars(kind)]
    assert len({kind.exit_status for kind in heads}) == len(heads)


@pytest.mark.parametrize("position", [0, 500, 999])
def test_a_long_query_is_shown_around_the_place(position: int) -> None:
    text = "".join(chr(0x4E00 + n) for n in range(1000))
    error = QueryError("not understood", text, position)
    assert f"at character {position + 1} of" in str(error)
    assert text[position] in str(error)
    assert len(str(error)) < 300


def test_a_missing_extra_says_how_to_install_it() -> None:
    assert 'pip install "mmsearch[raw]"' in str(MissingExtraError("RAW pictures", "raw"))
