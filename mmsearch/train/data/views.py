"""Random views of pictures: crops, flips, changed colors; each picture by its own chance, whatever is beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.types import Images


def augment(
    pixels: Images, size: int, crop: float, color: float, chances: Sequence[np.random.Generator]
) -> Tensor:
    """Random crops of at least ``crop`` of the area, flips and color changes: (n, size, size, 3), 0 to 255."""
    views = []
    for picture, random in zip(pixels, chances, strict=True):
        view = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]  # (1, 3, h, w)
        if crop < 1:
            view = _random_crop(view, crop, random)
        view = _resize(view, size)
        views.append(view.flip(3) if random.random() < 0.5 else view)
    batch = torch.cat(views).permute(0, 2, 3, 1)
    if color <= 0:
        return batch
    factors = np.stack([random.uniform(1 - color, 1 + color, 3) for random in chances], axis=1)  # (3, n)
    return _change_color(batch.float(), torch.from_numpy(factors).float()[:, :, None, None, None])


def resize(pixels: Images, size: int) -> Tensor:
    """Pictures (n, h, w, 3) uint8 at ``size``, unchanged where they have it."""
    return _resize(torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2), size).permute(0, 2, 3, 1)


def _resize(views: Tensor, size: int) -> Tensor:
    if views.shape[2:] == (size, size):
        return views
    return functional.interpolate(views, (size, size), mode="bilinear", antialias=True)


def _random_crop(view: Tensor, smallest: float, random: np.random.Generator) -> Tensor:
    height, width = view.shape[2:]
    area, aspect = random.uniform(smallest, 1.0), np.exp(random.uniform(-0.25, 0.25))
    h = min(height, max(1, round(height * float(np.sqrt(area * aspect)))))
    w = min(width, max(1, round(width * float(np.sqrt(area / aspect)))))
    top, left = random.integers(0, height - h + 1), random.integers(0, width - w + 1)
    return view[:, :, top : top + h, left : left + w]


def _change_color(batch: Tensor, factors: Tensor) -> Tensor:
    """Brightness, contrast and saturation of ``batch`` (n, h, w, 3) times ``factors`` (3, n, 1, 1, 1)."""
    bright = batch * factors[0]
    mean = bright.mean((1, 2, 3), keepdim=True)
    contrasted = mean + (bright - mean) * factors[1]
    gray = contrasted.mean(3, keepdim=True)
    return (gray + (contrasted - gray) * factors[2]).clamp(0, 255)
