"""Decoding in a child process with limits on memory and time: a decoder that hangs or crashes ends the child only.

Where it is asked to, the child also encodes what it decoded, and throws that away: so what crashes an encoder is found.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import MediaError
from mmsearch.ingest.decoding.decoding import Decoding, Draft, Reading, decode
from mmsearch.ingest.decoding.trial import trial_of
from mmsearch.ingest.sources import Source
from mmsearch.media.faults import fault_of
from mmsearch.media.isolation.child import (
    Child,
    DecoderDiedError,
    channel,
    limit_memory,
    receive,
    send,
    time_limit,
)
from mmsearch.media.limits import Limits
from mmsearch.media.readers.parts import Fault
from mmsearch.types import Locator, PictureSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.ingest.decoding.trial import Trial

_MODULE = "mmsearch.ingest.decoding.isolation"  # whose `serve` is the child


class IsolatedDecoder:
    """Decodes sources one by one in a child process, which is started when it is needed, and anew when it died.

    ``encoder``: the name of the one that what is decoded is tried on; None for none.
    """

    def __init__(self, how: Decoding, encoder: str | None = None) -> None:
        self.how, self.encoder = how, encoder
        self._child: Child | None = None

    def decode(self, source: Source) -> Iterator[Reading]:
        """As `mmsearch.ingest.decoding.decoding.decode`, of a picture that no row is known of.

        Raises MediaError with the child's reason, DecoderDiedError when the child came to its end over it.
        """
        if self._child is not None and self._child.has_ended:
            self.close()  # it was ended while it had nothing to do: no file's fault
        child = self._child or self._start()
        settled, seconds = False, self.how.limits.max_seconds
        question: dict[str, Any] | None = _source_as_json(source)
        try:
            while not settled:
                try:
                    if question is not None:
                        child.tell(question)
                        question = None
                    answer, data = child.answer(seconds)
                    settled = "error" in answer or answer["last"]
                    if not settled:  # the next is decoded while this one is encoded
                        child.tell({"more": True})
                except (OSError, ValueError, EOFError) as error:
                    self.close()
                    settled = True
                    culprit = "its decoder" if self.encoder is None else "its decoder or the encoder"
                    cause = child.cause(error, seconds, culprit)
                    raise DecoderDiedError(
                        f"{cause}; not tried again until it changes, or with --verify"
                    ) from error
                if "error" in answer:
                    raise MediaError(str(answer["error"]))
                yield _reading(source, answer, data, self.how)
        finally:
            if not settled:
                self.close()  # it is in the middle of what nobody wants any more

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def _start(self) -> Child:
        self._child = Child(_MODULE, {**asdict(self.how), "encoder": self.encoder})
        return self._child


def serve() -> None:
    """The child: decode what comes in on standard input until that ends."""
    from mmsearch.media import decode as _loaded  # noqa: F401 - before the first file's time begins to run

    questions, answers = channel()
    given, _ = receive(questions)
    how = _decoding(given)
    limit_memory(how.limits)
    encode = trial_of(given["encoder"], how.limits.max_seconds / 2)  # a long text is no hang
    send(answers, {})
    with suppress(EOFError):  # nobody asks any more
        while True:
            asked, _ = receive(questions)
            for answer, data in _answers(asked, how, encode):
                send(answers, answer, data)
                if answer.get("last", True):
                    break
                receive(questions)  # for more


def _answers(asked: dict[str, Any], how: Decoding, encode: Trial) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The frames about one source: its instalments, or what went wrong. The time counts for each."""
    readings: Iterator[Reading] | None = None
    while True:
        with time_limit(how.limits):
            try:
                readings = readings or decode(_source(asked), how, lambda _: None)
                reading = next(readings)
                encode(reading)
                answer, data = _reading_as_json(reading)
            except BaseException as error:
                answer, data = {"error": fault_of(error)}, b""
        yield answer, data


_FILES = ("picture", "text", "document")


def _source_as_json(source: Source) -> dict[str, Any]:
    files = {name: getattr(source, name) for name in _FILES}
    return {
        "path": source.path,
        "stamp": source.stamp,
        **{name: None if file is None else str(file) for name, file in files.items()},
        "captions": source.captions,
        "title": source.title,
        "body": source.body,
        "subtitles": [str(file) for file in source.subtitles],
    }


def _source(given: dict[str, Any]) -> Source:
    files = {name: None if given[name] is None else Path(given[name]) for name in _FILES}
    beside = {"captions": tuple(given["captions"]), "subtitles": tuple(map(Path, given["subtitles"]))}
    return Source(**{**given, **files, **beside})


def _decoding(given: dict[str, Any]) -> Decoding:
    picture = None if given["picture"] is None else PictureSpec(**given["picture"])
    return Decoding(picture, Limits(**given["limits"]), given["scaled"], given["sounds"])


def _reading_as_json(reading: Reading) -> tuple[dict[str, Any], bytes]:
    """Pixels and samples lie behind each other, in the order of their drafts."""
    pieces: list[bytes] = []
    drafts = []
    for one in reading.drafts:
        draft: dict[str, Any] = {
            "modality": one.modality,
            "locator": str(one.locator),
            "key": one.key.hex(),
            "text": one.text,
        }
        if one.pixels is not None:
            draft["pixels"] = True
            pieces.append(one.pixels.tobytes())
        if one.samples is not None:
            draft["samples"], draft["rate"] = int(one.samples.size), one.rate
            pieces.append(one.samples.astype(np.float32).tobytes())
        drafts.append(draft)
    answer = {
        "title": reading.title,
        "fields": dict(reading.fields),
        "drafts": drafts,
        "first": reading.first,
        "last": reading.last,
        "key": None if reading.key is None else reading.key.hex(),
        "faults": [[str(fault.place), fault.reason] for fault in reading.faults],
    }
    return answer, b"".join(pieces)


def _reading(source: Source, answer: dict[str, Any], data: bytes, how: Decoding) -> Reading:
    drafts = []
    at = 0
    for one in answer["drafts"]:
        draft = Draft(one["modality"], Locator.parse(one["locator"]), bytes.fromhex(one["key"]), one["text"])
        if one.get("pixels") and how.picture is not None:
            side = how.picture.size
            size = side * side * 3
            draft.pixels = np.frombuffer(data, np.uint8, size, at).reshape(side, side, 3)
            at += size
        elif "samples" in one:
            draft.samples, draft.rate = np.frombuffer(data, np.float32, one["samples"], at), one["rate"]
            at += draft.samples.nbytes
        drafts.append(draft)
    return Reading(
        source,
        answer["title"],
        {**source.supplements, **answer["fields"], **source.fields},
        drafts,
        answer["first"],
        answer["last"],
        [Fault(Locator.parse(place), reason) for place, reason in answer["faults"]],
        key=None if answer["key"] is None else bytes.fromhex(answer["key"]),
    )
