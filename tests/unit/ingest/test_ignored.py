"""Ignore patterns are gitignore's, and none takes long."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from mmsearch.ingest.ignored import exclude_rules

signs = st.lists(
    st.sampled_from(["a", "b", "*", "**", "/", "?", "[ab]", "!", "a*", "/**/", "*b*", "**/"]), max_size=8
)
paths = st.lists(st.text("ab(", min_size=1, max_size=4), min_size=1, max_size=6).map("/".join)


@settings(max_examples=500, deadline=None)
@given(signs.map("".join), paths, st.sampled_from(["", "/"]))
def test_patterns_ignore_what_those_of_gitignore_do(pattern: str, path: str, end: str) -> None:
    try:
        plain = GitIgnoreSpec.from_lines([pattern])
    except ValueError:
        assume(False)
        return
    assert exclude_rules([pattern])(path + end) == plain.match_file(path + end)


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 24 + "*b",
        "**/a/" * 24 + "**/b",
        "a/**/" * 24 + "b/*b",
        "*a*/" * 9 + "x",
        "*[(]" * 24 + "x",
        "**a" * 24 + "b",
    ],
)
def test_many_stars_share_out_a_path_in_no_time(pattern: str) -> None:
    for path in ("a" * 250, "a/" * 1000 + "c", ("a" * 200 + "/") * 9 + "c", "(" * 250):
        assert not exclude_rules([pattern])(path)
