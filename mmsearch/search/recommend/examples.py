"""What a user likes or dislikes, brought to an index: documents, items, and pictures from outside."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mmsearch.errors import UsageError
from mmsearch.search.query.value import Item, Part, Picture

if TYPE_CHECKING:
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.store.catalogue.values import StoredItem

Attitude = Literal["like", "dislike"]
PATHS_NAMED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One thing that is liked or disliked.

    ``items`` of the index stand for it, or else ``picture`` (bytes, a PIL image, a vector). ``excluded`` are the
    documents that must not be recommended for it: its own, and copies of it (`mmsearch.search.ranking.distinct`).
    ``written`` finds it again, here or in a later generation of the index.
    """

    label: str
    items: tuple[StoredItem, ...]
    picture: Any
    excluded: frozenset[int]
    written: dict[str, str]

    def part(self, attitude: Attitude) -> Part:
        """The part of a query that says the same."""
        content = (
            Item(self.items[0].item_id) if self.items else Picture(self.written.get("file", self.picture))
        )
        return Part(content, "plus" if attitude == "like" else "minus")


def resolve(index: SearchIndex, thing: Any) -> Example:
    """What ``thing`` means: a document's path (or the end of one), ``#item-id`` or its number, a picture elsewhere.

    A picture elsewhere is a file, a URL, "-", bytes, a PIL image or a unit vector. A path in the index comes before
    a file of that name; "./name" is always the file. Raises UsageError for what is nowhere, or in several places,
    and MediaError for a picture that can't be read.
    """
    if isinstance(thing, Path):
        thing = str(thing)
    if isinstance(thing, int) or (isinstance(thing, str) and re.fullmatch(r"#\d+", thing)):
        return _item(index, int(str(thing).lstrip("#")))
    if not isinstance(thing, str):
        copies = _copies(index, [hashlib.sha256(thing).digest()]) if isinstance(thing, bytes) else frozenset()
        return Example(f"@<{type(thing).__name__}>", (), thing, copies, {})
    found = [] if thing.startswith(("./", "../")) else index.catalogue.find(thing)
    if len(found) > 1:
        paths = [index.catalogue.document_items(document)[0].path for document in found[:PATHS_NAMED]]
        raise UsageError(
            f"{thing!r} may be any of {len(found)} documents ({', '.join(paths)}, …): give the whole path"
        )
    if found:
        return _document(index, found[0])
    if thing == "-" or re.match(r"https?://", thing) or Path(thing).expanduser().is_file():
        return _outside(index, thing)
    raise UsageError(
        f"{thing!r} is neither a document of this index (paths are relative to the corpus) nor a file"
    )


def recall(index: SearchIndex, written: dict[str, str]) -> Example | None:
    """The example that ``Example.written`` was taken from; None when it is gone."""
    file = written.get("file")
    if file is not None:
        return _outside(index, file) if re.match(r"https?://", file) or Path(file).is_file() else None
    path, root = written.get("path", ""), written.get("corpus", "")
    found = index.catalogue.find(f"{root.rstrip('/')}/{path}") or index.catalogue.find(path)
    if not found:
        return None
    if "locator" not in written:
        return _document(index, found[0])
    for item in index.catalogue.document_items(found[0]):
        if str(item.locator) == written["locator"] and item.modality == written.get("modality"):
            return _item(index, item.item_id)
    return None


def _item(index: SearchIndex, item_id: int) -> Example:
    found = index.catalogue.items([item_id])
    if not found:
        raise UsageError(f"there is no item #{item_id} in this index")
    item = found[0]
    written = {**_place(item), "modality": item.modality, "locator": str(item.locator)}
    excluded = _copies(index, [item.key]) | {item.document_id}
    return Example(f"#{item_id}", (item,), None, excluded, written)


def _document(index: SearchIndex, document: int) -> Example:
    items = index.catalogue.document_items(document)
    # A document is known by its picture; captions may well be the same for two.
    keys = [item.key for item in items if item.modality == "image"] or [item.key for item in items]
    excluded = _copies(index, keys) | {document}
    return Example(items[0].path, tuple(items), None, excluded, _place(items[0]))


def _outside(index: SearchIndex, source: str) -> Example:
    from mmsearch.media.fetch import read_source
    from mmsearch.media.limits import Limits

    here = (
        source
        if source == "-" or re.match(r"https?://", source)
        else str(Path(source).expanduser().absolute())
    )
    data = read_source(here, Limits())
    written = {} if source == "-" else {"file": here}
    return Example(source, (), data, _copies(index, [hashlib.sha256(data).digest()]), written)


def _place(item: StoredItem) -> dict[str, str]:
    return {"path": item.path, "corpus": item.corpus_root}


def _copies(index: SearchIndex, keys: list[bytes]) -> frozenset[int]:
    """The documents that hold all of ``keys``, or for each one that a report has found to be the same picture."""
    corpora, groups = index.catalogue.corpora(), index.copy_groups
    holders = [
        {
            number
            for corpus in corpora
            for same in [key, *(other for other in groups if groups[other] == groups.get(key))]
            for number, _ in index.catalogue.documents_with_key(corpus.corpus_id, same)
        }
        for key in keys
    ]
    return frozenset(set.intersection(*holders)) if holders else frozenset()
