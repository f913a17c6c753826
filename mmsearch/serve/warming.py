"""What a first search would wait for, loaded beforehand; it imports none of the web's packages."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from mmsearch.errors import MmsearchError

if TYPE_CHECKING:
    from mmsearch.library.library import Library


def warm_up(library: Library) -> None:
    """Search once."""
    # an empty index, an encoder that is not installed: whoever searches is told
    with contextlib.suppress(MmsearchError):
        library.search("a photograph", k=1)


def begin(library: Library) -> None:
    """Warm ``library`` up in a thread of its own, while others import what answers requests."""
    threading.Thread(target=warm_up, args=(library,), name="warming", daemon=True).start()
