"""Which fields of an index are worth counting: a way in for those who don't know what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.store.catalogue.fields import date_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.library.library import Library
    from mmsearch.store.catalogue.values import FieldInfo

LATITUDE, LONGITUDE = "latitude", "longitude"
# What indexing measures of each picture: no way into a collection.
_MEASURED = frozenset(
    {"width", "height", "format", "iso", "aperture", "exposure_time", "focal_length", LATITUDE, LONGITUDE}
)
_MOST_FACETS = 12
# A field is worth counting when a value of it has at least so many documents on average, and so few values.
_REPEATED = 1.5
_MOST_VALUES = 1_000


def is_date(info: FieldInfo) -> bool:
    """Whether the values of a field are dates, by its most frequent ones; a year alone is a number."""
    return bool(info.examples) and all(
        isinstance(value, str) and date_in(value) is not None for value in info.examples
    )


def facet_fields(library: Library, fields: Mapping[str, FieldInfo]) -> list[str]:
    """Fields whose values recur, those of most documents first."""
    found = []
    for name in sorted(fields, key=lambda name: -fields[name].documents):
        info = fields[name]
        if name in _MEASURED or info.kind == "number" or is_date(info):
            continue
        counted = library.facets(name)
        documents = sum(count for _, count in counted)
        if 1 < len(counted) <= _MOST_VALUES and documents >= _REPEATED * len(counted):
            found.append(name)
        if len(found) == _MOST_FACETS:
            break
    return found
