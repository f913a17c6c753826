"""The writing in a picture: lines with their places, by the models of rapidocr (PP-OCRv6, English and Chinese)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.types import Box, Pixels

MODEL = "PP-OCRv6-small"
DETECTION_SIDE = (
    480  # pixels of the longer side where lines are looked for: it finds all lines of a dense page
)
READING_SIDE = 960  # where they are looked for again if they are small: their borders are drawn more exactly
_SMALL = 24  # pixels of a line's height at the first of these, its margins included
LONGEST_SIDE = 2_000  # pixels of the longer side that lines are read from
LEAST_SCORE = 0.6  # how sure the recognition of a line must be
_FEWEST = 2  # letters or digits of a paragraph
_LONGEST_PARAGRAPH = 480  # characters, as of a passage
_NEXT_LINE = 2.0  # heights of a line, from middle to middle, that the next one is away at most
_LIKE = 1.6  # times as high as the next one
_OVERLAP = 0.3  # of the narrower of two lines


@dataclass(frozen=True, slots=True)
class Line:
    """A line of writing: its ``text``, how sure that is (0 to 1), where it lies, and how high it is itself, in
    fractions of the picture's height (a box around a skewed line is higher)."""

    text: str
    score: float
    box: Box
    height: float


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together, in reading order."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The lines, one below the other."""
        return "\n".join(line.text for line in self.lines)

    @property
    def box(self) -> Box:
        """What encloses them all."""
        left, top, right, bottom = zip(*(line.box for line in self.lines), strict=True)
        return min(left), min(top), max(right), max(bottom)


class WritingReader:
    """Reads the writing in pictures, one at a time on one core. Making one loads nothing."""

    @cached_property
    def version(self) -> str:
        """That of the package that brings the models; raises MissingExtraError."""
        from importlib.metadata import version

        if find_spec("rapidocr") is None:
            raise MissingExtraError("reading what is written in pictures", "ocr")
        return version("rapidocr")

    @cached_property
    def _coarse(self) -> Any:
        return self._engine(DETECTION_SIDE)

    @cached_property
    def _fine(self) -> Any:
        return self._engine(READING_SIDE)

    def _engine(self, side: int) -> Any:
        _ = self.version
        from rapidocr import RapidOCR

        return RapidOCR(
            params={
                "Global.use_cls": False,  # whether lines stand on their heads
                "Global.log_level": "critical",
                "Global.text_score": LEAST_SCORE,
                "Det.limit_type": "max",
                "Det.limit_side_len": side,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # or threads fight
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def lines(self, pixels: Pixels) -> list[Line]:
        """The lines in a picture (height, width, 3), from the top; [] without recognition where there are none."""
        height, width = pixels.shape[:2]
        picture = np.ascontiguousarray(pixels[:, :, ::-1])
        seen = self._coarse(picture, use_det=True, use_cls=False, use_rec=False)
        if seen.boxes is None or not len(seen.boxes):
            return []
        high = (
            float(np.median([_height(corners) for corners in seen.boxes]))
            * DETECTION_SIDE
            / max(width, height)
        )
        engine = self._fine if high < _SMALL else self._coarse
        found = engine(picture, use_det=True, use_cls=False, use_rec=True)
        if found.boxes is None or not found.txts:
            return []
        listed = zip(found.boxes, found.txts, found.scores, strict=True)
        return [_line(corners, text, score, width, height) for corners, text, score in listed]


def paragraphs(lines: Sequence[Line]) -> list[Paragraph]:
    """``lines`` as paragraphs of at most about 480 characters, from the top; what says nothing is left out."""
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: (_middle(one), one.box[0])):
        before = next((group for group in reversed(groups) if _continues(group, line)), None)
        if before is None:
            groups.append([line])
        else:
            before.append(line)
    found = (Paragraph(tuple(group)) for group in groups)
    return [one for one in found if sum(map(str.isalnum, one.text)) >= _FEWEST]


def _continues(group: Sequence[Line], line: Line) -> bool:
    """Whether ``line`` is the next of a paragraph."""
    last = group[-1]
    lower, higher = sorted((last.height, line.height))
    if higher > _LIKE * lower or sum(len(one.text) for one in group) + len(line.text) > _LONGEST_PARAGRAPH:
        return False
    shared = min(last.box[2], line.box[2]) - max(last.box[0], line.box[0])
    narrower = min(one.box[2] - one.box[0] for one in (last, line))
    return _middle(line) - _middle(last) <= _NEXT_LINE * higher and shared >= _OVERLAP * narrower


def _middle(line: Line) -> float:
    return (line.box[1] + line.box[3]) / 2


def _line(corners: Any, text: str, score: float, width: int, height: int) -> Line:
    """``corners`` (4, 2) in pixels: top left, top right, bottom right, bottom left."""
    placed = np.clip(np.asarray(corners, dtype=np.float64) / (width, height), 0.0, 1.0)
    (left, top), (right, bottom) = placed.min(axis=0).tolist(), placed.max(axis=0).tolist()
    return Line(" ".join(text.split()), float(score), (left, top, right, bottom), _height(corners) / height)


def _height(corners: Any) -> float:
    """Of a line by its ``corners``, in pixels."""
    placed = np.asarray(corners, dtype=np.float64)
    return float(np.linalg.norm(placed[[0, 1]] - placed[[3, 2]], axis=1).mean())
