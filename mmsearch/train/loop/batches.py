"""What a step works on, drawn from the recipe's seed, the phase and the step alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.train.data.dataset import Numbers, Texts
    from mmsearch.train.loop.material import Material
    from mmsearch.train.recipe import Phase, Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows of the training data: pictures, their captions side by side, and what to tell them from."""

    rows: Numbers
    captions: Numbers  # ``phase.captions`` a picture
    others: Numbers  # further captions
    strangers: Numbers  # further pictures
    pairs: Numbers | None  # texts that mean the same, side by side
    swapped: tuple[Numbers, Numbers] | None  # places in ``captions``, and a false text for each
    prompts: Mapping[int, Numbers]  # a sentence for each label, by the id of the texts that it is one of
    seed: int  # of the pictures' random views
    dropout: int  # seed of what is left to chance within the towers


def draw_batch(
    recipe: Recipe, phase: Phase, material: Material, place: tuple[int, int], per_epoch: int
) -> Batch:
    """The batch of ``place``, a phase's number and a step of it."""
    data = material.train
    shuffle = np.random.default_rng((recipe.seed, place[0], place[1] // per_epoch))
    first = place[1] % per_epoch * phase.batch
    rows = shuffle.permutation(len(data))[first : first + phase.batch]
    random = np.random.default_rng((recipe.seed, *place, 1))
    captions = np.concatenate([_draw(data.texts, row, phase.captions, random) for row in rows])
    others = random.choice(len(data.texts), min(phase.text_bank, len(data.texts)), replace=False)
    strangers = random.choice(len(data), min(phase.picture_bank, len(data)), replace=False)
    pairs = _draw_pairs(material.pairs, phase.text_pairs, random)
    seed = int(random.integers(1 << 31))
    prompts = {
        id(texts): np.concatenate([_draw(texts, group, 1, random) for group in range(len(texts.first) - 1)])
        for texts in (labelled.prompts for labelled in material.labelled)
        if texts is not None
    }
    swapped = _draw_swapped(material.swapped, captions, random)
    return Batch(
        rows, captions, others, strangers, pairs, swapped, prompts, seed, recipe.seed + 7919 * place[1]
    )


def _draw(texts: Texts, group: int, count: int, random: np.random.Generator) -> np.ndarray[Any, Any]:
    """``count`` texts of a group, different ones as far as there are."""
    first, stop = int(texts.first[group]), int(texts.first[group + 1])
    chosen = first + random.permutation(stop - first)[:count]
    return np.resize(chosen, count)


def _draw_pairs(texts: Texts | None, count: int, random: np.random.Generator) -> np.ndarray[Any, Any] | None:
    """Two texts of each of ``count`` groups, side by side."""
    if texts is None or not count:
        return None
    groups = random.choice(len(texts.first) - 1, min(count, len(texts.first) - 1), replace=False)
    return np.concatenate([_draw(texts, int(group), 2, random) for group in groups])


def _draw_swapped(
    texts: Texts | None, captions: Numbers, random: np.random.Generator
) -> tuple[Numbers, Numbers] | None:
    """A false text for each of ``captions`` that has any, and which those are."""
    if texts is None:
        return None
    places = np.flatnonzero(np.diff(texts.first)[captions])
    if not len(places):
        return None
    return places, np.concatenate([_draw(texts, int(captions[place]), 1, random) for place in places])
