"""What is done with documents and corpora as a whole: find by name, take out, move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.errors import UsageError
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.conditions import PathGlob
from mmsearch.store.header import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mmsearch.store.catalogue.reader import CatalogueReader
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.store.directory import IndexDirectory


def find_documents(catalogue: CatalogueReader, name: str) -> list[list[StoredItem]]:
    """The items of each document that ``name`` names: a path, the end of one, or ``#ITEM-ID``."""
    if name.startswith("#") and name[1:].isdigit():
        ids = [item.document_id for item in catalogue.items([int(name[1:])])]
    else:
        ids = catalogue.find(name)
    return [catalogue.document_items(document_id) for document_id in ids]


def remove_documents(directory: IndexDirectory, paths: Sequence[str]) -> int:
    """Take documents out of the index by path or glob; how many were there. Raises UsageError for none."""
    with directory.write_lock(), Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        chosen: set[int] = set()
        for path in paths:
            matches = _matching(catalogue, path)
            if not matches:
                raise UsageError(f"no document matches {path!r}; nothing was removed")
            chosen.update(matches)
        removed = catalogue.remove(sorted(chosen))
        directory.write_manifest(Manifest.of(catalogue))
    return removed


def _matching(catalogue: CatalogueReader, path: str) -> list[int]:
    if not any(sign in path for sign in "*?["):
        return catalogue.find(path)
    ids = catalogue.select_items(PathGlob(path))
    return sorted({int(document) for document in catalogue.documents_of_items(ids)})


def move_corpus(directory: IndexDirectory, old: Path, new: Path) -> None:
    """Say that the corpus that was indexed in ``old`` lies in ``new``; UsageError when none was."""
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        wanted = str(old.expanduser().absolute())
        corpora = {corpus.root: corpus.corpus_id for corpus in catalogue.corpora()}
        if wanted not in corpora:
            known = ", ".join(sorted(corpora)) or "none"
            raise UsageError(f"no corpus was indexed from {wanted}; this index knows: {known}")
        catalogue.move_corpus(corpora[wanted], str(new.resolve()))


def write_field(directory: IndexDirectory, name: str, values: Mapping[int, str | None]) -> int:
    """`Catalogue.set_field` on the index in ``directory``, under its lock; how many documents changed.

    Raises IndexLockedError when another process writes, and what ``set_field`` raises.
    """
    with directory.write_lock(), Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        changed = catalogue.set_field(name, values)
        if changed:
            directory.write_manifest(Manifest.of(catalogue))
    return changed
