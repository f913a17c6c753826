"""The highest memory of a command, its child processes included."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

_LOOK_EVERY = 0.05  # seconds


def peak(*arguments: str) -> float:
    """The highest memory, in MB, that the command and its children had at one time."""
    process = subprocess.Popen([sys.executable, "-m", "mmsearch", *arguments], stdout=subprocess.DEVNULL)
    highest = 0
    while process.poll() is None:
        highest = max(highest, sum(map(_resident, [process.pid, *_children(process.pid)])))
        time.sleep(_LOOK_EVERY)
    assert process.returncode == 0
    return highest / 1024


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            own = Path(f"/proc/{pid}/task/{task}/children").read_text().split()
            for child in map(int, own):
                found += [child, *_children(child)]
    except OSError:  # it has just ended
        pass
    return found


def _resident(pid: int) -> int:
    """Kilobytes, what is shared with others counted by its share."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0
