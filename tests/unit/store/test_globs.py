from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.errors import UsageError
from mmsearch.store.globs import literal_of, path_pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("scans/**", ["scans/a.jpg", "scans/x/y/a.jpg"], ["scan/a.jpg", "old/scans/a.jpg"]),
        ("scans/*", ["scans/a.jpg"], ["scans/x/a.jpg", "old/scans/a.jpg"]),
        ("scans", ["scans/a.jpg", "old/scans/x/a.jpg", "scans"], ["scans.jpg", "myscans/a.jpg"]),
        ("old/scans/", ["old/scans/a.jpg"], ["scans/a.jpg", "very/old/scans/a.jpg"]),
        ("*.jpg", ["a.jpg", "x/y/b.jpg"], ["a.jpeg", "a.jpg/b"]),
        ("a/**/z.txt", ["a/z.txt", "a/b/c/z.txt"], ["a/bz.txt", "z.txt"]),
        ("img_?.png", ["img_1.png", "x/img_a.png"], ["img_12.png", "img_/.png"]),
        ("img_[0-3].png", ["img_2.png"], ["img_4.png"]),
        ("img_[!0-3].png", ["img_4.png"], ["img_2.png"]),
        ("a[b.txt", ["a[b.txt"], ["ab.txt"]),
        ("x+(1).txt", ["x+(1).txt"], ["xx1.txt"]),
        ("Ünï*", ["d/Ünïcode"], ["d/unicode"]),
    ],
)
def test_a_pattern_matches_paths(pattern: str, matching: list[str], others: list[str]) -> None:
    expression = re.compile(path_pattern(pattern))
    assert [path for path in matching if expression.fullmatch(path)] == matching
    assert [path for path in others if expression.fullmatch(path)] == []


@pytest.mark.parametrize(
    "pattern", ["*a" * 24 + "*b", "**/a" * 24 + "/b", "**a" * 24 + "b", "*a*/" * 24 + "x", "**a*" * 500 + "b"]
)
@pytest.mark.parametrize("path", ["a" * 255, "a/" * 127 + "a", ("a" * 200 + "/") * 20])
def test_many_stars_share_out_a_path_in_no_time(pattern: str, path: str) -> None:
    # by backtracking each of these takes longer than the world is old
    assert re.compile(path_pattern(pattern)).fullmatch(path) is None


def by_hand(tokens: list[str], path: str) -> bool:
    """Whether the tokens match, by trying everything."""
    if not tokens:
        return not path
    token, rest = tokens[0], tokens[1:]
    if token == "**/":
        ends = [0, *(n + 1 for n, sign in enumerate(path) if sign == "/")]
        return any(by_hand(rest, path[end:]) for end in ends)
    if token in ("*", "**"):
        most = len(path) if token == "**" else len(path.partition("/")[0])
        return any(by_hand(rest, path[end:]) for end in range(most + 1))
    fits = path[:1] and (path[0] != "/" if token == "?" else path[0] == token)
    return bool(fits) and by_hand(rest, path[1:])


@given(
    st.lists(st.sampled_from(["a", "b", "a/", "/b", "*", "?", "**", "/**/", "*a*"]), max_size=7),
    st.text("ab/", max_size=9),
)
def test_taking_the_first_place_finds_all_that_trying_everything_does(signs: list[str], path: str) -> None:
    pattern = "x/" + "".join(signs) + "*"  # anchored, and no name alone at its end
    tokens = re.findall(r"(?<=/)\*\*/|\*\*|.", pattern)
    assert bool(re.fullmatch(path_pattern(pattern), f"x/{path}")) == by_hand(tokens, f"x/{path}")


@given(st.text("ab/[]!^-*?.", max_size=8), st.text("ab/[]!^-.", max_size=8))
def test_every_path_that_matches_has_the_literal_in_it(pattern: str, path: str) -> None:
    if re.compile(path_pattern(pattern)).fullmatch(path):
        assert literal_of(pattern) in path


def test_a_pattern_longer_than_any_path_is_refused() -> None:
    with pytest.raises(UsageError, match="a path pattern of 5,000 characters; at most 4,096 are read"):
        path_pattern("a" * 5000)


@pytest.mark.parametrize("pattern", ["Zürich*", "Zu\u0308rich*", "**/Z*rich.txt", "*[ü]*"])
def test_letters_with_marks_are_the_same_in_one_character_or_two(pattern: str) -> None:
    path = "notes/Zürich.txt"
    assert re.fullmatch(path_pattern(pattern), path)
    for written in (path, "notes/Zu\u0308rich.txt"):
        assert literal_of(pattern) in written
