"""What the write path and the read path share: modalities, locators, picture specs, rankings.

Values only: frozen, no I/O, and numpy is imported only when a ranking is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]  # (n, dimension), rows of unit length
    Vector: TypeAlias = NDArray[np.float32]  # (dimension,), unit length
    Images: TypeAlias = NDArray[np.uint8]  # (n, height, width, 3), RGB
    Pixels: TypeAlias = NDArray[np.uint8]  # (height, width, 3), RGB
    Samples: TypeAlias = NDArray[np.float32]  # (n,), one channel, from -1 to 1
    Sounds: TypeAlias = NDArray[np.float32]  # (n, samples), windows of one channel, from -1 to 1
    Ids: TypeAlias = NDArray[np.int64]  # (n,)
    Scores: TypeAlias = NDArray[np.float64]  # (n,)
    Matrix: TypeAlias = NDArray[np.float64]  # (n, c)

Modality: TypeAlias = Literal["image", "text", "audio"]
MODALITIES: tuple[Modality, ...] = get_args(Modality)

# What several items of a modality are called.
SEVERAL: dict[Modality, str] = {"image": "images", "text": "texts", "audio": "sounds"}

# What vectors may be of: an item of a modality, or a whole document, pooled from its items.
VectorKind: TypeAlias = Modality | Literal["document"]

FieldValue: TypeAlias = str | int | float | bool

LocatorKind: TypeAlias = Literal[
    "whole",
    "title",
    "caption",
    "characters",
    "seconds",
    "page",
    "frame",
    "slide",
    "sheet",
    "chapter",
    "attachment",
    "picture",
    "box",
]
# What a text is that nobody typed: read in a picture, or said (subtitles tell that too).
TextLabel: TypeAlias = Literal["written", "said"]
# Parts that a document is read in: what `--group item` shows one hit of each.
PARTS: frozenset[LocatorKind] = frozenset({"page", "slide", "sheet", "chapter", "attachment"})

Box: TypeAlias = tuple[
    float, float, float, float
]  # left, top, right, bottom, in fractions of width and height
_BOX_DIGITS = 4


def is_whole(text: str) -> bool:
    """Whether ``text`` holds no half of a character (a lone surrogate), which nothing can encode or store."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(frozen=True, slots=True)
class Locator:
    """Where in its document an item lies.

    The written form round-trips: ``whole``, ``title``, ``caption:2``, ``characters:120-480`` (offsets in
    the text, end exclusive), ``seconds:3.0-8.0``, ``page:4``, ``frame:61.2`` (what a film shows after so many seconds),
    ``box:0.12,0.40,0.55,0.46`` (fractions of the width and height). Pages and other parts count from 1. ``inner`` is a
    place within that place: ``page:4/characters:120-480`` are characters of the page's text, ``attachment:1/page:2`` is
    a page of an attachment.
    """

    kind: LocatorKind = "whole"
    start: float | None = None
    end: float | None = None
    inner: Locator | None = None
    box: Box | None = None

    def __post_init__(self) -> None:
        if (self.kind == "box") != (self.box is not None):
            raise ValueError("a box has four sides, and nothing else has")
        if self.box is not None:
            left, top, right, bottom = (round(side, _BOX_DIGITS) for side in self.box)
            if not (0 <= left <= right <= 1 and 0 <= top <= bottom <= 1):
                raise ValueError(f"no box within a picture: {self.box}")
            object.__setattr__(self, "box", (left, top, right, bottom))

    def __str__(self) -> str:
        return self._own() if self.inner is None else f"{self._own()}/{self.inner}"

    def _own(self) -> str:
        if self.box is not None:
            return f"{self.kind}:{','.join(map(_side, self.box))}"
        if self.start is None:
            return self.kind
        if self.end is None:
            return f"{self.kind}:{self.start:.10g}"
        return f"{self.kind}:{self.start:.10g}-{self.end:.10g}"

    @property
    def innermost(self) -> Locator:
        """The last of the places that lie in each other: what the item is, wherever it is."""
        return self if self.inner is None else self.inner.innermost

    @property
    def outermost(self) -> Locator:
        """The first of them, by itself."""
        return self if self.inner is None else replace(self, inner=None)

    @property
    def around(self) -> Locator:
        """Where the innermost lies: ``page:4`` of ``page:4/characters:120-480``; the whole document if nowhere else."""
        if self.inner is None:
            return Locator()
        return replace(self, inner=None if self.inner.inner is None else self.inner.around)

    @property
    def part(self) -> str:
        """The parts of the document that this lies in, as a person says it: "attachment 1, page 2"; "" for none."""
        own = f"{self.kind} {self.start:.10g}" if self.kind in PARTS and self.start is not None else ""
        inner = "" if self.inner is None else self.inner.part
        return ", ".join(filter(None, (own, inner)))

    @property
    def seconds(self) -> float | None:
        """When it begins in a recording or film: 61.2 of ``frame:61.2`` and of ``seconds:61.2-64``; None elsewhere."""
        if self.kind in ("seconds", "frame"):
            return self.start
        return None if self.inner is None else self.inner.seconds

    def text_label(self, modality: Modality) -> TextLabel | None:
        """What a text that lies here is, if nobody typed it; None for all else."""
        if modality != "text":
            return None
        kind = self.innermost.kind
        return "written" if kind == "box" else "said" if kind == "seconds" else None

    def within(self, place: Locator) -> Locator:
        """This place within ``place``; what is ``whole`` adds nothing."""
        if place.kind == "whole":
            return self
        if place.inner is not None:
            return replace(place, inner=self.within(place.inner))
        return place if self.kind == "whole" else replace(place, inner=self)

    @classmethod
    def parse(cls, text: str) -> Locator:
        """The locator that ``str`` wrote; ValueError for anything else."""
        found: Locator | None = None
        parts = text.split("/")
        for part in reversed(parts):
            found = _one_place(part, found)
            if found.kind == "whole" and len(parts) > 1:
                raise ValueError(f"not a locator: {text!r}")
        assert found is not None
        return found


