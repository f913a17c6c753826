"""Ctrl-C and SIGTERM: one line, status 130 and 143, and what was finished is kept.

Imports next to nothing, so that a signal finds the handlers there before the packages are loaded.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # typing's would come with typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_SAID = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
}
_SIGNALLED = 128  # what a shell adds to the number of a signal


def stoppable(run: Callable[[], None]) -> None:
    """Call ``run``; a signal ends it by KeyboardInterrupt, and then the process, without waiting for threads.

    A second signal has its plain effect at once.
    """
    received: list[signal.Signals] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number))
        for other in _SAID:
            signal.signal(other, signal.SIG_DFL)
        raise KeyboardInterrupt

    for number in _SAID:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, stop)
    try:
        run()
    except (
        BaseException
    ):  # typer turns an interruption into an exit, a package that is being loaded into anything
        if not received:
            raise
        _end(received[0])


def _end(number: signal.Signals) -> None:
    said = "what was finished is kept, run the command again to go on"
    for say in (
        sys.stdout.flush,
        lambda: print(f"mmsearch: {_SAID[number]}; {said}", file=sys.stderr, flush=True),
    ):
        try:  # noqa: SIM105 - contextlib takes time to load
            say()
        except (OSError, ValueError):
            pass
    os._exit(_SIGNALLED + number)  # a thread may be within a decoder that never comes back
