"""The terminal that goes away: closed by whoever had it open, with no signal that would say so."""

from __future__ import annotations

import os
import select
import sys
import threading

_HUNG_UP = 129  # what a shell tells of a process that SIGHUP ended


def end_with_terminal() -> None:
    """From now on the process ends when the terminal at its standard input does, and reads nothing for ever no more."""
    if hasattr(select, "poll"):
        threading.Thread(target=_wait, args=(sys.stdin.fileno(),), name="terminal", daemon=True).start()


def _wait(terminal: int) -> None:
    poll = select.poll()
    poll.register(terminal, 0)  # of its end alone
    if any(event & select.POLLHUP for _, event in poll.poll()):
        os._exit(_HUNG_UP)  # there is nothing to restore, nobody to tell, and nothing was written
