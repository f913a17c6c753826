"""Label lists, and the sentences that a label is turned into before an encoder reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.types import Modality

# {} is the word as it is, {a} the word with its article; the last three are for what is no photograph. With them
# 54.4 % of PACS (photos, paintings, cartoons, sketches) get their class, 54.0 % with "a photo of" alone, 50.9 % with
# the bare word; clothing 31.0, 31.7 and 31.0 %. Measured by `python -m benchmarks zero_shot`.
PICTURE_SENTENCES = (
    "{}",
    "{a}",
    "a photo of {a}",
    "a drawing of {a}",
    "a painting of {a}",
    "a cartoon of {a}",
)
TEXT_SENTENCES = ("{}", "{a}", "about {}", "a text about {}")
BARE = ("{}",)

# Things that most pictures do not show: sentences about them are the background of a label's.
EVERYDAY_THINGS: tuple[str, ...] = tuple(
    re.findall(
        r"\w+",
        "apple airport beard bed bell bird boat book bottle bread bridge bus cake camera candle car carpet castle "
        "chair cheese church clock cloud computer corn cow crowd cup desert door drum egg factory fence field fire "
        "fish flower forest garden glove harbor hill island key kitchen ladder lamp leaf map market mirror moon "
        "mountain newspaper office piano plate potato rain ring river robot school sheep snow soldier soup stairs "
        "statue sun table tent tower train tree umbrella village watch wheel window",
    )
)

_SEPARATORS = re.compile(r"[,=]")
# Words that stand for an article, or that have none.
_DETERMINED = re.compile(
    r"(?:an?|the|some|no|my|his|her|its|our|their|two|three|several|many)\s", re.IGNORECASE
)
_PLURAL = re.compile(r"[^su]s\Z")


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


def sentences(word: str, modality: Modality, forms: Sequence[str] | None = None) -> list[str]:
    """``word`` in each of the ``forms``, by default those for items of ``modality``; "_" reads as a blank."""
    word = " ".join(word.replace("_", " ").split())
    forms = forms or (PICTURE_SENTENCES if modality == "image" else TEXT_SENTENCES)
    written = (form.replace("{a}", with_article(word)).replace("{}", word) for form in forms)
    return list(dict.fromkeys(written))


def with_article(word: str) -> str:
    """ "a dog", "an owl"; plurals, proper names and what has an article already stay as they are."""
    if word[:1].isupper() or not word[:1].isascii() or _PLURAL.search(word) or _DETERMINED.match(word):
        return word
    return f"an {word}" if word[:1] in "aeiou" else f"a {word}"
