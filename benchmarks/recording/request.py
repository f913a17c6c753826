"""A request of a recording: a verb of an open index or the command, with its arguments, as a value with a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

COMMAND = "mmsearch"

# Pictures that are asked for, relative to the folder in which the corpora lie.
CAT, COFFEE, MOON, PAGE = (f"demo/photos/photo-{number}.png" for number in ("04", "05", "12", "14"))
SCENE = "textbooks/textbook-photo-test/images/introduction-sociology-f77cf9be7848.avif"
SHOES = "products/images/13165.avif"


@dataclass(frozen=True, slots=True)
class InMemory:
    """The picture in the file ``path``, not by its name but as what a program may hold."""

    path: str
    form: Literal["bytes", "path", "picture", "vector"]


@dataclass(frozen=True, slots=True)
class Letters:
    """What reads query and text together, for reranking: by how many of their letters are the same."""

    name: str = "letters"

    def score(self, query: str, texts: Sequence[str]) -> Any:
        """Log odds (n,) float64 that each of ``texts`` answers ``query``."""
        import numpy as np

        asked = set(query)
        return np.array([len(asked & set(text)) / max(len(asked), 1) - 0.5 for text in texts])


@dataclass(frozen=True, slots=True)
class Request:
    """``verb`` of the library of ``index`` with ``arguments`` and ``options``, or the command with these words."""

    index: str
    verb: str
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    stdin: bytes = b""

    @property
    def name(self) -> str:
        """What tells it from the others."""
        written = [*map(repr, self.arguments), *(f"{name}={value!r}" for name, value in self.options.items())]
        given = [f"stdin={self.stdin.decode('utf-8')!r}"] if self.stdin else []
        return f"{self.index} {self.verb}({', '.join([*written, *given])})".lstrip()


def search(index: str, text: str | None = None, **options: Any) -> Request:
    """A search of the library."""
    return Request(index, "search", () if text is None else (text,), options)


def command(index: str, *words: str, stdin: bytes = b"") -> Request:
    """The command with ``words``, on ``index`` if it is not ""."""
    return Request(index, COMMAND, words, stdin=stdin)
