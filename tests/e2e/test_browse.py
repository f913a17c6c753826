"""The real command in a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("textual_image", reason="browsing comes with the browse extra")

REPOSITORY = Path(__file__).parents[2]
LONGEST = 120.0
LEFT = b"\x1b[?1049l"  # the terminal shows again what it showed before


def heed_interrupts() -> None:
    """As in a terminal, though these tests may run in the background of a shell, where Ctrl-C means nothing."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A command in a pseudo-terminal: what it wrote there, and how it ended."""

    def __init__(self, *arguments: str | Path) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mmsearch", "browse", *map(str, arguments)],
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "TERM": "xterm-256color",
                "COLUMNS": "100",
                "LINES": "30",
            },
            stdin=slave,
            stdout=subprocess.PIPE,  # as in: mmsearch browse | xargs …
            stderr=slave,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )
        os.close(slave)
        self.written = b""

    def until(self, text: bytes) -> None:
        """Read until it has written ``text``."""
        end = time.monotonic() + LONGEST
        while text not in self.written:
            assert time.monotonic() < end, self.written[-2000:]
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.written += os.read(self.master, 65536)
                except OSError:
                    assert text in self.written, self.written[-2000:]

    def end(self) -> tuple[int, bytes]:
        """(exit status, what went into the pipe)."""
        assert self.process.stdout is not None
        if LEFT not in self.written:
            self.until(LEFT)
        while self.process.poll() is None:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.written += os.read(self.master, 65536)
                except OSError:
                    break
        given = self.process.stdout.read()
        self.process.stdout.close()
        return self.process.wait(timeout=60), given


def test_what_is_selected_goes_into_the_pipe(demo_index: Path, demo_corpus: Path) -> None:
    terminal = Terminal("a tabby cat modality:image", "--index", demo_index, "--blocks")
    terminal.until(b"photo-04.png")
    os.write(terminal.master, b"\r")
    terminal.until("┏".encode())  # the border of the current hit, when keys go there
    os.write(terminal.master, b"x")
    terminal.until(b"1 selected")
    os.write(terminal.master, b"q")
    status, given = terminal.end()
    os.close(terminal.master)
    assert (status, given.decode()) == (0, f"{demo_corpus.resolve()}/photos/photo-04.png\n")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_leaves_the_terminal_as_it_was(
    demo_index: Path, number: signal.Signals, status: int
) -> None:
    terminal = Terminal("a tabby cat", "--index", demo_index, "--no-pictures")
    terminal.until(b"photo-04.png")
    terminal.process.send_signal(number)
    ended, given = terminal.end()
    os.close(terminal.master)
    assert (ended, given) == (status, b"")
