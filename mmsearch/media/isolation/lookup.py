"""Pictures at places of files, and the samples of recordings, by child processes: for what is looked at once more.

Picture files themselves are opened here, as everywhere; pages, frames and pictures within documents are not.
"""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.cores import cores
from mmsearch.errors import MediaError
from mmsearch.media.faults import fault_of
from mmsearch.media.isolation.child import Child, channel, limit_memory, receive, send, time_limit
from mmsearch.media.limits import Limits
from mmsearch.media.places import picture_at
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.types import Samples

_MODULE = "mmsearch.media.isolation.lookup"  # whose `serve` is the child
_PIECE = 30  # seconds of sound that are sent together
_idle: dict[tuple[int, Limits], list[Child]] = {}  # by the process that they belong to
_lock = threading.Lock()


def isolated_picture_at(file: Path, place: Locator, limits: Limits, longest_side: int) -> tuple[bytes, bytes]:
    """As `mmsearch.media.places.picture_at`. For several threads.

    Raises MediaError also for what crashes or outlasts the child, NoChildError where none can be started.
    """
    if place.kind == "whole":
        return picture_at(file, place, limits, longest_side)
    asked = {"picture": str(file), "place": str(place), "side": longest_side}
    [(answer, data)] = _answers(asked, limits)
    return data, bytes.fromhex(answer["key"])


def isolated_sound(file: Path, rate: int, limits: Limits) -> Iterator[Samples]:
    """The sound of a recording or a film, (n,) float32 of one channel, ``rate`` a second, half a minute at a time.

    Raises MediaError as `mmsearch.media.sound.decode.open_sound`, and for what crashes or outlasts the child.
    """
    for _, data in _answers({"sound": str(file), "rate": rate}, limits):
        yield np.frombuffer(data, np.float32)


def _answers(question: dict[str, Any], limits: Limits) -> Iterator[tuple[dict[str, Any], bytes]]:
    """What a child answers; it is kept for the next question unless it came to its end, or nobody wants the rest."""
    child = _take(limits)
    settled = False
    try:
        child.tell(question)
        while True:
            answer, data = child.answer(limits.max_seconds)
            settled = "error" in answer or answer["last"]
            if not settled:  # the next is decoded while this one is worked on
                child.tell({"more": True})
            if "error" in answer:
                raise MediaError(str(answer["error"]))
            if data:
                yield answer, data
            if settled:
                return
    except (OSError, ValueError, EOFError) as error:
        child.close()
        raise MediaError(child.cause(error, limits.max_seconds)) from error
    finally:
        if settled:
            _give_back(child, limits)
        else:
            child.close()


def _take(limits: Limits) -> Child:
    while True:
        with _lock:
            kept = _idle.get((os.getpid(), limits))
            child = kept.pop() if kept else None
        if child is None:
            return Child(_MODULE, asdict(limits))
        if not child.has_ended:
            return child
        child.close()


def _give_back(child: Child, limits: Limits) -> None:
    with _lock:
        kept = _idle.setdefault((os.getpid(), limits), [])
        if len(kept) < cores():
            kept.append(child)
            return
    child.close()


def end_idle_children() -> None:
    """End what waits for the next question; done when this process ends."""
    with _lock:
        children = [child for (owner, _), kept in _idle.items() if owner == os.getpid() for child in kept]
        _idle.clear()
    for child in children:
        child.close()


atexit.register(end_idle_children)


def serve() -> None:
    """The child: answer what comes in on standard input until that ends."""
    from mmsearch.media import decode as _loaded  # noqa: F401 - before the first file's time begins to run

    questions, answers = channel()
    given, _ = receive(questions)
    limits = Limits(**given)
    limit_memory(limits)
    send(answers, {})
    with suppress(EOFError):  # nobody asks any more
        while True:
            asked, _ = receive(questions)
            found = _sound(asked, limits) if "sound" in asked else _picture(asked, limits)
            while True:
                with time_limit(limits):
                    try:
                        answer, data = next(found)
                    except BaseException as error:
                        answer, data = {"error": fault_of(error)}, b""
                send(answers, answer, data)
                if answer.get("last", True):
                    break
                receive(questions)  # for more


def _picture(asked: dict[str, Any], limits: Limits) -> Iterator[tuple[dict[str, Any], bytes]]:
    place = Locator.parse(asked["place"])
    data, key = picture_at(Path(asked["picture"]), place, limits, asked["side"])
    yield {"key": key.hex(), "last": True}, data


def _sound(asked: dict[str, Any], limits: Limits) -> Iterator[tuple[dict[str, Any], bytes]]:
    from mmsearch.media.sound.decode import open_sound

    with open_sound(Path(asked["sound"])) as recording:
        for piece in recording.pieces(asked["rate"], _PIECE * asked["rate"]):
            yield {"last": False}, piece.astype(np.float32).tobytes()
    yield {"last": True}, b""
