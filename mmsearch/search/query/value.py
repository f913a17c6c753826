"""A query as a value with a written form that round-trips: ``parse(str(query)) == query``.

``docs/query-language.md`` describes the written form; ``parse`` beside it reads it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mmsearch.errors import UsageError
from mmsearch.media.sound.containers import SOUND_SUFFIXES
from mmsearch.search.query.filters import starts_filter
from mmsearch.search.query.negation_chinese import chinese_exclusion
from mmsearch.search.query.notation import quoted, written
from mmsearch.store.catalogue.conditions import conjuncts, normal

if TYPE_CHECKING:
    from mmsearch.store.catalogue.conditions import Condition

MOST_PARTS = 200  # each is encoded and compared with everything
LONGEST_TEXTS = 100_000  # characters of all parts: given as such, they may be whole documents
Kind: TypeAlias = Literal["plus", "minus", "not"]

SOUND_MARK = "audio:"  # before what stands behind @: a sound, whatever its suffix

# A word that means itself wherever it stands; texts with other words are written in parentheses.
_PLAIN_WORD = re.compile(r"[^\W_](?:[\w'’.,;?!&%-]*[\w'’.,;?!&%])?\*?")
KEYWORDS = frozenset({"AND", "OR", "NOT"})
# Words that may make the parser understand an exclusion ("without people", "with no people").
EXCLUDING_WORDS = frozenset({"without", "no"})


@dataclass(frozen=True, slots=True)
class Text:
    """Words to look for, by meaning and as words; each of ``phrases`` must occur exactly as it is.

    White space counts as single blanks. The phrases stand in ``text``, whole words, in order, without overlap.
    """

    text: str
    phrases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", " ".join(self.text.split()))
        object.__setattr__(self, "phrases", tuple(" ".join(phrase.split()) for phrase in self.phrases))
        if not self.text:
            raise ValueError("a text part needs a text")
        if not all(self.phrases) or _spans(self.text, self.phrases) is None:
            raise ValueError(f"the phrases {self.phrases} are not in {self.text!r} in this order")

    @property
    def meaning(self) -> str:
        """The text for an encoder: without the stars of prefixes (``photo*``)."""
        return re.sub(r"(?<=\w)\*(?!\S)", "", self.text)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture to look for: a path, a URL, "-" (standard input), or what is in memory (a PIL image, bytes,
    a unit vector of the encoder's dimension); what is in memory has no written form but the ``name`` it may have."""

    source: Any
    name: str | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Picture):
            return NotImplemented
        if isinstance(self.source, str) and isinstance(other.source, str):
            return self.source == other.source
        return self.source is other.source

    def __hash__(self) -> int:
        return hash(self.source) if isinstance(self.source, str) else id(self.source)


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A sound to look for: a path, an address, "-" (standard input), or what is in memory: the bytes of a file, samples
    (n,) float32 of 16 kHz, a unit vector of the encoder's dimension. ``name`` as a picture's."""

    source: Any
    name: str | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sound):
            return NotImplemented
        if isinstance(self.source, str) and isinstance(other.source, str):
            return self.source == other.source
        return self.source is other.source

    def __hash__(self) -> int:
        return hash(self.source) if isinstance(self.source, str) else id(self.source)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the index, to look for more like it."""

    item_id: int


Content: TypeAlias = Text | Picture | Sound | Item


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a query: "plus" raises what is like it, "minus" lowers that, "not" removes it.

    ``weight`` is finite and positive; "not" has none (1).
    """

    content: Content
    kind: Kind = "plus"
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", float(self.weight))
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise ValueError(f"weight {self.weight} is not a positive number")
        if self.kind == "not" and self.weight != 1.0:
            raise ValueError("a part that removes has no weight")

    def __str__(self) -> str:
        """As it is written beside others: apart from the words around it."""
        mark = {"plus": "", "minus": "-", "not": "NOT "}[self.kind]
        if self.weight != 1.0:
            mark += f"{_written_number(self.weight)}:"
        if isinstance(self.content, Text):
            text = self.content.text
            alone = mark in ("-", "NOT ") and _is_plain(text) and " " not in text and not self.content.phrases
            return mark + (text if alone else _group(self.content))
        return mark + written_content(self.content)


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for (``parts``) and among which items (``condition``).

    ``notes`` say what the parser understood that is not written so; they are no part of the value.
    Raises UsageError for more than ``MOST_PARTS`` parts or ``LONGEST_TEXTS`` characters.
    """

    parts: tuple[Part, ...] = ()
    condition: Condition | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        if len(self.parts) > MOST_PARTS:
            raise UsageError(f"a query of {len(self.parts):,} parts; at most {MOST_PARTS} are read")
        length = sum(len(part.content.text) for part in self.parts if isinstance(part.content, Text))
        if length > LONGEST_TEXTS:
            raise UsageError(f"a query of {length:,} characters; at most {LONGEST_TEXTS:,} are read")
        if self.condition is not None:
            object.__setattr__(self, "condition", normal(self.condition))

    def __str__(self) -> str:
        loose = next((part for part in self.parts if _may_stand_loose(part)), None)
        words = [written_content(part.content) if part is loose else str(part) for part in self.parts]
        return " ".join(words + [written(condition) for condition in conjuncts(self.condition)])

    def of_kind(self, kind: Kind) -> tuple[Part, ...]:
        """The parts of one kind, in order."""
        return tuple(part for part in self.parts if part.kind == kind)

    @property
    def text(self) -> str:
        """The words of all plus parts, in order; what a snippet highlights."""
        contents = (part.content for part in self.of_kind("plus"))
        return " ".join(content.meaning for content in contents if isinstance(content, Text))


