"""The mmsearch command in a process of its own, with what it cost."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
LAUNCH = Path(__file__).with_name("launch.py")
# An index of the user's, and what would have every process compile all modules anew, which no installed one does.
_LEFT_OUT = ("MMSEARCH_INDEX", "PYTHONDONTWRITEBYTECODE")
# Packages that a first query must not load.
HEAVY = ("torch", "faiss", "sqlite_utils", "PIL", "rich", "open_clip")


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended, what it printed, and what it cost."""

    status: int
    output: str
    errors: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @property
    def peak_mb(self) -> float:
        """Peak resident memory in 10**6 bytes."""
        return self.peak_bytes / 1e6


def resident_mb() -> float:
    """Resident memory of this process in 10**6 bytes; where /proc is missing, its peak so far."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    )


def environment() -> dict[str, str]:
    """This environment with this checkout of mmsearch first, and no index of the user's."""
    path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
    kept = {k: v for k, v in os.environ.items() if k not in _LEFT_OUT}
    return {**kept, "PYTHONPATH": path}


def run(command: Sequence[str | Path], *, accept: Sequence[int] = (0,)) -> Finished:
    """Run ``command`` (its first word is a path) and wait; RuntimeError when its status is not accepted."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "usage.json"
        words = [sys.executable, "-S", "-E", str(LAUNCH), str(result), *map(str, command)]
        finished = subprocess.run(words, capture_output=True, text=True, env=environment(), check=False)
        if not result.exists():
            raise RuntimeError(f"{command} could not be started: {finished.stderr}")
        usage = json.loads(result.read_text())
    if usage["status"] not in accept:
        raise RuntimeError(
            f"{' '.join(map(str, command))} ended with {usage['status']}: {finished.stderr[-2000:]}"
        )
    return Finished(
        usage["status"],
        finished.stdout,
        finished.stderr,
        usage["seconds"],
        usage["cpu_seconds"],
        usage["peak_bytes"],
    )


def mmsearch(*arguments: str | Path, accept: Sequence[int] = (0,)) -> Finished:
    """``mmsearch ARGUMENTS`` in a new process."""
    return run([sys.executable, "-m", "mmsearch", *arguments], accept=accept)


def heavy_imports(*arguments: str | Path) -> list[str]:
    """Which of the ``HEAVY`` packages ``mmsearch ARGUMENTS`` imports."""
    code = f"""
import sys
sys.argv = ["mmsearch", *{list(map(str, arguments))!r}]
from mmsearch.cli.main import main
try:
    main()
except SystemExit:
    pass
print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""
    return run([sys.executable, "-c", code]).errors.rstrip("\n").rpartition("\n")[2].split()
