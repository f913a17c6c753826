from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mmsearch.errors import IndexLockedError, StoreWarning
from mmsearch.store.durable import lock
from mmsearch.store.durable.lock import exclusive

if TYPE_CHECKING:
    from pathlib import Path


def test_the_lock_tells_who_holds_it_and_is_given_back(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with exclusive(file):
        assert file.read_text() == f"{os.getpid()}\n"
        with pytest.raises(IndexLockedError, match=rf"pid {os.getpid()}\) is writing to"), exclusive(file):
            pass
    with exclusive(file):
        pass


def test_a_process_that_is_killed_gives_the_lock_back(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from mmsearch.store.durable.lock import exclusive
with exclusive(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "lock")], check=False)
    with exclusive(tmp_path / "lock"):
        pass


def test_where_locks_keep_nobody_out_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on network file systems that take a lock for done without doing anything."""
    monkeypatch.setattr(lock, "_take", lambda handle: True)
    with pytest.warns(StoreWarning, match="no locks that work"), exclusive(tmp_path / "lock"):
        pass


def test_without_fcntl_a_byte_is_locked(tmp_path: Path) -> None:
    """As on Windows, where this has not been tried: a stand-in for msvcrt shows which byte, and how."""
    script = """
import sys, types
from pathlib import Path
sys.platform = "win32"
calls = []
held = set()
def locking(handle, mode, count):
    import os
    calls.append((os.lseek(handle, 0, os.SEEK_CUR), mode, count))
    if held:
        raise OSError("locked")
    held.add(handle)
sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=locking)
sys.modules["fcntl"] = None
from mmsearch.store.durable.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print(calls, Path(sys.argv[1]).stat().st_size < 20)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "lock")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == f"{[(1 << 30, 2, 1)] * 2} True\n"
