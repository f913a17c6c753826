"""Answers to a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.search.results.hit import Neighbor
    from mmsearch.types import FieldValue


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """One passage that answers the question; ``text[start:end]`` is the sentence that does.

    ``locator`` says where the passage lies in its document. ``before`` and ``after`` are the passages around
    it, in document order, ``pictures`` those of the same document. ``cosine`` and ``strength`` are those of its
    document; ``score`` is what the passage is ranked by, and ``evalue`` its expected count, with what the question's
    words tell.
    """

    rank: int
    item_id: int
    document_id: int
    corpus_root: str
    path: str
    title: str | None
    locator: Locator
    text: str
    start: int
    end: int
    before: tuple[Neighbor, ...]
    after: tuple[Neighbor, ...]
    pictures: tuple[Neighbor, ...]
    fields: Mapping[str, FieldValue]
    score: float
    cosine: float | None
    strength: int
    evalue: float

    def __repr__(self) -> str:
        return f"<Answer {self.rank}: {self.strength:.0f}  {self.sentence!r:.100}, {self.citation}>"

    @property
    def sentence(self) -> str:
        """The sentence that answers."""
        return self.text[self.start : self.end]

    @property
    def sentence_locator(self) -> Locator:
        """Where the sentence lies in its document; the passage's own locator when that is no range of characters."""
        passage = self.locator.innermost
        if passage.kind != "characters" or passage.start is None:
            return self.locator
        sentence = Locator("characters", passage.start + self.start, passage.start + self.end)
        return sentence.within(self.locator.around)

    @property
    def citation(self) -> str:
        """Document and place, to be written behind a quotation: ``a.txt, characters 0–46``, ``a.pdf, page 4``."""
        place = self.sentence_locator
        if place.part:
            return f"{self.path}, {place.part}"
        if place.kind != "characters" or place.start is None or place.end is None:
            return f"{self.path}, {place}"
        return f"{self.path}, characters {place.start:.0f}–{place.end:.0f}"

    @property
    def file(self) -> str:
        """The document's file, absolute."""
        return f"{self.corpus_root.rstrip('/')}/{self.path}"


@dataclass(frozen=True, slots=True, repr=False)
class Answers(Sequence[Answer]):
    """Answers to a ``question``, best first, among ``searched`` texts.

    ``answers`` are within the cutoff; when none is, ``no_answer`` is true and ``best_guesses`` came nearest. ``notes``
    say what could not be done, ``generation`` names what was searched, ``missing`` the shards of a cluster
    that were not.
    """

    question: str
    answers: tuple[Answer, ...]
    best_guesses: tuple[Answer, ...] = ()
    searched: int = 0
    cutoff: float | None = None
    seconds: float = field(default=0.0, compare=False)
    notes: tuple[str, ...] = ()
    generation: str = field(default="", compare=False)
    missing: tuple[str, ...] = ()

    @property
    def no_answer(self) -> bool:
        """Whether nothing in the index answers the question."""
        return not self.answers

    def __len__(self) -> int:
        return len(self.answers)

    def __repr__(self) -> str:
        number = "no answer" if self.no_answer else "1 answer" if len(self) == 1 else f"{len(self)} answers"
        return "\n".join([f"<Answers to {self.question!r:.80}: {number}>", *map(repr, self.answers)])

    @overload
    def __getitem__(self, index: int) -> Answer: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Answer, ...]: ...

    def __getitem__(self, index: int | slice) -> Answer | tuple[Answer, ...]:
        return self.answers[index]
