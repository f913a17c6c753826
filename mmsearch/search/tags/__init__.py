"""Tag documents with labels that fit them: ``request`` is what is asked, ``labels`` a list, ``tags`` finds them."""

from __future__ import annotations

from mmsearch.search.tags.labels import Label, read_labels
from mmsearch.search.tags.tags import Tag, Tagged, Tagging, tag

__all__ = ["Label", "Tag", "Tagged", "Tagging", "read_labels", "tag"]
