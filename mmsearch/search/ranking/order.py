"""Sort what matches by a field of its documents, rather than by relevance."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.store.catalogue.dates.dates import year_of
from mmsearch.store.catalogue.fields import date_in, number_in
from mmsearch.store.folding import folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import FieldValue, Ids

# Texts after numbers; the number, or the year of a date; its beginning; the text.
Key: TypeAlias = tuple[int, float, int, str]


@dataclass(frozen=True, slots=True)
class Order:
    """By ``field``, or by ``path``, ``title`` or ``added`` (when its item came into the index; its number grows).

    The written form has a minus before it when ``descending``.
    """

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
                "sort by what? relevance, path, title, added, or a field such as year; -year is descending"
            )
        return None if name == "relevance" else cls(name, text.strip().startswith("-"))


def in_order(catalogue: Catalogue, items: Ids, order: Order) -> Ids:
    """Places (n,) of ``items`` (n,), best first, in ``order``: numbers before texts, ties as they were given.

    What filters compare as numbers and dates is sorted as such: "9" before "10", a year before its days. Dates
    are sorted as instants when all of them have zones, otherwise by what the clock shows. Documents without the
    field come last either way. Raises UsageError for a field that no document has.
    """
    if order.field not in ("path", "title"):
        known = catalogue.field_names()
        if order.field == "added" and "added" not in known:
            return np.argsort(-items if order.descending else items, kind="stable")
        if order.field not in known:
            raise UsageError(
                f"no document has a field {order.field!r}; sort by relevance, path, title, added"
                + "".join(f", {name}" for name in known)
            )
    found = {item.item_id: item for item in catalogue.items(items.tolist())}
    values = [_value(found.get(item), order.field) for item in items.tolist()]
    if order.field in ("path", "title"):
        keys = [None if value is None else _text_key(value) for value in values]
    else:
        keys = _keys(values)
    return np.array(_sorted(keys, descending=order.descending), dtype=np.int64)


def _value(item: StoredItem | None, field: str) -> FieldValue | None:
    if item is None:
        return None
    return item.fields.get(field) if field not in ("path", "title") else getattr(item, field)


def _keys(values: Sequence[FieldValue | None]) -> list[Key | None]:
    dates = [None if value is None else date_in(value) for value in values]
    zoned = all(date.zone is not None for date in dates if date is not None)
    keys: list[Key | None] = []
    for value, date in zip(values, dates, strict=True):
        if value is None:
            keys.append(None)
        elif date is not None:
            start, _ = date.span(zoned=zoned)
            keys.append((0, year_of(start), start, ""))
        elif (number := number_in(value)) is not None:
            keys.append((0, number, 0, ""))
        else:
            keys.append(_text_key(value))
    return keys


def _text_key(value: FieldValue) -> Key:
    return 1, 0, 0, folded(str(value))


def _sorted(keys: Sequence[Key | None], *, descending: bool) -> list[int]:
    known = [(key, place) for place, key in enumerate(keys) if key is not None]
    known.sort(key=itemgetter(0), reverse=descending)
    return [place for _, place in known] + [place for place, key in enumerate(keys) if key is None]
