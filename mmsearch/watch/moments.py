"""When something has changed in a folder: told by the system, or found by looking again and again."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchfiles import Change

QUIET = 0.25  # seconds without a change that end a burst
LONGEST = 1.5  # seconds after which a burst is handed on all the same
BEAT = 0.5  # seconds between two looks at whether the folder is still the same
_MOUNTS = Path("/proc/self/mounts")
# File systems on which others change files without this system hearing of it.
_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "9p", "afs", "ceph", "glusterfs", "lustre", "davfs", "virtiofs"}
)  # fmt: skip


def moments(
    root: Path, concern: Callable[[Change, str], bool], *, polling: bool, every: float
) -> Iterator[bool]:
    """True when something has changed in ``root`` that is of ``concern``, a burst once; False now and then.

    The first is True, and comes when no later change will be missed. So is the first after ``root`` has become
    another folder: a drive was mounted there, or taken away. While there is none it is False all the time.

    ``polling``: look at all files ``every`` so many seconds, as must be done on network file systems. Where the system
    has no room for more watches it is done too. Raises MissingExtraError without watchfiles.
    """
    try:
        from watchfiles import watch
    except ImportError as error:
        raise MissingExtraError("watching a folder", "watch") from error
    while True:
        place = _place(root)
        if place is None:
            yield False
            time.sleep(BEAT)
            continue
        watched = watch(
            root,
            watch_filter=concern,
            debounce=round(1000 * LONGEST),
            step=round(1000 * QUIET),
            rust_timeout=round(1000 * BEAT),
            yield_on_timeout=True,
            force_polling=polling,
            poll_delay_ms=round(1000 * every),
            ignore_permission_denied=True,
        )
        try:
            first = True
            for changes in watched:
                if _place(root) != place:
                    break
                yield first or bool(changes)
                first = False
        except OSError:  # no watches left (fs.inotify.max_user_watches), or the folder went away just now
            if _place(root) == place:
                if polling:
                    raise
                polling = True
        finally:
            watched.close()
        if _place(root) is None:
            yield True


def is_remote(folder: Path, mounts: str | None = None) -> bool:
    """Whether ``folder`` lies on a network file system, as ``mounts`` (of /proc/self/mounts) say."""
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return False
    kinds: dict[str, str] = {}
    for line in mounts.splitlines():
        _, where, kind = [*line.split(" "), "", "", ""][:3]
        kinds[where.replace("\\040", " ").rstrip("/") or "/"] = kind
    real = Path(os.path.realpath(folder))
    kind = next((kinds[str(one)] for one in (real, *real.parents) if str(one) in kinds), "")
    return kind in _REMOTE or kind.startswith("fuse.")


def _place(root: Path) -> tuple[int, int] | None:
    """Which folder it is; None when there is none."""
    try:
        status = root.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
