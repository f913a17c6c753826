"""A look for duplicates as one value: every argument of ``duplicates`` with its default and its check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from mmsearch.errors import UsageError
from mmsearch.search.arguments import FLAG, NUMBER, TEXT, TEXTS, WHOLE, Request
from mmsearch.search.compose import restriction
from mmsearch.search.query.defaults import LEAST_COSINE, MOST_DIFFERENT_BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.conditions import Condition


@dataclass(frozen=True, slots=True)
class DuplicatesRequest(Request):
    """Duplicates among the documents that pass ``where`` and ``path`` (globs).

    ``exact_only`` reads no file. ``mirrored`` takes a picture and its mirror image for duplicates too.
    ``least_cosine`` and ``most_bits`` (of 256) are the thresholds. ``remember``: from now on searches show one of
    each group of near-duplicate pictures, as of exact copies.

    ``condition`` is what ``where`` and ``path`` let pass. Raises UsageError when only a part of the index is to be
    remembered.
    """

    verb: ClassVar[str] = "duplicates"
    example: ClassVar[str] = '{"mirrored": true}'

    where: str | Condition | None = field(default=None, compare=False, metadata=TEXT.metadata)
    path: str | Sequence[str] | None = field(default=None, compare=False, metadata=TEXTS.metadata)
    exact_only: bool = field(default=False, metadata=FLAG.metadata)
    mirrored: bool = field(default=False, metadata=FLAG.metadata)
    remember: bool = field(default=False, metadata=FLAG.metadata)
    least_cosine: float = field(default=LEAST_COSINE, metadata=NUMBER.metadata)
    most_bits: int = field(default=MOST_DIFFERENT_BITS, metadata=WHOLE.metadata)
    condition: Condition | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "condition", restriction(where=self.where, path=self.path))
        if self.remember and (self.exact_only or self.condition is not None):
            raise UsageError(
                "only groups of the whole index are remembered: leave out where, path and exact_only"
            )
