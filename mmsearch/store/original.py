"""Where the file of an item lies, and that it lies within its corpus."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError

if TYPE_CHECKING:
    from mmsearch.store.catalogue.values import StoredItem


def file_of(item: StoredItem) -> str:
    """The absolute path of the item's file."""
    return f"{item.corpus_root.rstrip('/')}/{item.path}"


def file_within(item: StoredItem) -> Path:
    """The item's file with every symbolic link followed; for those who may see the corpus and nothing else.

    Raises MediaError when a link leads out of the corpus. Whether the file is there is for the opening to say.
    """
    try:
        root = os.path.realpath(item.corpus_root)
        real = os.path.realpath(file_of(item))
    except (OSError, ValueError) as error:
        raise MediaError("its path can't be followed") from error
    if not real.startswith(f"{root.rstrip('/')}/"):
        raise MediaError("it leads out of the corpus by a symbolic link")
    return Path(real)
