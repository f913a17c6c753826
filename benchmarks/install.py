"""A fresh machine: `make demo` from a copy of the repository, and the installed size of the core."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.shared.figures import Figure, at_most, seen
from benchmarks.shared.processes import REPOSITORY

# Not in a clone.
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis", "runs", "build", "dist"
)


def measure(scale: float = 1.0) -> list[Figure]:
    """Needs pip's index. What comes with a new environment (pip, setuptools) is no part of the size."""
    with tempfile.TemporaryDirectory() as work:
        clone, core = Path(work) / "mmsearch", Path(work) / "core"
        shutil.copytree(REPOSITORY, clone, ignore=LEFT_OUT)
        started = time.perf_counter()
        demo = _run(["make", "demo", f"PYTHON={sys.executable}"], clone)
        seconds = time.perf_counter() - started
        _run([sys.executable, "-m", "venv", str(core)], clone)
        empty = _size(core)
        constraints = ["--constraint", "constraints.txt"] if (clone / "constraints.txt").exists() else []
        started = time.perf_counter()
        _run([str(core / "bin" / "pip"), "install", "--quiet", *constraints, "."], clone)
        core_seconds = time.perf_counter() - started
        size = _size(core) - empty
        largest = _largest(core)
    return [
        at_most("fresh copy → `make demo` done, installation included", 120, seconds, "s", 0),
        at_most("installed size of the core with its dependencies", 450, size / 1e6, "MB", 0),
        seen("installing the core", f"{core_seconds:.0f} s"),
        seen("its largest packages", largest),
        seen("what the demo says", demo.strip().splitlines()[-1]),
    ]


def _run(command: list[str], folder: Path) -> str:
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {finished.returncode}: {finished.stderr[-2000:]}")
    return finished.stdout


def _size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _largest(core: Path) -> str:
    packages = next((core / "lib").glob("python*/site-packages"))
    sizes = sorted(((_size(path), path.name) for path in packages.iterdir() if path.is_dir()), reverse=True)
    return ", ".join(f"{name} {size / 1e6:.0f} MB" for size, name in sizes[:6])