def written_content(content: Content) -> str:
    """``content`` without sign, weight or parentheses: ``red car``, ``@ref.jpg``, ``#12``."""
    if isinstance(content, Text):
        return _written_text(content)
    if isinstance(content, Item):
        return f"#{content.item_id}"
    source = content.source
    if not isinstance(source, str):
        return f"@{content.name or f'<{type(source).__name__}>'}"
    if isinstance(content, Sound) and not names_sound(source):
        source = f"{SOUND_MARK}{source}"
    if re.fullmatch(r"https?://\S+", source):
        return source
    return f"@{source}" if re.fullmatch(r'[^\s"<\\][^\s"\\]*', source) else f"@{quoted(source)}"


def file_content(source: str) -> Picture | Sound:
    """What ``@source``, or an address, stands for: a sound by its suffix, or behind ``audio:``, else a picture."""
    if source.startswith(SOUND_MARK) and len(source) > len(SOUND_MARK):
        return Sound(source.removeprefix(SOUND_MARK))
    return Sound(source) if names_sound(source) else Picture(source)


def names_sound(source: str) -> bool:
    """Whether a path or an address ends as those of sounds do."""
    _, dot, suffix = source.rpartition(".")
    return f"{dot}{suffix}".lower() in SOUND_SUFFIXES


def _may_stand_loose(part: Part) -> bool:
    """Whether the bare words of ``part`` read as this part, as long as no other bare words stand beside it."""
    return (
        part.kind == "plus"
        and part.weight == 1.0
        and isinstance(part.content, Text)
        and _is_plain(part.content.text)
    )


def _is_plain(text: str) -> bool:
    return all(
        _PLAIN_WORD.fullmatch(word)
        and word not in KEYWORDS
        and word.lower() not in EXCLUDING_WORDS
        and chinese_exclusion(word) is None
        for word in text.split(" ")
    )


def _written_text(content: Text) -> str:
    """The words with quotes around the phrases, and backslashes where a sign is meant as a letter."""
    pieces, at = [], 0
    for start, end in _spans(content.text, content.phrases) or []:
        pieces += [_escaped(content.text[at:start]), quoted(content.text[start:end])]
        at = end
    return "".join([*pieces, _escaped(content.text[at:])])


def _group(content: Text) -> str:
    words = _written_text(content)
    # "(year>1990 …" reads as a filter, unless a backslash says that it is a word
    return f"(\\{words})" if starts_filter(f"{words})", 0) else f"({words})"


def _escaped(text: str) -> str:
    # a backquote may begin a field's name, which ends at the next one, wherever that stands
    return re.sub(r'([\\()"`])', r"\\\1", text)


def _written_number(number: float) -> str:
    digits = f"{number:.0f}" if number.is_integer() else repr(number)
    return format(Decimal(digits), "f")  # never an exponent, which would read as a word


def _spans(text: str, phrases: tuple[str, ...]) -> list[tuple[int, int]] | None:
    """Where the phrases stand in ``text``, whole words, in order; None when one is missing."""
    spans: list[tuple[int, int]] = []
    at = 0
    for phrase in phrases:
        found = re.compile(rf"(?<!\S){re.escape(phrase)}(?!\S)").search(text, at)
        if found is None:
            return None
        spans.append(found.span())
        at = found.end()
    return spans
