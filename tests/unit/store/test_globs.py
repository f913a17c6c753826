from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.store.globs import path_pattern, rough_glob


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


@given(st.text("ab/[]!^-*?.", max_size=8), st.text("ab/[]!^-.", max_size=8))
def test_the_rough_pattern_misses_nothing(pattern: str, path: str) -> None:
    if re.compile(path_pattern(pattern)).fullmatch(path):
        assert fnmatch.fnmatchcase(path, rough_glob(pattern))
