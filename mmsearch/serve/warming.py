"""What a first search would wait for, loaded beforehand; it imports none of the web's packages."""

from __future__ import annotations

import contextlib
import gc
import threading
from typing import TYPE_CHECKING

from mmsearch.errors import MmsearchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.library.library import Library


def warm_up(library: Library) -> None:
    """Search once."""
    # an empty index, an encoder that is not installed: whoever searches is told
    with contextlib.suppress(MmsearchError):
        library.search("a photograph", k=1)


def begin(library: Library) -> None:
    """Warm ``library`` up in a thread of its own, while others import what answers requests."""
    threading.Thread(target=warm_up, args=(library,), name="warming", daemon=True).start()


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection inside: of what is imported nothing can be thrown away, and looking takes a tenth of it."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
