"""A child process with limits on memory and time, and the frames in which one speaks with it.

A frame: the length of a JSON text, that text, the length of some bytes, those bytes. Nothing that the child says is
executed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from mmsearch.errors import MediaError, MmsearchError
from mmsearch.media.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.media.limits import Limits

# The module's `serve` is what the child does.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from importlib import import_module; import_module(sys.argv[2]).serve()"
)
_LENGTH = 8  # bytes of a frame's two numbers
_LONGEST = 512 * MIB
_BYTES_A_PIXEL = 16  # decoded, converted and scaled
_GRACE = 5  # seconds that a child outlives its time when its parent is gone
_START_SECONDS = 120.0  # on a machine that is busy
# One child each is enough for one file at a time, and a pool of threads would count against its memory.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class DecoderDiedError(MediaError):
    """The child process ended, or had to be ended, while it decoded a file."""


class NoChildError(MmsearchError):
    """No child process can be started here."""


class Child:
    """A process in which the ``serve`` of a ``module`` runs, which is sent ``given`` first.

    Raises NoChildError when it can't be started.
    """

    def __init__(self, module: str, given: dict[str, Any]) -> None:
        try:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _BOOT,
                    json.dumps([os.path.abspath(path) for path in sys.path]),
                    module,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_ONE_THREAD},
                start_new_session=True,  # Ctrl-C is the parent's affair
            )
        except OSError as error:
            raise NoChildError(f"no process to decode in can be started ({error})") from error
        try:
            self.tell(given)
            self.answer(_START_SECONDS)
        except (OSError, ValueError, EOFError) as error:
            self.close()
            raise NoChildError(f"no process to decode in can be started ({error or 'it ended'})") from error

    @property
    def has_ended(self) -> bool:
        """Whether it came to its end by itself."""
        return self.process.poll() is not None

    def tell(self, question: dict[str, Any]) -> None:
        """Send a frame; raises OSError when nobody reads it."""
        assert self.process.stdin is not None
        send(self.process.stdin, question)

    def answer(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        """The next frame; raises TimeoutError when there is none after so many ``seconds``, and the child is ended.

        EOFError when the child has ended by itself, ValueError for what is no frame.
        """
        assert self.process.stdout is not None
        timed_out = threading.Event()

        def give_up() -> None:
            timed_out.set()
            self.process.kill()

        timer = threading.Timer(seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            return receive(self.process.stdout)
        except (OSError, ValueError, EOFError) as error:
            if timed_out.is_set():
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what could not be sent any more
                    pipe.close()

    def cause(self, error: BaseException, seconds: float, culprit: str = "its decoder") -> str:
        """Why it is closed now, after an ``error`` while it was asked for something that may take ``seconds``."""
        status = self.process.returncode
        timed_out = isinstance(error, TimeoutError)
        if timed_out or (status is not None and -status == getattr(signal, "SIGALRM", None)):
            return f"its decoder did not come to an end in {seconds:g} s"
        if status is not None and status < 0:
            return f"it crashed {culprit} ({signal.Signals(-status).name})"
        return "it ended its decoder"


def channel() -> tuple[IO[bytes], IO[bytes]]:
    """In the child: where questions come from, and where answers go; what a decoder prints is no answer."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, answers


@contextmanager
def time_limit(limits: Limits) -> Iterator[None]:
    """In the child: it ends when what is done here takes longer than a file may, and nobody ended it."""
    if not hasattr(signal, "alarm"):
        yield
        return
    signal.alarm(int(limits.max_seconds) + _GRACE)
    try:
        yield
    finally:
        signal.alarm(0)


def limit_memory(limits: Limits) -> None:
    """In the child: no more than the largest file needs."""
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


def send(pipe: IO[bytes], text: dict[str, Any], data: bytes = b"") -> None:
    """Write a frame."""
    encoded = json.dumps(text).encode()
    for part in (encoded, data):
        pipe.write(len(part).to_bytes(_LENGTH, "big") + part)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Read a frame; raises EOFError at the end, ValueError for what is none."""
    text = json.loads(_read(pipe))
    if not isinstance(text, dict):
        raise ValueError("not a frame")
    return text, _read(pipe)


def _read(pipe: IO[bytes]) -> bytes:
    length = int.from_bytes(_exactly(pipe, _LENGTH), "big")
    if length > _LONGEST:
        raise ValueError("too long a frame")
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data
