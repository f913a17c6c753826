"""Small heads on frozen towers: each tower's vectors move by what its features call for, and start unmoved.

With few pairs, what the towers know must not be lost: a head starts as no change, is held back by dropout, weight
decay and a price on the way that it moves vectors, and goes only a share of its way in the end (Wortsman et al.,
"Robust fine-tuning of zero-shot models", CVPR 2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mmsearch.train.adapt.taps import HeadWeights
from mmsearch.train.loop.recall import Recall, recall
from mmsearch.train.objectives.losses import info_nce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.train.adapt.tapped import Known

AVERAGE = 0.9  # decay of the average of the weights that is evaluated and kept
KEPT_BATCH = 256  # pictures, and texts, of the domain to be kept in a step
LARGEST_SCALE = 100.0  # of cosines: 1 / the lowest temperature


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """How heads are fitted. ``epochs`` are the lengths of training that are tried."""

    epochs: tuple[int, ...] = (10, 20, 40, 80)
    batch: int = 1024
    hidden: int = 256
    dropout: float = 0.3
    rate: float = 5e-4
    weight_decay: float = 0.1
    temperature: float = 0.05  # at the start; it is learned
    stay: float = 0.5  # price of the squared way that the vectors of the own pairs move
    keep: float = 20.0  # the same for pairs of the domain that is to be kept


class ResidualHead(nn.Module):  # type: ignore[misc]
    """Unit vectors (n, dimension) and features (n, width) -> unit vectors; no change at the start.

    ``features`` (k, width) are examples, whose mean and spread the head takes as given.
    """

    def __init__(self, features: Tensor, dimension: int, settings: HeadSettings) -> None:
        super().__init__()
        unit = normalize(features, dim=-1)
        self.register_buffer("mean", unit.mean(0))
        self.register_buffer("spread", (unit - unit.mean(0)).std() + 1e-6)
        width = features.shape[1]
        self.dropout = nn.Dropout(settings.dropout)
        self.linear = nn.Linear(width, dimension)
        self.hidden = nn.Linear(width, settings.hidden)
        self.output = nn.Linear(settings.hidden, dimension, bias=False)
        for start in (self.linear.weight, self.linear.bias, self.output.weight):
            nn.init.zeros_(start)

    def forward(self, vectors: Tensor, features: Tensor, share: float = 1.0) -> Tensor:
        inputs = self.dropout((normalize(features, dim=-1) - self.mean) / self.spread)
        change = self.linear(inputs) + self.output(functional.gelu(self.hidden(inputs)))
        return normalize(vectors + share * change, dim=-1)

    def weights(self, share: float) -> HeadWeights:
        """What the head does with ``share`` of its way, on unit features as they are."""

        def folded(layer: nn.Linear, factor: float) -> tuple[Tensor, Tensor]:
            weight = layer.weight.T / self.spread
            return factor * weight, factor * (layer.bias - self.mean @ weight)

        with torch.no_grad():
            linear, bias = folded(self.linear, share)
            hidden, hidden_bias = folded(self.hidden, 1.0)
            values = (linear, bias, hidden, hidden_bias, share * self.output.weight.T)
            return HeadWeights(*(np.ascontiguousarray(value.numpy()) for value in values))


class Heads(nn.Module):  # type: ignore[misc]
    """A head on each tower, and the scale of their cosines."""

    def __init__(self, known: Known, settings: HeadSettings) -> None:
        super().__init__()
        dimension = known.vectors.shape[2]
        self.picture = ResidualHead(known.features[0], dimension, settings)
        self.text = ResidualHead(known.text_features, dimension, settings)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(settings.temperature)))

    def recall(self, known: Known, share: float) -> Recall:
        """Recall of the pictures and captions of ``known`` when vectors go ``share`` of the heads' way."""
        self.eval()
        with torch.no_grad():
            pictures = self.picture(known.vectors[0], known.features[0], share)
            return recall(pictures, self.text(known.text_vectors, known.text_features, share), known.owner)


def fit(
    known: Known, cluster: Tensor, kept: tuple[Known, Tensor] | None, settings: HeadSettings, seed: int
) -> Iterator[tuple[int, Heads]]:
    """Heads fitted to ``known``, with the number of epochs behind them, at each of ``settings.epochs``.

    ``cluster`` (n,) joins pictures that share a caption: neither right nor wrong for each other's captions. ``kept``
    are pictures of another domain, with their clusters: they are told apart too, and their vectors held in place.
    The heads yielded are the same object, and change when the next are asked for.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    heads = Heads(known, settings)
    mean = AveragedModel(heads, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    decayed = [p for p in heads.parameters() if p is not heads.log_scale]
    groups = [{"params": decayed}, {"params": [heads.log_scale], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings.rate, weight_decay=settings.weight_decay)
    own, others = _Draw(known, random), None if kept is None else _Draw(kept[0], random)
    for epoch in range(1, max(settings.epochs) + 1):
        for batch in own.batches(settings.batch):
            loss = _loss(heads, known, cluster, *batch, settings.stay)
            if kept is not None and others is not None:
                some = next(others.batches(KEPT_BATCH))
                loss = loss + _loss(heads, *kept, *some, settings.keep)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            mean.update_parameters(heads)
        if epoch in settings.epochs:
            yield epoch, mean.module


def _loss(
    heads: Heads, known: Known, cluster: Tensor, rows: Tensor, captions: Tensor, views: Tensor, price: float
) -> Tensor:
    """InfoNCE both ways between pictures ``rows`` in ``views`` and a caption of each, and the price of moving them."""
    heads.train()
    old, old_texts = known.vectors[views, rows], known.text_vectors[captions]
    pictures = heads.picture(old, known.features[views, rows])
    texts = heads.text(old_texts, known.text_features[captions])
    positive = torch.eye(len(rows), dtype=torch.bool)
    ignored = (cluster[rows][:, None] == cluster[rows][None, :]) & ~positive
    scale = heads.log_scale.exp().clamp(max=LARGEST_SCALE)
    contrast = info_nce(pictures, texts, scale, positive, ignored) + info_nce(
        texts, pictures, scale, positive, ignored
    )
    moved = (pictures - old).square().sum(1).mean() + (texts - old_texts).square().sum(1).mean()
    return contrast + price * moved


class _Draw:
    """Random pictures, each with one of its captions and in one of its views."""

    def __init__(self, known: Known, random: np.random.Generator) -> None:
        self._random = random
        self._views = known.vectors.shape[0]
        self._sizes = torch.bincount(known.owner, minlength=len(known)).numpy()
        self._first = np.cumsum([0, *self._sizes])[:-1]  # captions lie by picture

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """All pictures once, in parts of at most ``size``: pictures, captions, views."""
        order = self._random.permutation(len(self._sizes))
        for rows in np.array_split(order, math.ceil(len(order) / size)):
            captions = self._first[rows] + self._random.integers(0, self._sizes[rows])
            views = self._random.integers(0, self._views, len(rows))
            yield torch.from_numpy(rows), torch.from_numpy(captions), torch.from_numpy(views)
