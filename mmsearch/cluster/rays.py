"""A cluster on Ray: a named, detached actor for each shard, and actors that index. The only module that imports ray.

Ray would report how it is used unless it is told not to: it is, before it is imported.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsearch.cluster.building import build_shard
from mmsearch.cluster.messages import StaleError
from mmsearch.cluster.shard import Shard
from mmsearch.cluster.transport import missing_shards, places
from mmsearch.errors import (
    ClusterError,
    IndexDirectoryError,
    IndexLockedError,
    MissingExtraError,
    MmsearchError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mmsearch.cluster.building import ShardJob
    from mmsearch.cluster.manifest import ClusterDirectory
    from mmsearch.cluster.transport import Place, Question
    from mmsearch.ingest.options import IndexReport

NAMESPACE = "mmsearch"
# How long a search waits for a shard whose process or machine has died: a process is there again after some seconds.
PATIENCE = 60.0
# How long an address may take to answer at all, in seconds.
ANSWERS = 10.0
# How soon it is tried again, in seconds.
PAUSE = 0.2
# How long a job waits for the lock of a process that is about to die.
LOCKED = 30.0
RESTARTS = {"max_restarts": -1, "max_task_retries": 3}


def imported() -> Any:
    """Ray, which reports nothing to anybody. MissingExtraError where it is not installed."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("a cluster on Ray", "ray") from error
    return ray


def connect(address: str) -> None:
    """Be a driver of the Ray cluster at ``address`` (HOST:PORT, or "auto" for this machine's), unless one is already.

    Raises ClusterError when there is none, or it lets nobody in.
    """
    ray = imported()
    if ray.is_initialized():
        return
    try:
        if address != "auto":  # Ray itself would try for minutes
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), ANSWERS).close()
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()
        raise ClusterError(
            f"no Ray cluster answers at {address} ({reason[0] if reason else 'no reason given'}): start one with "
            "`ray start --head`, and give its address"
        ) from error


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to: a value, or an error that is no fault of the machines."""

    value: Any = None
    error: Exception | None = None

    def unpacked(self) -> Any:
        """The value; raises the error."""
        if self.error is not None:
            raise self.error
        return self.value

    @classmethod
    def of(cls, call: Callable[..., Any], *arguments: Any) -> Outcome:
        """Of ``call``."""
        try:
            return cls(call(*arguments))
        except (MmsearchError, StaleError, ValueError) as error:
            error.__cause__ = error.__context__ = None
            return cls(error=error)


class ShardServer:
    """A shard in a process of its own, opened when it is first asked; for Ray to make an actor of."""

    def __init__(self, number: int, path: str) -> None:
        self._number, self._path = number, Path(path)
        self._shard: Shard | None = None

    def newest(self) -> Outcome:
        """`Shard.newest`."""
        return Outcome.of(lambda: self._opened().newest())

    def answer(self, generation: str, question: str, arguments: Sequence[Any]) -> Outcome:
        """`Shard.answer`."""
        return Outcome.of(lambda: self._opened().answer(generation, question, arguments))

    def process(self) -> int:
        """The number of its process."""
        return os.getpid()

    def _opened(self) -> Shard:
        if self._shard is None:
            self._shard = Shard(self._number, self._path)
        return self._shard


class RayTransport:
    """The shards of a cluster as actors, ``replicas`` of each, which take turns and stand in for each other."""

    def __init__(self, cluster: str, shards: Sequence[Place], *, replicas: int, patience: float) -> None:
        self._ray = imported()
        self._cluster, self._places, self._patience = cluster, shards, patience
        self._replicas, self._turn = replicas, 0
        self._actors: dict[tuple[int, int], Any] = {}

    @classmethod
    def of(
        cls, directory: ClusterDirectory, *, replicas: int | None = None, patience: float = PATIENCE
    ) -> RayTransport:
        """That of the shards that ``directory`` names; with so many ``replicas`` as its manifest says, if None."""
        count = directory.read().replicas if replicas is None else replicas
        return cls(name_of(directory), places(directory), replicas=count, patience=patience)

    def newest(self, shards: Sequence[int]) -> dict[int, str]:
        return self._gathered(dict.fromkeys(shards, ("newest", ())))

    def ask(self, generations: Mapping[int, str], questions: Mapping[int, Question]) -> dict[int, Any]:
        return self._gathered(
            {number: ("answer", (generations[number], *question)) for number, question in questions.items()}
        )

    def close(self) -> None:
        """The actors go on: they are everybody's."""

    def stop(self) -> None:
        """End the actors; who asks next makes new ones."""
        for number in range(len(self._places)):
            for replica in range(self._replicas):
                self._ray.kill(self._actor(number, replica), no_restart=True)
        self._actors.clear()

    def processes(self) -> dict[int, int]:
        """The process of each shard, by number."""
        return {
            number: self._ray.get(self._actor(number, 0).process.remote())
            for number in range(len(self._places))
        }

    def _gathered(self, calls: Mapping[int, tuple[str, Sequence[Any]]]) -> dict[int, Any]:
        """What all ``calls`` came to; those to dead actors are made again until the patience is at its end."""
        errors = self._ray.exceptions
        end = time.monotonic() + self._patience
        outcomes: dict[int, Outcome] = {}
        reasons: dict[int, str] = {}
        self._turn += 1
        attempt = 0
        while True:
            waiting = {}
            for number, (method, arguments) in calls.items():
                if number not in outcomes:
                    actor = self._actor(number, (self._turn + attempt) % self._replicas)
                    waiting[number] = getattr(actor, method).remote(*arguments)
            for number, reference in waiting.items():
                try:
                    left = max(0.1, end - time.monotonic())
                    outcomes[number] = self._ray.get(reference, timeout=left)
                except (errors.RayActorError, errors.RaySystemError, errors.GetTimeoutError) as error:
                    reasons[number] = type(error).__name__
                    self._lose(number)
            lost = [number for number in calls if number not in outcomes]
            if not lost:
                return self._unpacked(outcomes)
            if time.monotonic() >= end:
                raise missing_shards({self._places[number].name: reasons[number] for number in lost}, lost)
            attempt += 1
            time.sleep(PAUSE)

    def _unpacked(self, outcomes: Mapping[int, Outcome]) -> dict[int, Any]:
        unreadable = {
            number: str(outcome.error)
            for number, outcome in outcomes.items()
            if isinstance(outcome.error, IndexDirectoryError)
        }
        if unreadable:
            named = {self._places[number].name: reason for number, reason in unreadable.items()}
            raise missing_shards(named, unreadable, unreadable=True)
        return {number: outcome.unpacked() for number, outcome in outcomes.items()}

    def _actor(self, number: int, replica: int) -> Any:
        """The actor of a shard, made if there is none."""
        if (number, replica) not in self._actors:
            place = self._places[number]
            options = {
                "name": f"{self._cluster}-{place.name}-{replica}",
                "namespace": NAMESPACE,
                "lifetime": "detached",
                "get_if_exists": True,
                "scheduling_strategy": "SPREAD",
                "num_cpus": 0,
                **RESTARTS,
            }
            made = self._ray.remote(ShardServer).options(**options)
            self._actors[number, replica] = made.remote(number, str(place.path.absolute()))
        return self._actors[number, replica]

    def _lose(self, number: int) -> None:
        for key in [key for key in self._actors if key[0] == number]:
            del self._actors[key]


