"""``mmsearch train``: what it is asked must make sense before anything heavy is loaded."""

from __future__ import annotations

import pytest

from mmsearch.errors import UsageError
from tests.unit.cli.conftest import Run


@pytest.mark.parametrize(
    "arguments", [("train",), ("train", "recipe.toml", "--from", "pocket", "--output", "o")]
)
def test_a_recipe_or_an_encoder_to_begin_with(run: Run, arguments: tuple[str, ...]) -> None:
    found = run(*arguments)
    assert found.exit_code != 0
    assert found.exit_code == 2 or isinstance(found.exception, UsageError)
