"""Connected components: which things belong together when pairs of them do (union-find)."""

from __future__ import annotations


class Components:
    """Connected components of ``n`` things under the pairs joined so far (union by the lower number)."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def root(self, one: int) -> int:
        """The lowest thing that ``one`` is joined with."""
        parent = self._parent
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    def joined(self, one: int, other: int) -> bool:
        """Whether a chain of pairs leads from ``one`` to ``other``."""
        return self.root(one) == self.root(other)

    def join(self, one: int, other: int) -> None:
        """Add a pair."""
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low

    def roots(self) -> list[int]:
        """The lowest thing that each is joined with."""
        return [self.root(one) for one in range(len(self._parent))]

    def groups(self, *, alone: bool = False) -> list[list[int]]:
        """The components of two or more things (of one, too, when ``alone``), ascending, by their first."""
        found: dict[int, list[int]] = {}
        for one, root in enumerate(self.roots()):
            found.setdefault(root, []).append(one)
        return [group for group in found.values() if alone or len(group) > 1]
