"""How shards are reached: several of them are asked at once, and all have answered or it is an error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from mmsearch.cluster.shard import Shard
from mmsearch.errors import ClusterError, IndexDirectoryError

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.cluster.manifest import ClusterDirectory

# A question to one shard: its name (a method of `ShardReading`) and its arguments.
Question: TypeAlias = tuple[str, Sequence[Any]]


class MissingShardsError(ClusterError):
    """Shards that can't be reached, by their numbers: ``missing``.

    ``unreadable``: they can, but not their files, as when a compaction has just replaced those of their generation.
    """

    def __init__(self, message: str, missing: Sequence[int], *, unreadable: bool = False) -> None:
        self.missing, self.unreadable = tuple(missing), unreadable
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.missing)


class Transport(Protocol):
    """The shards of a cluster, by their numbers."""

    def newest(self, shards: Sequence[int]) -> dict[int, str]:
        """Let each of ``shards`` open its newest generation; their names. Raises MissingShardsError."""

    def ask(self, generations: Mapping[int, str], questions: Mapping[int, Question]) -> dict[int, Any]:
        """The answers to ``questions``, each to a shard at its generation; one round trip.

        Raises MissingShardsError for shards that can't be reached, StaleError when one is at another generation, and
        what the shards raise.
        """

    def close(self) -> None:
        """Let go of the shards."""


@dataclass(frozen=True, slots=True)
class Place:
    """A shard's ``name`` and the folder of its index directory."""

    name: str
    path: Path


class LocalTransport:
    """Shards opened in this process, one after the other."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._shards: dict[int, Shard] = {}
        self._lock = threading.Lock()

    def newest(self, shards: Sequence[int]) -> dict[int, str]:
        return self._told({number: lambda shard: shard.newest() for number in shards})

    def ask(self, generations: Mapping[int, str], questions: Mapping[int, Question]) -> dict[int, Any]:
        return self._told(
            {
                number: partial(
                    Shard.answer, generation=generations[number], question=name, arguments=arguments
                )
                for number, (name, arguments) in questions.items()
            }
        )

    def close(self) -> None:
        for number in list(self._shards):
            self._drop(number)

    def _told(self, calls: Mapping[int, Callable[[Shard], Any]]) -> dict[int, Any]:
        found: dict[int, Any] = {}
        missing: dict[int, str] = {}
        for number, call in calls.items():
            try:
                found[number] = call(self._shard(number))
            except IndexDirectoryError as error:
                self._drop(number)
                missing[number] = str(error)
        if missing:
            raise missing_shards(
                {self._places[number].name: why for number, why in missing.items()}, missing, True
            )
        return found

    def _shard(self, number: int) -> Shard:
        with self._lock:
            if number not in self._shards:
                self._shards[number] = Shard(number, self._places[number].path)
            return self._shards[number]

    def _drop(self, number: int) -> None:
        shard = self._shards.pop(number, None)
        if shard is not None:
            with suppress(IndexDirectoryError):
                shard.close()


def missing_shards(
    reasons: Mapping[str, str], numbers: Iterable[int], unreadable: bool = False
) -> MissingShardsError:
    """The error for shards that can't be reached, with the reasons by name."""
    listed = "; ".join(f"{name} ({why})" if why else name for name, why in reasons.items())
    return MissingShardsError(
        f"shards of this cluster can't be reached: {listed}; nothing was answered, since hits could be missing "
        "(ask for partial answers to have what the others say)",
        tuple(numbers),
        unreadable=unreadable,
    )


def places(directory: ClusterDirectory) -> list[Place]:
    """The shards of a cluster, in order of their numbers."""
    return [Place(shard.name, directory.shard_path(shard)) for shard in directory.read().shards]