class Indexer:
    """Does jobs one after the other; what an encoder has loaded stays for the next. For Ray to make an actor of."""

    def run(self, job: ShardJob) -> Outcome:
        """`build_shard`."""
        return Outcome.of(build_shard, job)


class RayWorkers:
    """Jobs done by ``count`` actors at most, each on one core, or on ``gpus`` of a card.

    A job whose process or machine dies is begun again elsewhere, after the last batch that it has committed.
    """

    def __init__(self, count: int | None = None, *, gpus: float = 0.0) -> None:
        self._ray = imported()
        self._count = max(1, int(count or self._ray.cluster_resources().get("CPU", 1)))
        self._gpus = gpus

    def run(self, jobs: Sequence[ShardJob]) -> list[IndexReport]:
        made = self._ray.remote(Indexer).options(
            num_cpus=1, num_gpus=self._gpus, scheduling_strategy="SPREAD", **RESTARTS
        )
        idle = [made.remote() for _ in range(min(self._count, len(jobs)))]
        waiting = [
            (place, replace(job, options=replace(job.options, workers=job.options.workers or 1)))
            for place, job in enumerate(jobs)
        ][::-1]
        running: dict[Any, tuple[int, ShardJob, Any]] = {}
        done: dict[int, IndexReport] = {}
        end = time.monotonic() + LOCKED
        while waiting or running:
            while waiting and idle:
                place, job = waiting.pop()
                actor = idle.pop()
                running[actor.run.remote(job)] = (place, job, actor)
            [ready], _ = self._ray.wait(list(running), num_returns=1)
            place, job, actor = running.pop(ready)
            idle.append(actor)
            try:
                done[place] = self._ray.get(ready).unpacked()
            except IndexLockedError:  # the process of an actor that was given up may take its time to die
                if time.monotonic() > end:
                    raise
                time.sleep(PAUSE)
                waiting.append((place, job))
            except self._ray.exceptions.RayError as error:
                raise ClusterError(
                    f"a shard could not be indexed: {type(error).__name__}; run it again"
                ) from error
        return [done[place] for place in range(len(jobs))]


def name_of(directory: ClusterDirectory) -> str:
    """What the actors of a cluster are called by: of its manifest's place."""
    place = str(directory.manifest_path.absolute())
    return f"index-{hashlib.sha256(place.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
