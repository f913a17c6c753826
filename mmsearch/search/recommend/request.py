"""A recommendation as one value: every argument of ``recommend`` with its default and its check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from mmsearch.errors import UsageError
from mmsearch.search.arguments import (
    FLAG,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    Duplicates,
    Kind,
    Request,
    checked_duplicates,
    checked_whole,
)
from mmsearch.search.compose import restriction, several
from mmsearch.search.recommend.taste import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.recommend.taste import Method
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import Modality

# Documents that diversity chooses from; a fixed number, so that the first 10 of 100 are the answer for 10.
DIVERSE_POOL = 500

EXAMPLES = Kind(
    "a path, the number of an item, or a list of these",
    lambda value: all(isinstance(one, (str, int)) and not isinstance(one, bool) for one in several(value)),
)


@dataclass(frozen=True, slots=True)
class RecommendRequest(Request):
    """The ``k`` documents most like what is liked and least like what is disliked, best first.

    ``like``, ``dislike``: one example or several (see `mmsearch.search.recommend.examples.resolve`). ``profile`` is a
    name under which they are kept, beside those that were given before. What is given, and copies of it, is not
    recommended. ``modality``, ``where`` and ``path`` limit what is. ``diverse`` (0 to 1) takes off so much of a
    hit's likeness to better ones (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998), for at most 500
    hits. ``only_indexed``: examples are documents and items of this index, and neither files nor addresses; set it for
    what a stranger wrote. ``duplicates``: "collapse" recommends the first of documents that are copies of one another
    (`mmsearch.search.ranking.distinct`), with a count, "show" all of them. Without ``explain`` hits carry no reasons.

    ``condition`` is what limits. Raises UsageError for an argument that makes no sense.
    """

    verb: ClassVar[str] = "recommend"
    example: ClassVar[str] = '{"like": ["a.jpg"]}'

    like: Any = field(default=(), metadata=EXAMPLES.metadata)
    dislike: Any = field(default=(), metadata=EXAMPLES.metadata)
    k: int = field(default=10, metadata=WHOLE.metadata)
    profile: str | None = field(default=None, metadata=TEXT.metadata)
    modality: Modality | Sequence[Modality] | None = field(
        default=None, compare=False, metadata=TEXTS.metadata
    )
    where: str | Condition | None = field(default=None, compare=False, metadata=TEXT.metadata)
    path: str | Sequence[str] | None = field(default=None, compare=False, metadata=TEXTS.metadata)
    diverse: float = field(default=0.0, metadata=NUMBER.metadata)
    method: Method = field(default="average", metadata=TEXT.metadata)
    duplicates: Duplicates = field(default="collapse", metadata=TEXT.metadata)
    explain: bool = field(default=True, metadata=FLAG.metadata)
    only_indexed: bool = field(default=False, compare=False)
    condition: Condition | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "like", several(self.like))
        object.__setattr__(self, "dislike", several(self.dislike))
        if checked_whole("k", self.k) < 1:
            raise UsageError(f"k must be at least 1, not {self.k}")
        if self.method not in METHODS:
            raise UsageError(f"no method {self.method!r}; there are {', '.join(METHODS)}")
        checked_duplicates(self.duplicates)
        if not 0.0 <= self.diverse <= 1.0:
            raise UsageError(f"diverse is between 0 and 1, not {self.diverse}")
        if self.diverse and self.method == "per-document":
            raise UsageError("per-document recommendations take turns already: leave out --diverse")
        if self.diverse and self.k > DIVERSE_POOL:
            raise UsageError(f"with diverse, at most {DIVERSE_POOL} hits can be asked for, not {self.k}")
        found = restriction(modality=self.modality, where=self.where, path=self.path)
        object.__setattr__(self, "condition", found)
