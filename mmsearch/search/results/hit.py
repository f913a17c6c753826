"""One result, and why it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.search.results.snippets import Snippet
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import FieldValue, Locator, Modality, TextLabel


_PART_TEXT = 240  # characters
# What a person reads between the hits that match and those that chance would find as well.
LINE = "below this line: guesses – chance would find as good"


@dataclass(frozen=True, slots=True)
class Reason:
    """One summand of a hit's score, with each step from the raw score to it (docs/scoring.md).

    ``channel`` is how it was scored (``pocket text→image``, ``words``, ``name``), ``part`` the part of the query
    (``a red bicycle``, ``-snow``), ``item_id`` the item of the document that it is about.

    ``raw`` is the score as the channel gives it (a cosine, a BM25), ``scales`` is (raw - location) / scale: how far it
    lies above the background. A dense channel counts from where the query stands in it: ``deviations`` is (scales -
    ``level``) / ``deviation``, of all parts of the query together; None for other channels.
    ``evidence`` is how much the channel tells of the item, all of its parts together, in decades: 3 is as rare as 1 in
    1,000. A text whose words say nothing of the query has lost the share ``lost`` of it.
    ``weight`` is the channel's, times the part's share in it where a query has several parts. ``contribution`` is what
    comes of it in the score: of (weight x evidence)² its part in the p-norm. ``surprise`` is how rarely something
    unrelated scores as high, in decades; the highest of a hit gives its expected count.
    """

    channel: str
    part: str
    item_id: int
    raw: float
    location: float
    scale: float
    scales: float
    weight: float
    contribution: float
    evidence: float = 0.0
    level: float = 0.0
    deviation: float = 1.0
    deviations: float | None = None
    lost: float = 0.0
    surprise: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON's own values; asdict would copy each of them, which takes ten times as long."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A passage beside a hit or an answer, or a picture (``text`` None) of the same document."""

    item_id: int
    locator: Locator
    text: str | None

    @classmethod
    def of(cls, item: StoredItem) -> Neighbor:
        """``item``, beside another one of its document."""
        return cls(item.item_id, item.locator, item.text)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON's own values."""
        return {"item_id": self.item_id, "locator": str(self.locator), "text": self.text}


@dataclass(frozen=True, slots=True)
class MatchedPart:
    """An item of a document that speaks for it, by ``channels``, and how much of the score it told: ``contribution``,
    and its ``share`` (0 to 1) of what all items told."""

    item_id: int
    modality: Modality
    locator: Locator
    text: str | None
    contribution: float
    share: float
    channels: tuple[str, ...]

    @property
    def label(self) -> TextLabel | None:
        """As of a hit."""
        return self.locator.text_label(self.modality)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON's own values; ``text`` is what it says, of a long one the beginning."""
        text = self.text
        return {
            "item_id": self.item_id,
            "modality": self.modality,
            "locator": str(self.locator),
            "part": self.locator.part or None,
            "seconds": self.locator.seconds,
            "label": self.label,
            "text": text if text is None or len(text) <= _PART_TEXT else f"{text[:_PART_TEXT]}…",
            "contribution": self.contribution,
            "share": self.share,
            "channels": list(self.channels),
        }


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """One result. The contributions in ``explanation`` add up to ``score`` exactly.

    ``item_id``, ``modality``, ``locator`` and ``text`` are of the item that speaks most for the document.
    ``cosine`` is that item's highest raw similarity, None when it was found by words alone. ``evalue`` is the
    number of items as good as this one that an unrelated query would find in this index by chance, and
    ``strength`` (0 to 100) is the score as a person reads it (`mmsearch.search.results.strength`): it falls with it.

    ``beyond_chance``: it stands below the line, where chance would find as good (`mmsearch.search.ranking.line`).

    ``copies`` documents with the same content are left out of the results behind this one, as far as the search
    looked. ``before`` and ``after`` are the passages around a passage, in document order, when they were asked for.
    ``key`` is the SHA-256 (32 bytes) of the item's content as it was indexed: thumbnails are kept by it.
    ``parts`` are the items that told of the document, the one that told most first. ``word_at``: when the first of the
    words that were looked for is said, in seconds, where that is known.
    """

    rank: int
    score: float
    item_id: int
    document_id: int
    corpus_root: str
    path: str
    modality: Modality
    locator: Locator
    title: str | None
    text: str | None
    snippet: Snippet | None
    fields: Mapping[str, FieldValue]
    cosine: float | None
    strength: int
    evalue: float
    explanation: tuple[Reason, ...] = ()
    copies: int = 0
    before: tuple[Neighbor, ...] = ()
    after: tuple[Neighbor, ...] = ()
    beyond_chance: bool = False
    key: bytes = b""
    parts: tuple[MatchedPart, ...] = ()
    word_at: float | None = None

    @classmethod
    def of(cls, item: StoredItem, **found: Any) -> Hit:
        """The hit that shows ``item``; ``found`` are the fields that say what was found out of it."""
        return cls(
            item_id=item.item_id,
            document_id=item.document_id,
            corpus_root=item.corpus_root,
            path=item.path,
            modality=item.modality,
            locator=item.locator,
            title=item.title,
            text=item.text,
            fields=item.fields,
            key=item.key,
            **found,
        )

    @property
    def seconds(self) -> float | None:
        """Where a recording or a film is to be opened, in seconds: at the word, or whatever was found; else None."""
        if self.word_at is not None:
            return self.word_at
        return None if self.locator.kind == "attachment" else self.locator.seconds

    @property
    def label(self) -> TextLabel | None:
        """Whether the text was read in a picture or said; None for what somebody typed, and for what is no text."""
        return self.locator.text_label(self.modality)

    @property
    def fragment(self) -> str | None:
        """The same behind an address, by Media Fragments: ``#t=61.2``."""
        return None if self.seconds is None else f"#t={self.seconds:.10g}"

    @property
    def file(self) -> str:
        """The document's file, absolute (``corpus_root`` / ``path``)."""
        return f"{self.corpus_root.rstrip('/')}/{self.path}"

    def __repr__(self) -> str:
        path = self.path if self.path.isprintable() else repr(self.path)
        place = "" if self.locator.kind == "whole" else f"  {self.locator.part or self.locator}"
        return f"<Hit {self.rank}: {self.strength:.0f}  {path}{place}>"

    def to_dict(self, *, explain: bool = False) -> dict[str, Any]:
        """Everything as JSON's own values; with ``explain`` the reasons too."""
        record: dict[str, Any] = {
            "rank": self.rank,
            "score": self.score,
            "strength": self.strength,
            "expected_count": self.evalue,
            "beyond_chance": self.beyond_chance,
            "cosine": self.cosine,
            "item_id": self.item_id,
            "document_id": self.document_id,
            "corpus": self.corpus_root,
            "path": self.path,
            "file": self.file,
            "modality": self.modality,
            "locator": str(self.locator),
            "part": self.locator.part or None,
            "seconds": self.seconds,
            "fragment": self.fragment,
            "label": self.label,
            "title": self.title,
            "text": self.text,
            "snippet": None if self.snippet is None else self.snippet.to_dict(),
            "fields": dict(self.fields),
            "key": self.key.hex() or None,
            "copies": self.copies,
            "before": [one.to_dict() for one in self.before],
            "after": [one.to_dict() for one in self.after],
            "parts": [one.to_dict() for one in self.parts],
        }
        if explain:
            record["explanation"] = [reason.to_dict() for reason in self.explanation]
        return record
