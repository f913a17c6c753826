"""Give documents of an index a field of mmsearch's own (tags): lock, catalogue and manifest in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.store.catalogue import Catalogue
from mmsearch.store.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.store.directory import IndexDirectory


def write_field(directory: IndexDirectory, name: str, values: Mapping[int, str | None]) -> int:
    """`Catalogue.set_field` on the index in ``directory``, under its lock; how many documents changed.

    Raises IndexLockedError when another process writes, and what ``set_field`` raises.
    """
    with directory.write_lock(), Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        changed = catalogue.set_field(name, values)
        if changed:
            directory.write_manifest(Manifest.of(catalogue))
    return changed
