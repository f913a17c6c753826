"""When a word is said: the times that a speech model gave the words of a passage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.search.results.snippets import snippet

if TYPE_CHECKING:
    from collections.abc import Sequence


def said_at(text: str, query: str, words: Sequence[Any], pieces: Sequence[str] = ()) -> float | None:
    """The second at which the first word of ``query`` is said in ``text``; None where none is, or that is not known.

    ``words``: [word, start, end] of each, in order, as `mmsearch enrich speech` keeps them. ``pieces`` as of `snippet`.
    """
    marked = snippet(text, query, len(text) + 1, pieces).highlights
    if not marked:
        return None
    first, at = marked[0][0], 0
    for one in words:
        word, start, _ = one
        found = text.find(word, at)
        if found < 0:
            continue
        at = found + len(word)
        if at > first:
            return float(start)
    return None
