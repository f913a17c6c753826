"""Decoding in a child process with limits on memory and time: a decoder that hangs or crashes ends the child only.

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
from mmsearch.ingest.faults import fault_of
from mmsearch.ingest.sources import Source
from mmsearch.media.limits import MIB, Limits
from mmsearch.types import Locator, PictureSpec

if TYPE_CHECKING:
    from mmsearch.types import Pixels

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
    """Decodes sources one by one in a child process, which is started when it is needed, and anew when it died."""

    def __init__(self, how: Decoding) -> None:
        self.how = how
        self._child: subprocess.Popen[bytes] | None = None

    def decode(self, source: Source) -> Reading:
        """As `mmsearch.ingest.decoding.decoding.decode`, of a picture that no row is known of.

        Raises MediaError with the child's reason, DecoderDiedError when the child came to its end over it.
        """
        if self._child is not None and self._child.poll() is not None:
            self.close()  # it was ended while it had nothing to do: no file's fault
        child = self._child or self._start()
        timed_out = threading.Event()
        try:
            answer, data = _asked(child, _source_as_json(source), self.how.limits.max_seconds, timed_out)
        except (OSError, ValueError, EOFError) as error:
            self.close()
            raise DecoderDiedError(self._cause(child.returncode, timed_out.is_set())) from error
        if "error" in answer:
            raise MediaError(str(answer["error"]))
        return _reading(source, answer, data, self.how)

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
            _asked(child, asdict(self.how), _START_SECONDS, threading.Event())
        except (OSError, ValueError, EOFError) as error:
            self.close()
            raise NoChildError(f"no process to decode in can be started ({error or 'it ended'})") from error
        return child

    def _cause(self, status: int | None, timed_out: bool) -> str:
        if timed_out:
            what = f"its decoder did not come to an end in {self.how.limits.max_seconds:g} s"
        elif status is not None and status < 0:
            what = f"it crashed its decoder ({signal.Signals(-status).name})"
        else:
            what = "it ended its decoder"
        return f"{what}; not tried again until it changes, or with --verify"


def _asked(
    child: subprocess.Popen[bytes], question: dict[str, Any], seconds: float, timed_out: threading.Event
) -> tuple[dict[str, Any], bytes]:
    """What the ``child`` answers; after so many ``seconds`` it is killed, and ``timed_out`` set."""
    assert child.stdin is not None
    assert child.stdout is not None

    def give_up() -> None:
        timed_out.set()
        child.kill()

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        _send(child.stdin, question)
        return _receive(child.stdout)
    finally:
        timer.cancel()


def serve() -> None:
    """The child: decode what comes in on standard input until that ends."""
    from mmsearch.media import decode as _loaded  # noqa: F401 - before the first file's time begins to run

    questions = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints is no answer
    given, _ = _receive(questions)
    how = _decoding(given)
    _limit_memory(how.limits)
    _send(answers, {})
    while True:
        try:
            asked, _ = _receive(questions)
        except EOFError:
            return
        if hasattr(signal, "alarm"):
            signal.alarm(int(how.limits.max_seconds) + _GRACE)
        try:
            answer, data = _reading_as_json(decode(_source(asked), how, lambda _: None))
        except BaseException as error:
            answer, data = {"error": fault_of(error)}, b""
        if hasattr(signal, "alarm"):
            signal.alarm(0)
        _send(answers, answer, data)


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


def _source_as_json(source: Source) -> dict[str, Any]:
    files = {
        name: None if file is None else str(file)
        for name, file in (("picture", source.picture), ("text", source.text))
    }
    return {
        "path": source.path,
        "stamp": source.stamp,
        **files,
        "captions": source.captions,
        "title": source.title,
        "body": source.body,
    }


def _source(given: dict[str, Any]) -> Source:
    files = {name: None if given[name] is None else Path(given[name]) for name in ("picture", "text")}
    return Source(**{**given, **files, "captions": tuple(given["captions"])})


def _decoding(given: dict[str, Any]) -> Decoding:
    picture = None if given["picture"] is None else PictureSpec(**given["picture"])
    return Decoding(picture, Limits(**given["limits"]), given["scaled"])


def _reading_as_json(reading: Reading) -> tuple[dict[str, Any], bytes]:
    drafts = [
        {"modality": one.modality, "locator": str(one.locator), "key": one.key.hex(), "text": one.text}
        for one in reading.drafts
    ]
    data = b"".join(one.pixels.tobytes() for one in reading.drafts if one.pixels is not None)
    return {"title": reading.title, "fields": dict(reading.fields), "drafts": drafts}, data


def _reading(source: Source, answer: dict[str, Any], data: bytes, how: Decoding) -> Reading:
    drafts = [
        Draft(one["modality"], Locator.parse(one["locator"]), bytes.fromhex(one["key"]), one["text"])
        for one in answer["drafts"]
    ]
    if data and how.picture is not None:
        picture = next(draft for draft in drafts if draft.modality == "image")
        picture.pixels = _pixels(data, how.picture.size)
    return Reading(
        source, answer["title"], {**source.supplements, **answer["fields"], **source.fields}, drafts
    )


def _pixels(data: bytes, size: int) -> Pixels:
    return np.frombuffer(data, dtype=np.uint8).reshape(size, size, 3)
