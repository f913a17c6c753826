"""Runs compared: p values as far as they can be told."""

from __future__ import annotations

import pytest

from mmsearch.cli.output.comparison import shown_p


@pytest.mark.parametrize(
    ("p", "shown"), [(0.25, "0.2500"), (0.0001, "0.0001"), (0.00004, "<0.0001"), (0.0, "<0.0001")]
)
def test_p_values_have_four_digits(p: float, shown: str) -> None:
    assert shown_p(p) == shown
