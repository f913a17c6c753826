"""What each tool answers: a library and plain arguments in, plain dictionaries of `mmsearch.wire` out.

The words come from a model, and through it from whoever wrote what it reads: they never name files or addresses
(``allow_files``, ``allow_urls``), and how much is asked for has limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.wire import VERSION
from mmsearch.wire.answers import answers_as_json
from mmsearch.wire.documents import document_as_json
from mmsearch.wire.overview import overview_as_json
from mmsearch.wire.results import results_as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.library.library import Library
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.thumbnails import SmallPicture
    from mmsearch.types import Modality

LONGEST_QUERY = 2_000  # characters
MOST_HITS, MOST_OFFSET, MOST_ANSWERS = 50, 10_000, 20
MOST_ITEMS = 50  # of a document: a book has thousands of passages
MOST_VALUES = 100  # of a field
PICTURE_SIDE = 768  # pixels


def search(
    library: Library,
    query: str | None = None,
    *,
    like: Sequence[int] = (),
    modality: Modality | None = None,
    where: str | None = None,
    path: str | None = None,
    sort: str | None = None,
    k: int = 10,
    offset: int = 0,
    facets: Sequence[str] = (),
    explain: bool = False,
) -> dict[str, Any]:
    """The best hits for ``query``, in the query language, and for what looks or reads ``like`` items of the index."""
    results = library.search(
        query or None,
        item=list(like),
        modality=modality,
        where=where,
        path=path,
        sort=sort,
        k=k,
        offset=offset,
        facets=list(facets),
        allow_files=False,
        allow_urls=False,
    )
    return results_as_json(results, text=query, explain=explain)


def item(library: Library, item_id: int) -> tuple[dict[str, Any], StoredItem | None]:
    """The document of an item, at most so many of its items, around this one; and its picture, if it has one."""
    found = library.catalogue.items([item_id]) if 0 <= item_id < 1 << 63 else []
    if not found:
        raise UsageError(f"this index has no item {item_id}: search gives the numbers as item_id")
    items = library.catalogue.document_items(found[0].document_id)
    place = next(number for number, one in enumerate(items) if one.item_id == item_id)
    first = max(0, min(place - MOST_ITEMS // 2, len(items) - MOST_ITEMS))
    picture = next((one for one in (found[0], *items) if one.modality == "image"), None)
    shown = items[first : first + MOST_ITEMS]
    written = {
        "version": VERSION,
        "item_id": item_id,
        "items": len(items),
        "document": document_as_json(shown),
    }
    return written, picture


def picture(library: Library, item: StoredItem) -> SmallPicture:
    """A picture small enough for a model; MediaError when it can't be shown."""
    return library.thumbnail(item.key, PICTURE_SIDE)


def ask(
    library: Library, question: str, *, k: int = 3, where: str | None = None, path: str | None = None
) -> dict[str, Any]:
    """Passages that answer ``question``, or that there is none."""
    return answers_as_json(library.ask(question, k, where=where, path=path))


def facets(
    library: Library, field: str | None = None, *, query: str | None = None, where: str | None = None
) -> dict[str, Any]:
    """The fields of the index; of one ``field`` its values, of all documents or of those that match."""
    if field is None:
        return {"version": VERSION, "fields": overview_as_json(library.overview())["fields"]}
    if query or where:
        results = library.search(query or None, where=where, facets=[field], k=1)
        counted = results_as_json(results, text=query, explain=False)["facets"][field]
    else:
        counted = [{"value": value, "documents": count} for value, count in library.facets(field)]
    return {"version": VERSION, "field": field, "values": counted[:MOST_VALUES], "distinct": len(counted)}
