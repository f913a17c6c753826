"""The last stages of both picture networks learn, from maps that are kept, what captions and larger networks say.

`fit_teacher` trains a head over the features of the start and of two larger networks; its vectors of pictures that it
was not trained on (four folds) are what `PictureTraining` draws the vectors of the two small networks to, beside the
contrast with captions. The captions' vectors are those of the encoder that training starts from, and stay.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from material import TRAIN, related
from torch import Tensor, nn
from tower import Average, keep, parameter_groups, resume, set_rates, unit

from mmsearch.train.objectives.losses import info_nce
from mmsearch.train.recipe import HeadRecipe
from mmsearch.train.towers.heads import Head
from mmsearch.train.towers.picture import fold_normalization

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.train.towers.build import Towers

FIRST = 5  # of the blocks that train, in both networks
SHAPES = ((112, 14, 14), (96, 10, 10))  # of the maps before them
STEPS, BATCH, NEGATIVES = 1120, 96, 4096
RATE, HEAD_RATE = 2e-4, 4e-4
SCALE = 30.0
TEACHING = 8.0  # weight of the way to the teacher's vector
FOLDS = 4
CHINESE, FURTHER = 0.2, 0.15  # how often a picture's text is Chinese; what else is said of it


@dataclass(frozen=True, slots=True, eq=False)
class Captions:
    """Texts of the training pictures: rows, the picture of each (in order), its kind (0 own, 1 further, 2 Chinese)."""

    vectors: Tensor
    owner: Tensor
    kind: Tensor
    cluster: Tensor  # of the pictures
    in_chinese: float = CHINESE  # how often a picture's text is Chinese

    def draw(self, pictures: Any, chance: np.random.Generator) -> Any:
        """The number of a text for each of ``pictures`` (n,)."""
        ends = np.searchsorted(self.owner.numpy(), np.stack([pictures, pictures + 1]))
        chosen = []
        for start, end in ends.T:
            kinds, draw = self.kind[start:end].numpy(), chance.random()
            kind = 2 if draw < self.in_chinese else 1 if draw < self.in_chinese + FURTHER else 0
            places = np.flatnonzero(kinds == (kind if (kinds == kind).any() else 0))
            chosen.append(start + chance.choice(places))
        return np.array(chosen)


def read_features(folder: Path) -> list[Tensor]:
    """Pooled features (n, 2560) float16 of the training pictures, a tensor for each view."""
    views = sorted({int(path.name.split(".")[1]) for path in folder.glob(f"{TRAIN[0]}.*.features.npy")})
    return [
        torch.from_numpy(np.concatenate([np.load(folder / f"{name}.{view}.features.npy") for name in TRAIN]))
        for view in views
    ]


def contrast(
    pictures: Tensor, numbers: Any, captions: Captions, chance: np.random.Generator, negatives: int
) -> Tensor:
    """InfoNCE both ways of pictures (n, d) with a text of each, and with ``negatives`` further texts."""
    drawn, own = captions.draw(numbers, chance), torch.from_numpy(numbers)
    strangers = torch.from_numpy(chance.choice(len(captions.vectors), negatives, replace=False))
    owners = torch.cat([own, captions.owner[strangers]])
    texts, scale = captions.vectors[drawn], torch.tensor(SCALE)
    same, ignored = related(captions.cluster, own, owners)
    right = same.clone()
    right[:, len(own) :] = False  # other texts of a picture are neither right nor wrong
    keys = torch.cat([texts, captions.vectors[strangers]])
    loss = info_nce(pictures, keys, scale, right, ignored | (same & ~right))
    return loss + info_nce(texts, pictures, scale, *related(captions.cluster, own, own))


def fit_teacher(features: Tensor, captions: Captions, seed: int, rows: Any, epochs: int = 18) -> Head:
    """A head over ``features`` (2 views, n, width) of the pictures ``rows``."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    head = Head(features.shape[2], captions.vectors.shape[1], HeadRecipe(hidden=512, dropout=0.4))
    optimizer = torch.optim.AdamW(parameter_groups(list(head.parameters()), 1.5e-3), betas=(0.9, 0.98))
    batch = min(1024, len(rows))
    steps, average = epochs * (len(rows) // batch), Average(dict(head.named_parameters()), 0.99)
    for step in range(steps):
        set_rates(optimizer, step, steps)
        numbers = chance.choice(rows, batch, replace=False)
        pictures = unit(head(features[torch.from_numpy(chance.integers(0, 2, batch)), numbers]))
        contrast(pictures, numbers, captions, chance, batch).backward()
        optimizer.step()
        optimizer.zero_grad()
        average.update(step)
    average.swap()
    return head.eval()


def teach(folder: Path, captions: Captions, teachers: list[str], name: str = "taught.npy") -> Tensor:
    """Unit rows (n, d) of the training pictures by heads that did not see them; kept as ``name``."""
    path = folder / name
    if path.exists():
        return torch.from_numpy(np.load(path))
    small = torch.stack(read_features(folder)[:2]).float()
    large = [
        np.concatenate([np.load(folder / f"{name}.{teacher}.npy") for name in TRAIN]) for teacher in teachers
    ]
    features = torch.cat([small, *(torch.from_numpy(one).permute(1, 0, 2).float() for one in large)], 2)
    order = np.random.default_rng(5).permutation(features.shape[1])
    taught = torch.zeros(len(order), captions.vectors.shape[1])
    for fold in range(FOLDS):
        held_out = order[fold::FOLDS]
        head = fit_teacher(features, captions, fold, np.setdiff1d(order, held_out))
        with torch.no_grad():
            taught[held_out] = unit(sum(unit(head(view[held_out])) for view in features))
        print(f"teacher, fold {fold}", flush=True)
    np.save(path, taught.numpy())
    return taught


class LastStages(nn.Module):  # type: ignore[misc]
    """The last stages of a network: maps (n, channels, h, w) -> mean features (n, width)."""

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        fold_normalization(backbone)
        self.blocks = nn.Sequential(*backbone.blocks[FIRST:])
        self.conv_head, self.bn2 = backbone.conv_head, backbone.bn2
        self.to(memory_format=torch.channels_last)

    def forward(self, maps: Tensor) -> Tensor:
        return self.bn2(self.conv_head(self.blocks(maps))).mean((2, 3))


class UpperNetworks(nn.Module):  # type: ignore[misc]
    """Kept maps of both networks side by side (n, numbers) uint8 -> features (n, width)."""

    def __init__(self, towers: Towers, folder: Path) -> None:
        super().__init__()
        picture = towers.picture
        self.stages = nn.ModuleList(LastStages(net) for net in (picture.backbone, picture.beside[0].backbone))
        self.scales = json.loads((folder / "maps.json").read_text(encoding="utf-8"))

    def forward(self, maps: Tensor) -> Tensor:
        sizes = [channels * height * width for channels, height, width in SHAPES]
        parts = zip(maps.float().split(sizes, 1), SHAPES, self.scales, self.stages, strict=True)
        opened = [
            stage(((part - zero) * scale).view(-1, *shape).contiguous(memory_format=torch.channels_last))
            for part, shape, (scale, zero), stage in parts
        ]
        return torch.cat(opened, 1)


class PictureTraining:
    """``fit`` trains the last stages and a head in place, and resumes from its checkpoint."""

    def __init__(
        self, networks: UpperNetworks, head: Head, captions: Captions, taught: Tensor, folder: Path
    ) -> None:
        self.networks, self.head, self.captions, self.taught = networks, head, captions, taught
        self.features = read_features(folder)
        self.maps = [
            [np.load(folder / f"{name}.{view}.maps.npy", mmap_mode="r") for name in TRAIN]
            for view in range(len(self.features))
        ]
        self.starts = np.cumsum([0, *(len(part) for part in self.maps[0])])
        self.named = {f"networks.{name}": p for name, p in networks.named_parameters()}
        self.named |= {f"head.{name}": p for name, p in head.named_parameters()}

    def fit_head(self, epochs: int = 22) -> None:
        """The head alone, over features as they are."""
        count, chance = len(self.taught), np.random.default_rng(0)
        batch = min(1024, count)
        optimizer = torch.optim.AdamW(
            parameter_groups(list(self.head.parameters()), 1.5e-3), betas=(0.9, 0.98)
        )
        steps, average = epochs * (count // batch), Average(dict(self.head.named_parameters()), 0.99)
        self.head.train()
        for step in range(steps):
            set_rates(optimizer, step, steps)
            numbers = chance.choice(count, batch, replace=False)
            features = self.features[chance.integers(len(self.features))][numbers].float()
            self._loss(features, numbers, chance).backward()
            optimizer.step()
            optimizer.zero_grad()
            average.update(step)
        average.swap()

    def fit(self, checkpoint: Path, steps: int = STEPS) -> None:
        """All of it for ``steps``; the averaged weights stay."""
        networks = list(self.networks.parameters())
        groups = parameter_groups(networks, RATE, 0.05) + parameter_groups(
            list(self.head.parameters()), HEAD_RATE, 0.05
        )
        optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
        if not checkpoint.exists():
            self.fit_head()
        average = Average(self.named, 0.995)
        step, saved = resume(checkpoint, average, optimizer)["step"], time.monotonic()
        self.networks.eval()
        self.head.train()
        while step < steps:
            set_rates(optimizer, step, steps, 60 / steps)
            torch.manual_seed(step)
            chance, numbers = np.random.default_rng((4, step)), self._batch(step)
            loss = self._loss(self.networks(self._maps(numbers, chance)), numbers, chance)
            loss.backward()
            nn.utils.clip_grad_norm_(list(self.named.values()), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            average.update(step)
            if step % 50 == 0:
                print(f"pictures, step {step}: loss {float(loss.detach()):.3f}", flush=True)
            if time.monotonic() - saved > 300 or step == steps:
                keep(checkpoint, step, average, optimizer)
                saved = time.monotonic()
        average.swap()
        self.head.eval()

    def look(self) -> list[Tensor]:
        """Features (n, width) float16 of the training pictures in every view by the networks as they are now."""
        views = []
        with torch.no_grad():
            for view in self.maps:
                parts = [
                    self.networks(torch.from_numpy(np.array(part[start : start + 128]))).half()
                    for part in view
                    for start in range(0, len(part), 128)
                ]
                views.append(torch.cat(parts))
        return views

    def _batch(self, step: int) -> Any:
        """The pictures of a step: an order of all of them an epoch."""
        count = len(self.taught)
        epoch, place = divmod(step * BATCH, count)
        return np.sort(np.random.default_rng((5, epoch)).permutation(count)[place : place + BATCH])

    def _maps(self, numbers: Any, chance: np.random.Generator) -> Tensor:
        """Kept maps of the pictures, each in a view by chance."""
        rows = []
        for number in numbers:
            part = int(np.searchsorted(self.starts, number, side="right")) - 1
            rows.append(self.maps[chance.integers(len(self.maps))][part][number - self.starts[part]])
        return torch.from_numpy(np.stack(rows))

    def _loss(self, features: Tensor, numbers: Any, chance: np.random.Generator) -> Tensor:
        pictures = unit(self.head(features))
        away = (1 - (pictures * self.taught[torch.from_numpy(numbers)]).sum(1)).mean()
        most = min(NEGATIVES, len(self.captions.vectors))
        return contrast(pictures, numbers, self.captions, chance, most) + TEACHING * away
