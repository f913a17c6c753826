"""A tagging as one value: every argument of ``tag`` with its default and its check."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from mmsearch.errors import UsageError
from mmsearch.search.arguments import FLAG, LIMIT, TEXT, TEXT_LIST, TEXTS, Request, checked_cutoff
from mmsearch.search.compose import restriction, several
from mmsearch.search.query.defaults import TAG_CUTOFF
from mmsearch.search.tags.labels import Label
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import Modality


@dataclass(frozen=True, slots=True)
class TagRequest(Request):
    """Which ``labels`` (texts or `Label`) documents show or tell of.

    ``where``, ``path`` (globs) and ``modality`` say which items are looked at. A document gets the labels whose
    expected count is at most ``cutoff`` (None: all of them). ``single``: only the surest one; with ``cutoff=None``
    every document gets one.

    ``condition`` is what ``where`` and ``path`` let pass. Raises UsageError for no labels, a label that occurs
    twice, or an argument that makes no sense.
    """

    verb: ClassVar[str] = "tag"
    example: ClassVar[str] = '{"labels": ["cat", "dog"]}'

    labels: Sequence[Label] = field(metadata=TEXT_LIST.metadata)
    where: str | Condition | None = field(default=None, compare=False, metadata=TEXT.metadata)
    path: str | Sequence[str] | None = field(default=None, compare=False, metadata=TEXTS.metadata)
    modality: Modality | None = field(default=None, metadata=TEXT.metadata)
    cutoff: float | None = field(default=TAG_CUTOFF, metadata=LIMIT.metadata)
    single: bool = field(default=False, metadata=FLAG.metadata)
    condition: Condition | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.modality is not None and self.modality not in MODALITIES:
            raise UsageError(f"no modality {self.modality!r}; there are {', '.join(MODALITIES)}")
        object.__setattr__(self, "labels", _checked(several(self.labels)))
        checked_cutoff(self.cutoff)
        object.__setattr__(self, "condition", restriction(where=self.where, path=self.path))

    @property
    def looked_at(self) -> Condition | None:
        """Which items are looked at: of ``modality``, and what ``condition`` lets pass."""
        return restriction(modality=self.modality, where=self.where, path=self.path)

    def written(self, name: str, value: Any) -> Any:
        if name == "labels":
            return [label.name if label == Label(label.name) else label for label in value]
        return Request.written(self, name, value)


def _checked(labels: Sequence[Label | str]) -> tuple[Label, ...]:
    chosen = tuple(Label(label) if isinstance(label, str) else label for label in labels)
    if not chosen:
        raise UsageError("there are no labels to choose from")
    twice = [name for name, count in Counter(label.name.casefold() for label in chosen).items() if count > 1]
    if twice:
        raise UsageError(f"the label {twice[0]!r} occurs twice")
    return chosen
