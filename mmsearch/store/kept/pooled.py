"""Saved vectors of whole documents: made from those of their items, so they may be deleted at any time.

Two NumPy files for each encoder and one of their checksums, named after the generation of the catalogue that they were
made from: a reader takes those of the generation that it sees, or none.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.durable.checksums import file_checksums
from mmsearch.store.durable.files import plain_errors, replace_bytes
from mmsearch.store.durable.sealed import read_sealed, write_sealed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from mmsearch.types import Ids

    Halves = NDArray[np.float16]


def write_pooled(folder: Path, generation: int, items: Ids, vectors: Halves) -> None:
    """Save ``vectors`` (n, dimension) of the documents of ``items`` (n,), and drop those of other generations.

    Only under the lock. Raises IndexDirectoryError when the disk is full.
    """
    with plain_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    replace_bytes(_vectors_file(folder, generation), _npy(vectors))
    replace_bytes(_items_file(folder, generation), _npy(items))
    sums: dict[str, object] = {
        file.name: file_checksums(file)
        for file in (_vectors_file(folder, generation), _items_file(folder, generation))
    }
    write_sealed(_sums_file(folder, generation), sums)  # last: without it there are none
    forget_pooled(folder, kept=generation)


def read_pooled(folder: Path, generation: int, dimension: int) -> tuple[Ids, Halves] | None:
    """What ``write_pooled`` saved for this generation, memory-mapped; None when it is missing or unreadable."""
    file = _items_file(folder, generation)
    try:
        sums = read_sealed(_sums_file(folder, generation)) or {}
        if sums.get(file.name) != file_checksums(file):  # of the vectors only `check` reads all
            return None
        items = np.load(file)
        vectors = np.load(_vectors_file(folder, generation), mmap_mode="r")
    except (OSError, ValueError, EOFError, IndexDirectoryError):
        return None
    sound = items.dtype == np.int64 and vectors.dtype == np.float16
    return (items, vectors) if sound and vectors.shape == (items.size, dimension) else None


def forget_pooled(folder: Path, kept: int | None = None) -> None:
    """Delete the saved vectors of all generations but ``kept``. Only under the lock."""
    with plain_errors(folder):
        for file in folder.glob("document-*"):
            if kept is None or file.name.partition(".")[0] != f"document-{kept}":
                file.unlink(missing_ok=True)


def _vectors_file(folder: Path, generation: int) -> Path:
    return folder / f"document-{generation}.vectors.npy"


def _items_file(folder: Path, generation: int) -> Path:
    return folder / f"document-{generation}.items.npy"


def _sums_file(folder: Path, generation: int) -> Path:
    return folder / f"document-{generation}.json"


def _npy(array: Ids | Halves) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
