"""Answers that were given, kept by what was asked and of which state of the index; and those that are being made."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    Key: TypeAlias = Hashable


@dataclass(slots=True)
class Counts:
    """How answers came about: made, remembered, or shared with an equal request under way."""

    made: int = 0
    remembered: int = 0
    shared: int = 0


class Answers:
    """At most ``most_bytes`` of answers, the least recently used go first. For one event loop.

    Equal requests under way are answered once.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self.counts = Counts()
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._coming: dict[Key, asyncio.Future[bytes]] = {}

    def find(self, key: Key) -> bytes | None:
        """The answer that is kept for ``key``; None when there is none."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    async def get(self, key: Key, start: Callable[[], asyncio.Future[bytes]]) -> bytes:
        """The answer for ``key``, which is kept, or on its way, or else begun by ``start``; what that raises is raised.

        Who goes away leaves the others that wait for the same answer theirs.
        """
        found = self.find(key)
        if found is not None:
            self.counts.remembered += 1
            return found
        coming = self._coming.get(key)
        if coming is None:
            coming = start()
            self.counts.made += 1
            self._coming[key] = coming
            coming.add_done_callback(lambda done: self._arrived(key, done))
        else:
            self.counts.shared += 1
        return await asyncio.shield(coming)

    def _arrived(self, key: Key, done: asyncio.Future[bytes]) -> None:
        self._coming.pop(key, None)
        if not done.cancelled() and done.exception() is None:  # heard, though nobody may wait for it any more
            self._keep(key, done.result())

    def _keep(self, key: Key, answer: bytes) -> None:
        if len(answer) > self.most_bytes:
            return
        self.bytes += len(answer)
        self._kept[key] = answer
        while self.bytes > self.most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self.bytes -= len(oldest)
