"""Cross-modal search: find pictures and texts by meaning, offline, from the first minute.

>>> import mmsearch
>>> library = mmsearch.index("./corpus", index_dir="indexes/default")  # doctest: +SKIP
>>> for hit in library.search("a red bicycle", k=3):  # doctest: +SKIP
...     print(hit.rank, hit.score, hit.path)

Names are loaded when they are used: importing the package loads neither numpy nor any tower.
"""

from __future__ import annotations

import os

from mmsearch.version import __version__

# From 1.29 on ONNX Runtime sends to Microsoft what is loaded and how, and keeps a number for the device in ~/.cache.
# What is searched here is nobody else's business; 0 in the environment lets it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# Not typing's: that takes 10 ms, in which a command could not be interrupted without a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmsearch.client import RemoteLibrary, connect
    from mmsearch.cluster.opening import open
    from mmsearch.errors import (
        EncoderError,
        IndexDirectoryError,
        MediaError,
        MissingExtraError,
        MmsearchError,
        QueryError,
        UsageError,
    )
    from mmsearch.ingest.options import IndexOptions, IndexReport
    from mmsearch.library import Library, embed, index
    from mmsearch.search.query.value import Query
    from mmsearch.search.results.hit import Hit
    from mmsearch.search.results.results import Results

_HOMES = {
    "EncoderError": "mmsearch.errors",
    "Hit": "mmsearch.search.results.results",
    "IndexDirectoryError": "mmsearch.errors",
    "IndexOptions": "mmsearch.ingest.options",
    "IndexReport": "mmsearch.ingest.options",
    "Library": "mmsearch.library",
    "MediaError": "mmsearch.errors",
    "MissingExtraError": "mmsearch.errors",
    "MmsearchError": "mmsearch.errors",
    "Query": "mmsearch.search.query.value",
    "QueryError": "mmsearch.errors",
    "RemoteLibrary": "mmsearch.client",
    "Results": "mmsearch.search.results.results",
    "UsageError": "mmsearch.errors",
    "connect": "mmsearch.client",
    "embed": "mmsearch.library",
    "index": "mmsearch.library",
    "open": "mmsearch.cluster.opening",
}

__all__ = [
    "EncoderError",
    "Hit",
    "IndexDirectoryError",
    "IndexOptions",
    "IndexReport",
    "Library",
    "MediaError",
    "MissingExtraError",
    "MmsearchError",
    "Query",
    "QueryError",
    "RemoteLibrary",
    "Results",
    "UsageError",
    "__version__",
    "connect",
    "embed",
    "index",
    "open",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'mmsearch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
