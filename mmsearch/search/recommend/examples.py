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


def resolve(index: SearchIndex, thing: Any, *, only_indexed: bool = False) -> Example:
    """What ``thing`` means: a document's path (or the end of one), ``#item-id`` or its number, a picture elsewhere.

    A picture elsewhere is a file, a URL, "-", bytes, a PIL image or a unit vector. A path in the index comes before
    a file of that name; "./name" is always the file. With ``only_indexed`` no file is read and no address fetched.
    Raises UsageError for what is nowhere, or in several places, and MediaError for a picture that can't be read.
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
    if only_indexed:
        raise UsageError(f"{thing!r} is no document of this index: paths are relative to the corpus")
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
    document = _recalled_document(index, written)
    if document is None:
        return None
    if "locator" not in written:
        return _document(index, document)
    items = index.catalogue.document_items(document)
    place = (written["locator"], written.get("modality"))
    same = [item for item in items if item.key.hex() == written.get("key")]
    there = [item for item in items if (str(item.locator), item.modality) == place]
    chosen = next((item for item in same if item in there), None) or next(iter(same or there), None)
    return None if chosen is None else _item(index, chosen.item_id)


def _recalled_document(index: SearchIndex, written: dict[str, str]) -> int | None:
    """The document at the place, or else wherever the same content lies by now; None when it is gone."""
    path, root, key = written.get("path", ""), written.get("corpus", ""), _key(written)
    here = index.catalogue.find(f"{root.rstrip('/')}/{path}")
    if key is None:  # written by an earlier mmsearch
        return next(iter(here or index.catalogue.find(path)), None)
    same = [
        number
        for corpus in index.catalogue.corpora()
        for number, _ in index.catalogue.documents_with_key(corpus.corpus_id, key)
    ]
    return next((number for number in here if number in same), None) or next(iter(same or here), None)


def _key(written: dict[str, str]) -> bytes | None:
    try:
        return bytes.fromhex(written["key"])
    except (KeyError, ValueError):
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
    known_by = next((item for item in items if item.modality == "image"), items[0])
    return Example(items[0].path, tuple(items), None, excluded, _place(known_by))


def _outside(index: SearchIndex, source: str) -> Example:
    from mmsearch.media.fetch import read_source
    from mmsearch.media.limits import Limits

    here = (
        source
        if source == "-" or re.match(r"https?://", source)
        else str(Path(source).expanduser().absolute())
    )
    data = read_source(here, Limits(), allow_private=index.allow_private)
    written = {} if source == "-" else {"file": here}
    return Example(source, (), data, _copies(index, [hashlib.sha256(data).digest()]), written)


def _place(item: StoredItem) -> dict[str, str]:
    return {"path": item.path, "corpus": item.corpus_root, "key": item.key.hex()}


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
