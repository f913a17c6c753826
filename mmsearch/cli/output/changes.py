"""What becomes of an index while others write it: a line for each change, until nobody wants more."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from mmsearch.cli.output.terminal import print_json_line, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mmsearch.store.catalogue.values import Statistics

EVERY = 1.0  # seconds between two looks, each of which opens the index and reads one number


def follow(index_dir: Path, *, as_json: bool) -> None:
    """Print what the index at ``index_dir`` holds, and again whenever it changed; never returns.

    Raises IndexDirectoryError when there is no index, or no longer.
    """
    before: Statistics | None = None
    for now in states(index_dir):
        if as_json:
            print_json_line(as_dict(now))
        else:
            say(line(now, before))
            sys.stdout.flush()
        before = now


def states(index_dir: Path) -> Iterator[Statistics]:
    """What the index holds now, and after each change."""
    from mmsearch.library import open as open_library

    seen = None
    while True:
        with open_library(index_dir) as library:
            if library.catalogue.generation() != seen:
                now = library.statistics()
                seen = now.generation
                yield now
        time.sleep(EVERY)


def line(now: Statistics, before: Statistics | None) -> str:
    """What there is ``now``, with what was added or taken since ``before``."""
    counts = {"documents": now.documents, **{f"{kind}s": count for kind, count in sorted(now.items.items())}}
    earlier = {} if before is None else {"documents": before.documents}
    earlier |= {} if before is None else {f"{kind}s": count for kind, count in before.items.items()}
    shown = []
    for kind in sorted({*counts, *earlier}, key=lambda kind: (kind != "documents", kind)):
        count = counts.get(kind, 0)
        more = 0 if before is None else count - earlier.get(kind, 0)
        shown.append(f"{count:,} {kind}" + (f" ({more:+,})" if more else ""))
    return f"{time.strftime('%H:%M:%S')}  {', '.join(shown)}"


def as_dict(now: Statistics) -> dict[str, Any]:
    """The same for JSON, with the time in UTC."""
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "generation": now.generation,
        "documents": now.documents,
        "items": dict(sorted(now.items.items())),
        "tombstones": now.tombstones,
    }
