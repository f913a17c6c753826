"""Sort what matches by a field of its documents, rather than by relevance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import Ids


@dataclass(frozen=True, slots=True)
class Order:
    """By ``field``, or by ``path`` or ``title``; the written form has a minus before it when ``descending``."""

    field: str
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.field}" if self.descending else self.field

    @classmethod
    def parse(cls, text: str) -> Order | None:
        """What ``year`` or ``-date`` mean; None for ``relevance``. UsageError for nothing."""
        name = text.strip().removeprefix("-").strip()
        if not name:
            raise UsageError(
                "sort by what? relevance, path, title, or a field such as year; -year is descending"
            )
        return None if name == "relevance" else cls(name, text.strip().startswith("-"))


def in_order(catalogue: Catalogue, items: Ids, order: Order) -> Ids:
    """Places (n,) of ``items`` (n,), best first, in ``order``: numbers before texts, ties as they were given.

    Documents without the field come last either way. Raises UsageError for a field that no document has.
    """
    if order.field not in ("path", "title"):
        known = catalogue.fields()
        if order.field not in known:
            raise UsageError(
                f"no document has a field {order.field!r}; sort by relevance, path, title"
                + "".join(f", {name}" for name in known)
            )
    found = {item.item_id: item for item in catalogue.items(items.tolist())}
    keys = [_key(found.get(item), order.field) for item in items.tolist()]
    return np.array(_sorted(keys, descending=order.descending), dtype=np.int64)


def _sorted(keys: Sequence[tuple[int, float, str] | None], *, descending: bool) -> list[int]:
    known = [place for place, key in enumerate(keys) if key is not None]
    known.sort(key=lambda place: keys[place] or (0, 0.0, ""), reverse=descending)
    return known + [place for place, key in enumerate(keys) if key is None]


def _key(item: StoredItem | None, field: str) -> tuple[int, float, str] | None:
    if item is None:
        return None
    value = {"path": item.path, "title": item.title}.get(field, item.fields.get(field))
    if value is None:
        return None
    if isinstance(value, str):
        return 1, 0.0, value.casefold()
    return 0, float(value), ""
