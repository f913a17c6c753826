"""What the write path and the read path share: modalities, locators, picture specs, rankings.

Values only: frozen, no I/O, and numpy is imported only when a ranking is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]  # (n, dimension), rows of unit length
    Vector: TypeAlias = NDArray[np.float32]  # (dimension,), unit length
    Images: TypeAlias = NDArray[np.uint8]  # (n, height, width, 3), RGB
    Pixels: TypeAlias = NDArray[np.uint8]  # (height, width, 3), RGB
    Ids: TypeAlias = NDArray[np.int64]  # (n,)
    Scores: TypeAlias = NDArray[np.float64]  # (n,)
    Matrix: TypeAlias = NDArray[np.float64]  # (n, c)

Modality: TypeAlias = Literal["image", "text", "audio"]
MODALITIES: tuple[Modality, ...] = get_args(Modality)

# What vectors may be of: an item of a modality, or a whole document, pooled from its items.
VectorKind: TypeAlias = Modality | Literal["document"]

FieldValue: TypeAlias = str | int | float | bool

LocatorKind: TypeAlias = Literal["whole", "title", "caption", "characters", "seconds", "page", "frame"]


def is_whole(text: str) -> bool:
    """Whether ``text`` holds no half of a character (a lone surrogate), which nothing can encode or store."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(frozen=True, slots=True)
class Locator:
    """Where in its document an item lies.

    The written form round-trips: ``whole``, ``title``, ``caption:2``, ``characters:120-480`` (offsets in
    the decoded text, end exclusive), ``seconds:3.0-8.0``, ``page:4``, ``frame:0``.
    """

    kind: LocatorKind = "whole"
    start: float | None = None
    end: float | None = None

    def __str__(self) -> str:
        if self.start is None:
            return self.kind
        if self.end is None:
            return f"{self.kind}:{self.start:.10g}"
        return f"{self.kind}:{self.start:.10g}-{self.end:.10g}"

    @classmethod
    def parse(cls, text: str) -> Locator:
        """The locator that ``str`` wrote; ValueError for anything else."""
        match = re.fullmatch(r"([a-z]+)(?::([\d.]+)(?:-([\d.]+))?)?", text)
        if match is None or match[1] not in get_args(LocatorKind):
            raise ValueError(f"not a locator: {text!r}")
        start, end = (None if group is None else float(group) for group in match.group(2, 3))
        return cls(match[1], start, end)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """How an encoder wants its pictures: ``size`` x ``size`` RGB.

    ``fit``: "squash" scales both sides to ``size`` (the whole picture is seen, aspect is lost), "crop" scales
    the shorter side and cuts the center, "pad" scales the longer side and fills with gray.
    """

    size: int
    fit: Literal["squash", "crop", "pad"] = "squash"


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
        if np.unique(self.ids).size != self.ids.size:
            raise ValueError("an id occurs twice in one ranking")

    def __len__(self) -> int:
        return int(self.ids.size)
