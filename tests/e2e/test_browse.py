"""The real command in a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import tty
from contextlib import suppress
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

    def __init__(self, *arguments: str | Path, answers: bytes | None = None) -> None:
        """With ``answers`` it writes to the terminal, too, which has these for what it is asked."""
        self.master, slave = pty.openpty()
        if answers is not None:
            size = struct.pack("HHHH", 30, 100, 1_000, 600)  # rows, columns, pixels
            fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
            tty.setraw(slave)
            os.write(self.master, answers)
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
            stdout=subprocess.PIPE if answers is None else slave,  # as in: mmsearch browse | xargs …
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
        if LEFT not in self.written:
            self.until(LEFT)
        while self.process.poll() is None:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.written += os.read(self.master, 65536)
                except OSError:
                    break
        given = b""
        if self.process.stdout is not None:
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


# What terminals say of themselves (DA1, where 4 means sixel), and Kitty to what it is asked about its graphics.
PLAIN, SIXEL, KITTY = b"\x1b[?62c", b"\x1b[?62;4c", b"\x1b_Gi=1;OK\x1b\\"


@pytest.mark.parametrize(
    ("answers", "options", "drawn"),
    [
        (SIXEL, [], b"\x1bP"),  # what begins a sixel picture
        (PLAIN + KITTY, [], b"\x1b_G"),
        (SIXEL, ["--blocks"], "▀".encode()),
    ],
    ids=["sixel", "kitty", "blocks"],
)
def test_pictures_are_drawn_as_the_terminal_can(
    demo_index: Path, answers: bytes, options: list[str], drawn: bytes
) -> None:
    terminal = Terminal("a tabby cat modality:image", "--index", demo_index, *options, answers=answers)
    terminal.until(b"photo-04.png")
    before = len(terminal.written)
    os.write(terminal.master, b"\r")
    terminal.until("┏".encode())
    terminal.until(drawn)
    others = {b"\x1bP", b"\x1b_G"} - {drawn}
    os.write(terminal.master, b"q")
    status, _ = terminal.end()
    os.close(terminal.master)
    assert status == 0
    asked_for = terminal.written[before:]
    assert not any(other in asked_for for other in others)


def test_a_second_signal_ends_it_at_once_and_leaves_nobody_behind(demo_index: Path) -> None:
    terminal = Terminal("a tabby cat", "--index", demo_index, "--blocks")
    terminal.until(b"photo-04.png")
    end = time.monotonic() + LONGEST
    while terminal.process.poll() is None:
        assert time.monotonic() < end
        terminal.process.send_signal(signal.SIGTERM)
        if select.select([terminal.master], [], [], 0.05)[0]:  # else it waits for what it writes to be read
            with suppress(OSError):
                os.read(terminal.master, 65536)
    ended = terminal.process.wait()
    os.close(terminal.master)
    assert ended in (143, -signal.SIGTERM)
    assert terminal.process.stdout is not None
    assert terminal.process.stdout.read() == b""  # nobody holds the pipe open any more
    terminal.process.stdout.close()


def test_it_ends_when_its_terminal_is_gone(demo_index: Path) -> None:
    terminal = Terminal("a tabby cat", "--index", demo_index, "--no-pictures")
    terminal.until(b"photo-04.png")
    os.close(terminal.master)  # no signal says so: it isn't this session's terminal
    assert terminal.process.wait(timeout=LONGEST) == 129
    assert terminal.process.stdout is not None
    terminal.process.stdout.close()
