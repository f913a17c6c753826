"""What every enricher is: something that looks at what is indexed, and says what it finds there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mmsearch.store.catalogue.enrichment import Enrichment
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import Locator


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be looked at: the content with this ``key``, which lies at ``place`` in ``file``.

    ``items`` are those of the document that have this content; none where it is the document as a whole.
    """

    key: bytes
    file: Path
    path: str
    place: Locator
    items: tuple[StoredItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A text that was found at ``place`` within a subject, with what else is known of it as JSON's own values."""

    text: str
    place: Locator
    detail: Any = None


@dataclass(frozen=True, slots=True)
class Look:
    """What came of looking at a subject: what was ``found``, maybe nothing, and how much of it was too doubtful and
    ``left_out``; or why it could not be looked at."""

    subject: Subject
    found: tuple[Found, ...] = ()
    fault: str | None = None
    left_out: int = 0


class Enricher(Protocol):
    """Looks at subjects. Making one loads no model."""

    @property
    def enrichment(self) -> Enrichment:
        """Its kind, and the name and version of its model: of another version everything is looked at anew."""

    @property
    def is_whole(self) -> bool:
        """Whether it says all that there is: what earlier versions found elsewhere is dropped after a full run."""

    def subjects(self, items: Sequence[StoredItem], document_key: bytes | None) -> Iterator[Subject]:
        """What it would look at in a document with these ``items``; ``document_key`` is that of its file."""

    def look(self, subjects: Sequence[Subject]) -> Iterator[Look]:
        """Look at ``subjects``, in order, each once; what fails is told in its look, never raised."""
