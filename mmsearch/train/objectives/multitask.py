"""What is learned beside the contrast: telling labels from the shared space, and imitating a teacher in it.

All of it works on the vectors of the whole batch, after they were gathered, and adds to one loss.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mmsearch.train.data.classes import Labelled
    from mmsearch.train.data.dataset import Numbers, Texts
    from mmsearch.train.objectives.teachers import Taught
    from mmsearch.train.recipe import ClassifierRecipe, Recipe, TeacherRecipe

CLASSIFIERS_FILE = (
    "classifiers.safetensors"  # weight (labels, dimension) and bias (labels,) of each linear one
)
LABELS_FILE = "labels.json"  # the labels of each classifier, in the order of its rows
FIRST_SCALE = 10.0  # of the cosines with labels' sentences; it is learned


class Classifier(nn.Module):  # type: ignore[misc]
    """Unit vectors (n, dimension) -> logits (n, labels): by a row of weights per label, or by prompts' vectors."""

    def __init__(self, recipe: ClassifierRecipe, labels: int, dimension: int) -> None:
        super().__init__()
        self.recipe = recipe
        self.linear = nn.Linear(dimension, labels) if recipe.kind == "linear" else None
        if self.linear is None:
            self.log_scale = nn.Parameter(torch.tensor(FIRST_SCALE).log())
            self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, vectors: Tensor, prompts: Tensor | None = None) -> Tensor:
        """``prompts`` (labels, dimension): a unit vector per label, for a classifier without weights."""
        if self.linear is not None:
            return self.linear(vectors * vectors.shape[1] ** 0.5)  # entries of size 1, as weights expect them
        assert prompts is not None
        return self.log_scale.exp() * (vectors @ prompts.T) + self.bias

    def loss(self, logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
        """Cross-entropy to the (n, labels) bool ``targets``, binary for several labels; mean over ``known`` rows."""
        wanted = targets.float()
        if self.recipe.several:
            smooth = wanted + self.recipe.smoothing * (0.5 - wanted)
            losses = functional.binary_cross_entropy_with_logits(logits, smooth, reduction="none").mean(1)
        else:
            wanted = wanted / wanted.sum(1, keepdim=True).clamp(min=1.0)
            smooth = wanted + self.recipe.smoothing * (1.0 / logits.shape[1] - wanted)
            losses = -(smooth * logits.log_softmax(1)).sum(1)
        return losses.masked_fill(~known, 0.0).sum() / known.sum().clamp(min=1)


class Imitation(nn.Module):  # type: ignore[misc]
    """How far unit vectors are from a teacher's, through a learned map where the dimensions differ."""

    def __init__(self, recipe: TeacherRecipe, teacher_dimension: int, dimension: int) -> None:
        super().__init__()
        self.recipe = recipe
        mapped = recipe.loss != "similarities" and teacher_dimension != dimension
        self.map = nn.Linear(dimension, teacher_dimension, bias=False) if mapped else None

    def vectors_loss(self, vectors: Tensor, taught: Tensor) -> Tensor:
        """The mean over rows of 1 - cosine, or of the squared distance, to ``taught`` (n, e)."""
        mapped = vectors if self.map is None else self.map(vectors)
        known = taught.abs().sum(1) > 0
        if self.recipe.loss == "cosine":
            losses = 1.0 - functional.cosine_similarity(mapped, taught, dim=1)
        else:
            losses = (mapped - taught).square().sum(1)
        return losses.masked_fill(~known, 0.0).sum() / known.sum().clamp(min=1)

    def similarities_loss(self, rows: tuple[Tensor, Tensor], columns: tuple[Tensor, Tensor]) -> Tensor:
        """The divergence of each row's softmax over the other ``columns``; a side is (vectors, the teacher's).

        Like affinity mimicking in Wu et al., "TinyCLIP", ICCV 2023.
        """
        missing = (columns[1].abs().sum(1) == 0).expand(len(rows[0]), -1)
        if rows[0] is columns[0]:  # how like itself a row is says nothing, and would outweigh all else
            missing = missing | torch.eye(len(rows[0]), dtype=torch.bool)
        known = rows[1].abs().sum(1) > 0
        taught, own = (
            (functional.normalize(a, dim=1) @ functional.normalize(b, dim=1).T) / self.recipe.temperature
            for a, b in ((rows[1], columns[1]), (rows[0], columns[0]))
        )
        target = taught.masked_fill(missing, -1e4).log_softmax(1)
        actual = own.masked_fill(missing, -1e4).log_softmax(1)
        losses = (target.exp() * (target - actual)).sum(1)
        return losses.masked_fill(~known, 0.0).sum() / known.sum().clamp(min=1)

    def forward(
        self, pictures: Tensor, captions: Tensor, taught: tuple[Tensor | None, Tensor | None]
    ) -> Tensor:
        """The loss of a batch; ``taught``: the teacher's vectors of the pictures, and of the captions."""
        sides = [(own, one) for own, one in zip((pictures, captions), taught, strict=True) if one is not None]
        if self.recipe.loss != "similarities":
            return torch.stack([self.vectors_loss(*side) for side in sides]).sum()
        if len(sides) == 1:
            return self.similarities_loss(sides[0], sides[0])
        return 0.5 * (self.similarities_loss(*sides) + self.similarities_loss(*reversed(sides)))


class Tasks(nn.Module):  # type: ignore[misc]
    """All classifiers and teachers of a recipe, with what they learn from."""

    def __init__(self, recipe: Recipe, labelled: tuple[Labelled, ...], taught: tuple[Taught, ...]) -> None:
        super().__init__()
        self.recipe, self.labelled, self.taught = recipe, labelled, taught
        self.classifiers = nn.ModuleList(
            Classifier(one, len(data.labels), recipe.dimension)
            for one, data in zip(recipe.classifiers, labelled, strict=True)
        )
        self.imitations = nn.ModuleList(
            Imitation(one, data.dimension, recipe.dimension)
            for one, data in zip(recipe.teachers, taught, strict=True)
        )

    def forward(
        self,
        pictures: tuple[Tensor, Numbers],
        captions: tuple[Tensor, Numbers, Numbers],
        prompts: Callable[[Texts], Tensor],
    ) -> Tensor:
        """The weighted sum of all tasks' losses.

        ``pictures``: vectors and their rows; ``captions``: vectors, their rows, and the rows of their pictures;
        ``prompts`` gives a unit vector for each group of texts.
        """
        loss = pictures[0].new_zeros(())
        for classifier, data in zip(self.classifiers, self.labelled, strict=True):
            columns = prompts(data.prompts) if data.prompts is not None else None
            sides = {"picture": [pictures], "text": [(captions[0], captions[2])]}
            sides["both"] = sides["picture"] + sides["text"]
            for vectors, rows in sides[classifier.recipe.tower]:
                targets, known = torch.from_numpy(data.train[rows]), torch.from_numpy(data.known[rows])
                one = classifier.loss(classifier(vectors, columns), targets, known)
                loss = loss + classifier.recipe.weight * one
        for imitation, taught in zip(self.imitations, self.taught, strict=True):
            matrices = (taught.pictures, pictures[1]), (taught.captions, captions[1])
            wanted = tuple(None if m is None else torch.from_numpy(m[rows]) for m, rows in matrices)
            loss = loss + imitation.recipe.weight * imitation(pictures[0], captions[0], wanted)
        return loss

    def evaluate(
        self, number: int, pictures: Tensor, texts: Tensor, group: Numbers, prompts: Callable[[Texts], Tensor]
    ) -> dict[str, float]:
        """Percent of dev set ``number``'s labelled pictures (captions) whose best-scored label is one of theirs."""
        figures = {}
        for classifier, data in zip(self.classifiers, self.labelled, strict=True):
            text = classifier.recipe.tower == "text"
            vectors, targets = (texts, data.dev[number][group]) if text else (pictures, data.dev[number])
            labelled = np.flatnonzero(targets.any(1))
            if len(labelled):
                columns = prompts(data.prompts) if data.prompts is not None else None
                best = classifier(vectors[labelled], columns).argmax(1).numpy()
                right = targets[labelled, best]
                figures[f"{classifier.recipe.name}@1"] = 100 * float(right.mean())
        return figures

    def save(self, folder: Path) -> None:
        """Write what the linear classifiers learned into ``folder``, for use on the encoder's unit vectors."""
        from safetensors.torch import save_file

        learned: dict[str, Tensor] = {}
        names: dict[str, list[str]] = {}
        for classifier, data in zip(self.classifiers, self.labelled, strict=True):
            if classifier.linear is not None:
                name, scale = classifier.recipe.name, classifier.linear.in_features**0.5
                learned[f"{name}.weight"] = (classifier.linear.weight.detach() * scale).contiguous()
                learned[f"{name}.bias"] = classifier.linear.bias.detach().contiguous()
                names[name] = [label.name for label in data.labels]
        if learned:
            save_file(learned, folder / CLASSIFIERS_FILE)
            listed = json.dumps(names, ensure_ascii=False, indent=2)
            (folder / LABELS_FILE).write_text(listed + "\n", encoding="utf-8")
