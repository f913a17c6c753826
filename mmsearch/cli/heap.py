"""One heap for all threads of a process that indexes, so that its memory does not grow with the corpus.

The C library gives each thread a heap of its own, and the holes in them add up: a fifth more at the peak of 10,000
pictures than of 1,000. It reads how many it may have before anything else runs, hence the new beginning.
"""

from __future__ import annotations

import os
import sys

VARIABLE = "MALLOC_ARENA_MAX"


def with_one_heap() -> None:
    """Begin the process anew with one heap, under glibc; return where it is settled already, or there is no such."""
    if VARIABLE in os.environ or "CS_GNU_LIBC_VERSION" not in getattr(os, "confstr_names", ()):
        return
    if not (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
        return
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, VARIABLE: "1"})
