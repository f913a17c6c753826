"""Labels of pictures as numbers, by a list with synonyms or as the records have them, and sentences about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.search.channels.prompts import sentences
from mmsearch.search.tags.labels import Label, read_labels
from mmsearch.train.data.dataset import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from mmsearch.train.data.dataset import CaptionedPictures, Texts
    from mmsearch.train.recipe import ClassifierRecipe
    from mmsearch.types import Modality


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """What a classifier learns from: its labels, which of them each picture has, and sentences about each.

    ``train`` and ``dev`` (one a dev set) are (pictures, labels) bool; rows without any True where a picture's
    labels are not known, unless ``known`` (pictures,) says that it has none. ``prompts``: a group per label.
    """

    labels: tuple[Label, ...]
    train: NDArray[np.bool_]
    known: NDArray[np.bool_]
    dev: tuple[NDArray[np.bool_], ...]
    prompts: Texts | None


def load_labelled(
    recipe: ClassifierRecipe,
    position: int,
    data: Path,
    train: CaptionedPictures,
    dev: Iterable[CaptionedPictures],
    tokenizer: Tokenizer,
) -> Labelled:
    """What ``recipe``, whose field is the one at ``position`` in ``Pair.labels``, learns from.

    UsageError when its list of labels is missing, when fewer than two labels occur in it, or when no training
    picture has any of them.
    """
    given = [pair.labels[position] for pair in train.pairs]
    labels = _listed(recipe, data) if recipe.labels else _found(given)
    if len(labels) < 2:
        raise UsageError(
            f"classifier {recipe.name}: fewer than two labels in the field {recipe.field!r} of the training "
            "records; name the right field, or give a list of labels"
        )
    targets = indicators(labels, given)
    if not targets.any():
        raise UsageError(
            f"classifier {recipe.name}: no training record has a label of {recipe.labels} in {recipe.field!r}"
        )
    known = np.array([values is not None for values in given], dtype=np.bool_)
    return Labelled(
        labels=labels,
        train=targets,
        known=known if recipe.several else np.any(targets, axis=1),
        dev=tuple(indicators(labels, [pair.labels[position] for pair in one.pairs]) for one in dev),
        prompts=tokenize(label_sentences(recipe, labels), tokenizer) if recipe.kind == "prompts" else None,
    )


def indicators(labels: Sequence[Label], given: Sequence[tuple[str, ...] | None]) -> NDArray[np.bool_]:
    """(given, labels) bool: which labels each picture has, by name or synonym, case aside; unknown words go."""
    numbers = {
        word.casefold(): number for number, label in reversed([*enumerate(labels)]) for word in label.words
    }
    result = np.zeros((len(given), len(labels)), dtype=np.bool_)
    for row, values in enumerate(given):
        for value in values or ():
            if (number := numbers.get(value.casefold())) is not None:
                result[row, number] = True
    return result


def label_sentences(recipe: ClassifierRecipe, labels: Sequence[Label]) -> list[list[str]]:
    """For each label its words in each of the recipe's sentences, or in those that `mmsearch tag` uses."""
    modality: Modality = "text" if recipe.tower == "text" else "image"
    forms = recipe.prompts or None
    return [[text for word in label.words for text in sentences(word, modality, forms)] for label in labels]


def _listed(recipe: ClassifierRecipe, data: Path) -> tuple[Label, ...]:
    path = data / recipe.labels
    try:
        return read_labels(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"labels of classifier {recipe.name}: {error}; write one label a line") from error


def _found(given: Iterable[tuple[str, ...] | None]) -> tuple[Label, ...]:
    names = {value.casefold(): value for values in given for value in values or ()}
    return tuple(Label(names[key]) for key in sorted(names))
