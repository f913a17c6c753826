"""A query from the arguments of ``Library.search``: the structured twin of the written form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from mmsearch.errors import UsageError
from mmsearch.search.filters import conjunction, parse_filter
from mmsearch.search.parse import parse
from mmsearch.search.query import Part, Picture, Query, Text
from mmsearch.store.conditions import ModalityIs, PathGlob
from mmsearch.types import Modality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.conditions import Condition


def compose(
    text: str | Query | None = None,
    *,
    image: Any = None,
    minus: str | Sequence[str] = (),
    modality: str | None = None,
    where: str | Condition | None = None,
    path: str | None = None,
) -> Query:
    """The query that ``text`` and the other arguments mean together.

    ``text`` is in the query language; ``minus`` are plain texts. Raises QueryError, or UsageError for an unknown
    modality.
    """
    query = text if isinstance(text, Query) else parse(text) if text is not None else Query()
    pictures = image if isinstance(image, (list, tuple)) else () if image is None else (image,)
    excluded = (minus,) if isinstance(minus, str) else minus
    parts = (
        *query.parts,
        *(Part(Picture(str(source) if isinstance(source, Path) else source)) for source in pictures),
        *(Part(Text(words), "minus") for words in excluded if words.strip()),
    )
    if modality is not None and modality not in get_args(Modality):
        raise UsageError(f"unknown modality {modality!r}: use {', '.join(get_args(Modality))}")
    condition = conjunction(
        (
            query.condition,
            ModalityIs(modality) if modality is not None else None,  # type: ignore[arg-type]
            parse_filter(where) if isinstance(where, str) else where,
            PathGlob(path) if path is not None else None,
        )
    )
    return Query(parts, condition, query.notes)
