"""Decoding in a child process with limits on memory and time: a decoder that hangs or crashes ends the child only.

Where it is asked to, the child also encodes what it decoded, and throws that away: so what crashes an encoder is found.

Parent and child speak in frames: the length of a JSON text, that text, the length of some bytes, those bytes. Nothing
that the child says is executed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import MediaError, MmsearchError
from mmsearch.ingest.decoding.decoding import Decoding, Draft, Reading, decode
from mmsearch.ingest.decoding.trial import trial_of
from mmsearch.ingest.faults import fault_of
from mmsearch.ingest.sources import Source
from mmsearch.media.limits import MIB, Limits
from mmsearch.media.readers.parts import Fault
from mmsearch.types import Locator, PictureSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.ingest.decoding.trial import Trial

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mmsearch.ingest.decoding.isolation import serve; serve()"
)
_LENGTH = 8  # bytes of a frame's two numbers
_LONGEST_TEXT = 512 * MIB
_BYTES_A_PIXEL = 16  # decoded, converted and scaled
_GRACE = 5  # seconds that a child outlives its time when its parent is gone
_START_SECONDS = 120.0  # on a machine that is busy
# One child each is enough for one file at a time, and a pool of threads would count against its memory.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class DecoderDiedError(MediaError):
    """The child process ended, or had to be ended, while it decoded a file."""


class NoChildError(MmsearchError):
    """No child process can be started here."""


class IsolatedDecoder:
    """Decodes sources one by one in a child process, which is started when it is needed, and anew when it died.

    ``encoder``: the name of the one that what is decoded is tried on; None for none.
    """

    def __init__(self, how: Decoding, encoder: str | None = None) -> None:
        self.how, self.encoder = how, encoder
        self._child: subprocess.Popen[bytes] | None = None

    def decode(self, source: Source) -> Iterator[Reading]:
        """As `mmsearch.ingest.decoding.decoding.decode`, of a picture that no row is known of.

        Raises MediaError with the child's reason, DecoderDiedError when the child came to its end over it.
        """
        if self._child is not None and self._child.poll() is not None:
            self.close()  # it was ended while it had nothing to do: no file's fault
        child = self._child or self._start()
        question: dict[str, Any] | None = _source_as_json(source)
        settled = False
        try:
            while not settled:
                timed_out = threading.Event()
                try:
                    answer, data = _asked(child, question, self.how.limits.max_seconds, timed_out)
                    settled = "error" in answer or answer["last"]
                    if not settled:  # the next is decoded while this one is encoded
                        _tell(child, {"more": True})
                except (OSError, ValueError, EOFError) as error:
                    self.close()
                    settled = True
                    raise DecoderDiedError(self._cause(child.returncode, timed_out.is_set())) from error
                if "error" in answer:
                    raise MediaError(str(answer["error"]))
                yield _reading(source, answer, data, self.how)
                question = None
        finally:
            if not settled:
                self.close()  # it is in the middle of what nobody wants any more

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):  # what could not be sent any more
                    pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            self._child = child = subprocess.Popen(
                [sys.executable, "-c", _BOOT, json.dumps([os.path.abspath(path) for path in sys.path])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_ONE_THREAD},
                start_new_session=True,  # Ctrl-C is the parent's affair
            )
            _asked(child, {**asdict(self.how), "encoder": self.encoder}, _START_SECONDS, threading.Event())
        except (OSError, ValueError, EOFError) as error:
            self.close()
            raise NoChildError(f"no process to decode in can be started ({error or 'it ended'})") from error
        return child

    def _cause(self, status: int | None, timed_out: bool) -> str:
        if timed_out or (status is not None and -status == getattr(signal, "SIGALRM", None)):
            what = f"its decoder did not come to an end in {self.how.limits.max_seconds:g} s"
        elif status is not None and status < 0:
            culprit = "its decoder" if self.encoder is None else "its decoder or the encoder"
            what = f"it crashed {culprit} ({signal.Signals(-status).name})"
        else:
            what = "it ended its decoder"
        return f"{what}; not tried again until it changes, or with --verify"


def _asked(
    child: subprocess.Popen[bytes],
    question: dict[str, Any] | None,
    seconds: float,
    timed_out: threading.Event,
) -> tuple[dict[str, Any], bytes]:
    """What the ``child`` answers, to a question of before where there is none; after so many ``seconds`` it is killed,
    and ``timed_out`` set."""
    assert child.stdout is not None

    def give_up() -> None:
        timed_out.set()
        child.kill()

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        if question is not None:
            _tell(child, question)
        return _receive(child.stdout)
    finally:
        timer.cancel()


def _tell(child: subprocess.Popen[bytes], question: dict[str, Any]) -> None:
    assert child.stdin is not None
    _send(child.stdin, question)


def serve() -> None:
    """The child: decode what comes in on standard input until that ends."""
    from mmsearch.media import decode as _loaded  # noqa: F401 - before the first file's time begins to run

    questions = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints is no answer
    given, _ = _receive(questions)
    how = _decoding(given)
    _limit_memory(how.limits)
    encode = trial_of(given["encoder"], how.limits.max_seconds / 2)  # a long text is no hang
    _send(answers, {})
    while True:
        try:
            asked, _ = _receive(questions)
        except EOFError:
            return
        for answer, data in _answers(asked, how, encode):
            _send(answers, answer, data)
            if answer.get("last", True):
                break
            try:
                _receive(questions)  # for more
            except EOFError:
                return


def _answers(asked: dict[str, Any], how: Decoding, encode: Trial) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The frames about one source: its instalments, or what went wrong. The time counts for each."""
    readings: Iterator[Reading] | None = None
    while True:
        if hasattr(signal, "alarm"):
            signal.alarm(int(how.limits.max_seconds) + _GRACE)
        try:
            readings = readings or decode(_source(asked), how, lambda _: None)
            reading = next(readings)
            encode(reading)
            answer, data = _reading_as_json(reading)
        except BaseException as error:
            answer, data = {"error": fault_of(error)}, b""
        if hasattr(signal, "alarm"):
            signal.alarm(0)
        yield answer, data


def _limit_memory(limits: Limits) -> None:
    try:
        import resource
    except ImportError:  # not on this system
        return
    wanted = 2048 * MIB + 2 * limits.max_bytes + _BYTES_A_PIXEL * limits.max_pixels
    with suppress(ValueError, OSError):
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        wanted = min(wanted, max(2048 * MIB, there))
    for kind, bound in ((resource.RLIMIT_AS, wanted), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # a system that knows no such limit, or has a lower one
            resource.setrlimit(kind, (bound, bound))


def _send(pipe: IO[bytes], text: dict[str, Any], data: bytes = b"") -> None:
    encoded = json.dumps(text).encode()
    for part in (encoded, data):
        pipe.write(len(part).to_bytes(_LENGTH, "big") + part)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    text = json.loads(_read(pipe))
    if not isinstance(text, dict):
        raise ValueError("not a frame")
    return text, _read(pipe)


def _read(pipe: IO[bytes]) -> bytes:
    length = int.from_bytes(_exactly(pipe, _LENGTH), "big")
    if length > _LONGEST_TEXT:
        raise ValueError("too long a frame")
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


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
