"""Vectors of training rows, through features that are computed once where a tower does not train."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmsearch.train.data.dataset import in_batches
from mmsearch.train.data.views import augment, resize

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mmsearch.train.data.dataset import CaptionedPictures, Numbers, Texts
    from mmsearch.train.recipe import Phase, Recipe
    from mmsearch.train.towers.build import Towers
    from mmsearch.types import Images

TEXT_PART = 64  # texts of like length that go through the tower together


class Features:
    """Unit vectors of pictures and texts by row, as one phase sees them.

    A frozen tower's features are computed at the start, in two views of each picture (as it is, mirrored), and
    of all ``texts``, and kept in ``cache``; ``lazy`` leaves that out.
    """

    def __init__(
        self,
        recipe: Recipe,
        phase: Phase,
        data: CaptionedPictures,
        texts: Iterable[Texts],
        towers: Towers,
        cache: Path,
        *,
        lazy: bool = False,
    ) -> None:
        self._recipe, self._phase, self._data = recipe, phase, data
        self._towers, self._cache = towers, cache
        self._known: dict[tuple[int, str], Tensor] = {}  # features of frozen towers, by what they are of
        frozen = not lazy and phase.picture_layers == 0
        self._pictures = [self.all_pictures(data.pixels, m) for m in (False, True)] if frozen else None
        frozen = not lazy and phase.text_layers == 0
        self._frozen_texts = [(one, self.all_texts(one)) for one in (data.texts, *texts)] if frozen else []

    def pictures(self, rows: Numbers, seed: int, first: int = 0) -> Tensor:
        """Unit vectors (n, dimension) of training pictures, each in a random view.

        Row i of a batch has the view of ``seed`` and i, and that of ``rows[0]`` is ``first``.
        """
        if self._pictures is not None:
            chance = np.random.default_rng(seed).random(first + len(rows))[first:]
            mirrored = torch.from_numpy(chance < 0.5)[:, None]
            features = torch.where(mirrored, self._pictures[1][rows], self._pictures[0][rows])
        else:
            size = self._phase.size or self._recipe.picture.size
            chances = [np.random.default_rng((seed, first + i)) for i in range(len(rows))]
            pixels = self._data.pixels[rows]
            view = augment(pixels, size, self._phase.crop, self._phase.color, chances)
            with self._autocast():
                features = self._towers.picture.features(view).float()
        return normalize(self._towers.picture.head(features), dim=-1)

    def captions(self, rows: Numbers) -> Tensor:
        """Unit vectors (n, dimension) of training captions."""
        return self.texts(self._data.texts, rows)

    def texts(self, texts: Texts, rows: Numbers) -> Tensor:
        """Unit vectors (n, dimension) of any texts."""
        known = next((features for one, features in self._frozen_texts if one is texts), None)
        if known is not None:
            return normalize(self._towers.text.head(known[rows]), dim=-1)
        order = np.argsort(np.diff(texts.starts)[rows], kind="stable")  # so that little is padding
        parts = []
        with self._autocast():
            for start in range(0, len(rows), TEXT_PART):
                chosen = rows[order[start : start + TEXT_PART]]
                parts.append(self._towers.text.features(*texts.batch(chosen)).float())
        live = torch.cat(parts)[torch.from_numpy(np.argsort(order))]
        return normalize(self._towers.text.head(live), dim=-1)

    def groups(self, texts: Texts) -> Tensor:
        """A unit vector (groups, dimension) for each group of texts: the direction of their mean."""
        vectors = self.texts(texts, np.arange(len(texts)))
        group = torch.from_numpy(texts.group)
        sums = vectors.new_zeros(len(texts.first) - 1, vectors.shape[1])
        return normalize(sums.index_add(0, group, vectors), dim=-1)

    def strangers(self, rows: Numbers, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Further pictures to tell captions from, and their rows: from ``memory`` if the tower trains."""
        if self._pictures is not None:
            return self.pictures(rows, len(rows)), torch.from_numpy(rows)
        known = rows[(memory[rows].abs().sum(1) > 0).numpy()]
        return memory[known].clone(), torch.from_numpy(known)

    def others(self, rows: Numbers, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Further captions to tell pictures from, and the pictures that they belong to."""
        if not self._frozen_texts:
            rows = rows[(memory[rows].abs().sum(1) > 0).numpy()]
        owners = torch.from_numpy(self._data.texts.group[rows])
        return (self.captions(rows) if self._frozen_texts else memory[rows].clone()), owners

    def vectors(self, data: CaptionedPictures) -> tuple[Tensor, Tensor]:
        """Unit vectors of the pictures and of the captions of ``data``, by the towers as they are."""
        towers = self._towers
        pictures = self._once(0, data, self._phase.picture_layers)
        texts = self._once(1, data, self._phase.text_layers)
        with torch.no_grad():
            towers.eval()
            heads = towers.picture.head(pictures), towers.text.head(texts)
        return normalize(heads[0], dim=-1), normalize(heads[1], dim=-1)

    def all_pictures(self, pixels: Images, mirrored: bool) -> Tensor:
        """Pooled features (n, width) of pictures at the tower's size."""
        size = self._recipe.picture.size

        def compute(part: slice) -> Tensor:
            view = resize(pixels[part], size)
            with self._autocast():
                return self._towers.picture.features(view.flip(2) if mirrored else view).float()

        return self._kept(
            self._towers.picture, compute, len(pixels), 32, pixels[:: max(1, len(pixels) // 64)], mirrored
        )

    def all_texts(self, texts: Texts) -> Tensor:
        """Features (n, width) of texts."""
        order = np.argsort(np.diff(texts.starts), kind="stable")  # so that little is padding

        def compute(part: slice) -> Tensor:
            with self._autocast():
                return self._towers.text.features(*texts.batch(order[part])).float()

        features = self._kept(self._towers.text, compute, len(texts), 128, texts.tokens)
        return features[torch.from_numpy(np.argsort(order))]

    def _once(self, tower: int, data: CaptionedPictures, layers: int) -> Tensor:
        if layers == 0 and (tower, data.name) in self._known:
            return self._known[tower, data.name]
        self._towers.eval()
        features = self.all_texts(data.texts) if tower else self.all_pictures(data.pixels, False)
        self._known[tower, data.name] = features
        return features

    def _kept(self, tower: nn.Module, compute: Any, count: int, size: int, *identity: Any) -> Tensor:
        """``compute`` over all rows, read from the cache if the same weights saw the same data before."""
        tower.eval()
        digest = hashlib.sha256(f"{self._recipe.precision} {self._recipe.picture.size}".encode())
        for name, value in tower.state_dict().items():
            if not name.startswith("head."):
                digest.update(value.contiguous().numpy().tobytes())
        for part in (count, *identity):
            digest.update(np.ascontiguousarray(part).tobytes())
        path = self._cache / f"features-{digest.hexdigest()[:16]}.npy"
        if path.exists():
            return torch.from_numpy(np.load(path, allow_pickle=False)).float()
        features = in_batches(count, size, compute)
        if self._frozen(tower):
            self._cache.mkdir(parents=True, exist_ok=True)
            np.save(path, features.half().numpy())
            features = features.half().float()  # as the next run will read it
        return features

    def _frozen(self, tower: nn.Module) -> bool:
        layers = self._phase.picture_layers if tower is self._towers.picture else self._phase.text_layers
        return layers == 0

    def _autocast(self) -> Any:
        wanted = self._recipe.precision == "bf16"
        return torch.autocast("cpu", torch.bfloat16) if wanted else nullcontext()
