"""A question as one value: every argument of ``ask`` with its default and its check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from mmsearch.errors import UsageError
from mmsearch.search.arguments import (
    LIMIT,
    TEXT,
    TEXTS,
    WHOLE,
    Request,
    checked_cutoff,
    checked_whole,
)
from mmsearch.search.compose import compose
from mmsearch.search.query.defaults import ANSWER_CONTEXT, DEFAULT_CUTOFF
from mmsearch.search.query.value import Part, Query, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.conditions import Condition


@dataclass(frozen=True, slots=True)
class AskRequest(Request):
    """The ``k`` best passages for ``question``, which is taken as it is and not as a query in the query language.

    ``context``: how many passages before and after each come along. ``where`` and ``path`` say which documents
    are asked. ``cutoff``: the highest expected count of an answer; None for the ``k`` best, whatever they are.
    ``query`` is what is looked for. Raises UsageError for an empty question, ``k`` below 1 or ``context`` below 0.
    """

    verb: ClassVar[str] = "ask"
    noun: ClassVar[str] = "question"
    example: ClassVar[str] = '{"question": "what do bees eat?"}'

    question: str = field(metadata=TEXT.metadata)
    k: int = field(default=3, metadata=WHOLE.metadata)
    context: int = field(default=ANSWER_CONTEXT, metadata=WHOLE.metadata)
    where: str | Condition | None = field(default=None, compare=False, metadata=TEXT.metadata)
    path: str | Sequence[str] | None = field(default=None, compare=False, metadata=TEXTS.metadata)
    cutoff: float | None = field(default=DEFAULT_CUTOFF, metadata=LIMIT.metadata)
    query: Query = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.question, str) or not self.question.strip():
            raise UsageError("the question is empty: say what you want to know")
        for name in ("k", "context"):
            checked_whole(name, getattr(self, name))
        if self.k < 1 or self.context < 0:
            raise UsageError(f"k must be at least 1 and context at least 0, not {self.k} and {self.context}")
        checked_cutoff(self.cutoff)
        query = compose(
            Query((Part(Text(self.question)),)), modality="text", where=self.where, path=self.path
        )
        object.__setattr__(self, "query", query)
