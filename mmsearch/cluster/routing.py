"""One search's way to the shards: each at the generation that the search began with, trips counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.cluster.numbers import shards_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mmsearch.cluster.transport import Question, Transport
    from mmsearch.types import Ids


@dataclass(slots=True)
class Route:
    """``generations`` of the shards that are there; ``trips`` counts how often they were waited for."""

    transport: Transport
    generations: Mapping[int, str]
    trips: int = 0
    asked: list[str] = field(default_factory=list)

    def all(self, name: str, *arguments: Any) -> list[Any]:
        """The answers of all shards to one question, in order of their numbers."""
        return list(self.ask(dict.fromkeys(self.generations, (name, arguments))).values())

    def each(self, ids: Ids, name: str, arguments: Callable[[Ids], Sequence[Any]]) -> list[tuple[Ids, Any]]:
        """Ask the shard of each of ``ids`` (n,) about its own: (their places among ``ids``, the answer) by shard."""
        owners = shards_of(ids)
        places = {number: np.flatnonzero(owners == number) for number in np.unique(owners).tolist()}
        places = {number: own for number, own in places.items() if number in self.generations}
        answers = self.ask({number: (name, arguments(ids[own])) for number, own in places.items()})
        return [(own, answers[number]) for number, own in places.items()]

    def ask(self, questions: Mapping[int, Question]) -> dict[int, Any]:
        """The answers to ``questions``, in order of the shards' numbers."""
        if not questions:
            return {}
        self.trips += 1
        self.asked.append(next(iter(questions.values()))[0])
        answers = self.transport.ask(self.generations, questions)
        return {number: answers[number] for number in sorted(answers)}
