"""What is found out of one generation of an index: made when it is first asked for, and kept while that is open."""

from __future__ import annotations

from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Kept:
    """Values by keys of (what it is, of what …); threads that ask for one at the same time wait for the first of them.

    Each key has a lock of its own: what one value takes to make keeps nobody from another, and a value may be made
    of others.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[str, ...], Any] = {}
        self._locks: dict[tuple[str, ...], RLock] = {}
        self._lock = Lock()

    def __call__(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """The value of ``key``, which ``make`` makes the first time; what that raises is raised, and nothing kept."""
        with self._lock:
            own = self._locks.setdefault(key, RLock())
        with own:
            if key not in self._values:
                self._values[key] = make()
            value: T = self._values[key]
            return value

    def forget(self, kind: str) -> None:
        """Make anew what has this ``kind`` as the first part of its key."""
        with self._lock:
            mine = [(key, own) for key, own in self._locks.items() if key[0] == kind]
        for key, own in mine:
            with own:
                self._values.pop(key, None)