def _side(fraction: float) -> str:
    """At least two decimals, as many as there are."""
    written = f"{fraction:.{_BOX_DIGITS}f}"
    return written[:-2] if written.endswith("00") else written.removesuffix("0")


_PLACE = re.compile(r"([a-z]+)(?::(?:([\d.]+)(?:-([\d.]+))?|([\d.]+),([\d.]+),([\d.]+),([\d.]+)))?", re.ASCII)


def _one_place(text: str, inner: Locator | None) -> Locator:
    match = _PLACE.fullmatch(text)
    if match is None or match[1] not in get_args(LocatorKind):
        raise ValueError(f"not a locator: {text!r}")
    start, end, *sides = (None if group is None else float(group) for group in match.group(2, 3, 4, 5, 6, 7))
    return Locator(match[1], start, end, inner, None if sides[0] is None else tuple(sides))  # type: ignore[arg-type]


PixelFilter: TypeAlias = Literal["bilinear", "bicubic", "lanczos"]


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """How an encoder wants its pictures: ``size`` x ``size`` RGB.

    ``fit``: "squash" scales both sides to ``size`` (the whole picture is seen, aspect is lost), "crop" scales
    the shorter side and cuts the center, "pad" scales the longer side and fills with gray. ``filter`` is what pixels
    are interpolated by. ``share`` of the shorter side is seen by "crop": 224/256 where a picture is scaled to 256 and
    cut to 224.
    """

    size: int
    fit: Literal["squash", "crop", "pad"] = "squash"
    filter: PixelFilter = "bicubic"
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class SoundSpec:
    """How an encoder wants its sounds: windows of ``samples`` of one channel, ``rate`` of them a second.

    A longer sound is heard by windows that begin ``hop`` samples after each other.
    """

    rate: int = 16_000
    samples: int = 15_600
    hop: int = 7_680


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Items best first: unique ``ids`` (n,) int64 and finite, non-increasing ``scores`` (n,) float64."""

    ids: Ids
    scores: Scores

    def __post_init__(self) -> None:
        if self.ids.ndim != 1 or self.ids.shape != self.scores.shape:
            raise ValueError(f"ids {self.ids.shape} and scores {self.scores.shape} must be (n,)")
        if not np.isfinite(self.scores).all() or (np.diff(self.scores) > 0).any():
            raise ValueError("scores must be finite and best first")
        if not np.diff(np.sort(self.ids)).all():
            raise ValueError("an id occurs twice in one ranking")

    def __len__(self) -> int:
        return int(self.ids.size)
