from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.train.toml import build, written


@dataclass(frozen=True)
class Leaf:
    size: int
    share: float = 0.5
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Tree:
    name: str
    leaf: Leaf
    more: tuple[Leaf, ...] = ()
    words: tuple[str, ...] = ()
    note: str | None = None


def test_tables_become_values() -> None:
    table = {"name": "x", "leaf": {"size": 1, "share": 2}, "more": [{"size": 3, "kind": "b"}], "note": "n"}
    assert build(Tree, table) == Tree("x", Leaf(1, 2.0), (Leaf(3, kind="b"),), note="n")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"name": "x"}, "missing key: leaf"),
        ({"name": "x", "leaf": {}}, "missing key: leaf.size"),
        ({"name": "x", "leaf": {"size": 1, "sise": 2}}, "unknown key: leaf.sise"),
        ({"name": 3, "leaf": {"size": 1}}, "name must be a str, not 3"),
        ({"name": "x", "leaf": {"size": True}}, "leaf.size must be a int, not True"),
        ({"name": "x", "leaf": {"size": 1, "kind": "c"}}, "leaf.kind must be one of 'a', 'b', not 'c'"),
        ({"name": "x", "leaf": {"size": 1}, "more": [{"size": "1"}]}, "more[0].size must be a int"),
        ({"name": "x", "leaf": {"size": 1}, "words": "one"}, "words must be a list"),
        ({"name": "x", "leaf": 3}, "leaf must be a table"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(table: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        build(Tree, table)


names = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
plain = st.one_of(
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t"), max_size=20),
)
tables = st.recursive(
    st.dictionaries(names, plain | st.lists(plain, max_size=3), max_size=4),
    lambda inner: st.dictionaries(names, plain | inner | st.lists(inner, min_size=1, max_size=2), max_size=3),
    max_leaves=6,
)


@given(tables)
def test_what_is_written_is_read_again(table: dict[str, object]) -> None:
    assert tomllib.loads(written(table)) == table


def test_nothing_is_left_out_but_what_is_none() -> None:
    assert tomllib.loads(written({"a": None, "b": 1})) == {"b": 1}
