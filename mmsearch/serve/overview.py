"""What an index holds, and what a page can do with it: which fields are dates, places, or worth counting."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from mmsearch.library.facets import LATITUDE, LONGITUDE, facet_fields, is_date
from mmsearch.wire.overview import overview_as_json

if TYPE_CHECKING:
    from mmsearch.library.library import Library


def overview_as_shown(library: Library, *, writable: bool) -> dict[str, Any]:
    """What `mmsearch stats --json` tells, with what a page offers."""
    overview = library.overview()
    fields = overview.fields
    corpora = [PurePath(corpus.root).name for corpus in overview.statistics.corpora]
    dates = [name for name, info in fields.items() if is_date(info)]
    return {
        **overview_as_json(overview),
        "title": ", ".join(corpora[:3]) or overview.index.name,
        "date_fields": sorted(dates, key=lambda name: -fields[name].documents),
        "place_fields": [LATITUDE, LONGITUDE] if {LATITUDE, LONGITUDE} <= fields.keys() else None,
        "facet_fields": facet_fields(library, fields),
        "sort_fields": ["added", "path", "title", *fields],
        "writable": writable,
    }
