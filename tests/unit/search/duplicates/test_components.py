from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmsearch.search.duplicates.components import Components

SIZE = 8
pairs = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=12)


def reached(start: int, pairs: list[tuple[int, int]]) -> set[int]:
    """What a chain of pairs leads to, step by step."""
    found = {start}
    while True:
        more = {
            other for one, two in pairs for here, other in ((one, two), (two, one)) if here in found
        } | found
        if more == found:
            return found
        found = more


@given(pairs)
def test_components_are_what_chains_of_pairs_lead_to(pairs: list[tuple[int, int]]) -> None:
    components = Components(SIZE)
    for one, other in pairs:
        components.join(one, other)
    for one in range(SIZE):
        assert components.root(one) == min(reached(one, pairs))
        assert all(components.joined(one, other) == (other in reached(one, pairs)) for other in range(SIZE))
    assert components.roots() == [components.root(one) for one in range(SIZE)]
    everything = components.groups(alone=True)
    assert sorted(one for group in everything for one in group) == list(range(SIZE))
    assert components.groups() == [group for group in everything if len(group) > 1]
