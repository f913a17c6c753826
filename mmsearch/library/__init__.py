"""The face of everything: build an index, open one, embed. Each name has its module here; this hands them on."""

from __future__ import annotations

from mmsearch.library.build import index, index_sources
from mmsearch.library.embedding import embed
from mmsearch.library.library import DEFAULT_INDEX_DIR, Library, open

__all__ = ["DEFAULT_INDEX_DIR", "Library", "embed", "index", "index_sources", "open"]
