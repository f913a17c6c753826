"""Label lists, and the sentences that a label is turned into before an encoder reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmsearch.errors import UsageError

_SEPARATORS = re.compile(r"[,=]")


@dataclass(frozen=True, slots=True)
class Label:
    """A label by its ``name``, and other ``words`` for the same, the name included.

    Raises UsageError for an empty name, and for one that a list of labels could not hold.
    """

    name: str
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise UsageError("a label is empty")
        if "; " in self.name or self.name.endswith(";") or any(ord(sign) < ord(" ") for sign in self.name):
            raise UsageError(f"the label {self.name!r} has a semicolon or a line end in it: leave it out")
        object.__setattr__(self, "words", tuple(dict.fromkeys((self.name, *self.words))))


def read_labels(text: str) -> tuple[Label, ...]:
    """The labels of a list, one a line, with other words for it behind a comma or "=": ``sofa = couch, settee``.

    Empty lines and lines that begin with "#" are passed over. Raises UsageError with the line's number.
    """
    labels: list[Label] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        words = [" ".join(word.split()) for word in _SEPARATORS.split(line)]
        if line.lstrip().startswith("#") or not any(words):
            continue
        if not words[0]:
            raise UsageError(
                f"line {number} of the labels, {line!r}, begins with a separator: name the label first"
            )
        if (before := seen.setdefault(words[0].casefold(), number)) != number:
            raise UsageError(f"line {number} of the labels repeats {words[0]!r} of line {before}")
        labels.append(Label(words[0], tuple(word for word in words if word)))
    if not labels:
        raise UsageError("the list of labels is empty: write one label a line")
    return tuple(labels)
