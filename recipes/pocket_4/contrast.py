"""What pictures, drawings, classes and texts are told about each other, given what the towers say below their heads.

Pictures find their captions among those of all pictures, and are found by them; so do drawings their words, among
themselves, since "a dog" holds for many a photograph. A class, as its mean features show it, finds a name of it, or of
what it is a kind of, and the other way around: a text that holds for several classes takes none of them for wrong.
Texts stay as alike as unchanged MiniLM has them. The first 64, 128 and 256 dimensions contrast pictures and captions
by themselves too, so that vectors may be cut short (Kusupati et al., "Matryoshka Representation Learning", NeurIPS
2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from material import related
from torch import Tensor, nn
from tower import LARGEST_SCALE, unit

from mmsearch.train.objectives.losses import info_nce

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drawings import Drawing
    from pictures import Captions

    from mmsearch.train.towers.heads import Head

PAIRS, ENGLISH, PRINTED, CHINESE = 256, 192, 160, 96  # further texts a step
NAME, FURTHER_NAME, KIND_OF, CHINESE_NAME = range(4)
OF_KIND, IN_CHINESE = 0.35, 0.2  # how often a class is called by what it is a kind of; by a Chinese name
PREFIXES = (64, 128, 256)
FLATTER = 0.8  # of the scale, for vectors cut short


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """``rows`` (t, width) of texts; ``holds`` (t, 1000) for which classes; ``kind`` (t,): a name, …, see above."""

    rows: Tensor
    holds: Tensor
    kind: Tensor

    def listed(self) -> list[list[Any]]:
        """For each class the numbers of its names, of what it is a kind of, and of its Chinese names."""
        kinds = self.kind.numpy()
        kinds = np.where(kinds == FURTHER_NAME, NAME, kinds)
        own = [self.holds[:, number].nonzero()[:, 0].numpy() for number in range(self.holds.shape[1])]
        return [[rows[kinds[rows] == kind] for kind in (NAME, KIND_OF, CHINESE_NAME)] for rows in own]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Drawings and ``rows`` (t, width) of all their texts, by ``number`` of the text."""

    listed: Sequence[Drawing]
    rows: Tensor
    number: dict[str, int]
    key: Tensor  # (n,) equal for drawings of the same
    train: Any  # (m,) numbers of those that are not held out

    def draw(self, drawings: Any, chance: np.random.Generator) -> list[int]:
        """The number of a text for each of ``drawings``."""
        return [self.number[self._text(self.listed[number], chance)] for number in drawings]

    @staticmethod
    def _text(drawing: Drawing, chance: np.random.Generator) -> str:
        draw, texts = chance.random(), drawing.captions
        if drawing.chinese and draw < 0.25:
            texts = drawing.chinese
        elif drawing.others and draw < 0.3:
            texts = drawing.others
        elif drawing.further and draw < 0.4:
            texts = drawing.further
        return texts[chance.integers(len(texts))]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Rows of texts (n, width) below the head, and what unchanged MiniLM gives for some of them."""

    captions: Captions
    pairs: Tensor  # (2m, width): two each that say the same, side by side
    english: Tensor  # the first of them are what ``chinese`` means
    chinese: Tensor
    native: Tensor  # MiniLM's for ``english``
    printed: Tensor  # MiniLM's for further texts of the pictures (kind 1), in their order
    classes: Classes
    drawn: Drawn


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts beside the contrast of pictures and captions, which counts 1."""

    drawings: float = 0.1
    classes: float = 0.15
    texts: float = 0.25
    likeness: float = 40.0
    translation: float = 1.0
    teaching: float = 8.0
    nested: float = 0.15
    honest: float = 0.4  # share of the pictures that are shown by the teacher's vectors, not fitted to them
    negatives: int = 1024  # captions of other pictures


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Features (n, width) of pictures, drawings and classes of a step, and their numbers."""

    pictures: Tensor
    numbers: Any
    drawings: Tensor
    drawn: Any
    classes: Tensor
    classed: Any


class Contrast(nn.Module):  # type: ignore[misc]
    """The loss over both heads; its own parameters are the scales of the cosines."""

    def __init__(
        self,
        picture_head: Head,
        text_head: Head,
        texts: Texts,
        taught: Tensor,
        weights: Weights,
        scale: float,
    ) -> None:
        super().__init__()
        self.picture_head, self.text_head = picture_head, text_head
        self.texts, self.taught, self.weights = texts, taught, weights
        self.listed = texts.classes.listed()
        self.further = (texts.captions.kind == 1).nonzero()[:, 0]
        self.scales = nn.Parameter(torch.tensor([scale, 20.0, 20.0]).log())  # pictures, texts, classes

    def limit(self) -> None:
        """Keep the scales from growing without end."""
        with torch.no_grad():
            self.scales.clamp_(max=LARGEST_SCALE)

    def forward(self, shown: Shown, chance: np.random.Generator) -> Tensor:
        """The loss of a step."""
        texts, weights, scale = self.texts, self.weights, self.scales.exp()
        own = torch.from_numpy(shown.numbers)
        sizes = [len(shown.pictures), len(shown.drawings), len(shown.classes)]
        together = unit(self.picture_head(torch.cat([shown.pictures, shown.drawings, shown.classes])))
        fitted, drawings, classes = together.split(sizes)
        pictures = fitted
        if weights.honest:
            honest = torch.from_numpy(chance.random(sizes[0]) < weights.honest)[:, None]
            pictures = torch.where(honest, self.taught[own], fitted)
        rows, strangers = self._rows(shown, chance)
        captions, far, drawn, called, one, other, english, foreign, meant, printed = rows[0]
        loss = self._pictures(pictures, captions, own, (far, strangers))
        same = texts.drawn.key[shown.drawn][:, None] == texts.drawn.key[shown.drawn]
        found = info_nce(drawings, drawn, scale[0], same) + info_nce(drawn, drawings, scale[0], same)
        holds = texts.classes.holds[rows[1]][:, shown.classed]
        named = info_nce(called, classes, scale[2], holds) + info_nce(classes, called, scale[2], holds.T)
        loss = loss + weights.drawings * found + weights.classes * named
        same = torch.eye(len(one)) > 0
        loss = loss + weights.texts * (
            info_nce(one, other, scale[1], same) + info_nce(other, one, scale[1], same)
        )
        likeness = torch.zeros(())
        for mine, native in ((english, texts.native[rows[2]]), (printed, texts.printed[rows[3]])):
            likeness = likeness + (mine @ mine.T - native @ native.T).square().mean()
        taught = (1 - (fitted * self.taught[own]).sum(1)).mean()
        translated = (1 - (foreign * meant).sum(1)).mean()
        return (
            loss + weights.likeness * likeness + weights.teaching * taught + weights.translation * translated
        )

    def _rows(self, shown: Shown, chance: np.random.Generator) -> tuple[Any, ...]:
        """Vectors of all texts of a step, and the numbers of those of classes, English ones and printed ones."""
        texts, captions = self.texts, self.texts.captions
        called = torch.tensor([self._call(int(number), chance) for number in shown.classed])
        strangers = some(len(captions.vectors), self.weights.negatives, chance)
        pairs = torch.from_numpy(some(len(texts.pairs) // 2, PAIRS, chance))
        english = torch.from_numpy(some(len(texts.english), ENGLISH, chance))
        chinese = torch.from_numpy(some(len(texts.chinese), CHINESE, chance))
        printed = torch.from_numpy(some(len(self.further), PRINTED, chance))
        parts = [
            captions.vectors[captions.draw(shown.numbers, chance)],
            captions.vectors[strangers],
            texts.drawn.rows[texts.drawn.draw(shown.drawn, chance)],
            texts.classes.rows[called],
            texts.pairs[2 * pairs],
            texts.pairs[2 * pairs + 1],
            texts.english[english],
            texts.chinese[chinese],
            texts.english[chinese],
            captions.vectors[self.further[printed]],
        ]
        whole = unit(self.text_head(torch.cat([part.float() for part in parts])))
        return (whole.split([len(part) for part in parts]), called, english, printed), torch.from_numpy(
            strangers
        )

    def _call(self, number: int, chance: np.random.Generator) -> int:
        names, kinds, chinese = self.listed[number]
        draw = chance.random()
        if draw < OF_KIND and len(kinds):
            names = kinds
        elif draw < OF_KIND + IN_CHINESE and len(chinese):
            names = chinese
        return int(chance.choice(names if len(names) else kinds if len(kinds) else chinese))

    def _pictures(
        self, pictures: Tensor, captions: Tensor, own: Tensor, far: tuple[Tensor, Tensor]
    ) -> Tensor:
        """``far`` are further captions and whose they are."""
        cluster, scale = self.texts.captions.cluster, self.scales[0].exp()
        same, ignored = related(cluster, own, own)
        known = related(cluster, own, self.texts.captions.owner[far[1]])
        right = torch.cat([same, torch.zeros_like(known[0])], 1)
        left_out = torch.cat([ignored, known[0] | known[1]], 1)  # other texts of a picture are not wrong
        keys = torch.cat([captions, far[0]])
        loss = info_nce(pictures, keys, scale, right, left_out)
        loss = loss + info_nce(captions, pictures, scale, same, ignored)
        for width in PREFIXES if self.weights.nested else ():
            one, other, all_texts = (unit(rows[:, :width]) for rows in (pictures, captions, keys))
            flat = FLATTER * scale.detach()
            nested = info_nce(one, all_texts, flat, right, left_out)
            loss = loss + self.weights.nested * (nested + info_nce(other, one, flat, same, ignored))
        return loss


def some(count: int, most: int, chance: np.random.Generator) -> Any:
    """Different numbers below ``count`` by chance, ``most`` of them if there are so many."""
    return chance.choice(count, min(most, count), replace=False)
