"""Pictures to measure a tower with where there are none: sheets of overlapping, textured shapes.

Such "dead leaves" have the edges, occlusions and spectra of photographs (Lee, Mumford and Huang, "Occlusion Models for
Natural Images", IJCV 2001), and networks find in them much of what they find in photographs (Baradad et al., "Learning
to See by Looking at Noise", NeurIPS 2021). Real pictures are better: ``--calibration``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mmsearch.types import Images

LEAVES = 60
LARGEST, SMALLEST = 0.5, 0.02  # radii, in sides of the picture


def leaf_pictures(count: int, size: int, seed: int = 0) -> Images:
    """(count, size, size, 3) uint8; the same for the same ``seed``."""
    return np.stack([_leaves(np.random.default_rng([seed, number]), size) for number in range(count)])


def _leaves(chance: np.random.Generator, size: int) -> Images:
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    picture = np.broadcast_to(chance.uniform(40, 215, 3), (size, size, 3)).astype(np.float32)
    # radii r with a density of 1/r³, as things of the world have at any distance; painted from behind
    radii = 1 / np.sqrt(chance.uniform(1 / LARGEST**2, 1 / SMALLEST**2, LEAVES))
    for radius in radii:
        across, down, turn = chance.uniform(-0.1, 1.1), chance.uniform(-0.1, 1.1), chance.uniform(0, np.pi)
        u = (x - across) * np.cos(turn) + (y - down) * np.sin(turn)
        v = (y - down) * np.cos(turn) - (x - across) * np.sin(turn)
        power = chance.choice([1.0, 2.0, 8.0])  # rhombs, ellipses, boxes
        inside = np.abs(u / radius) ** power + np.abs(v / (radius * chance.uniform(0.4, 1))) ** power < 1
        color = np.clip(chance.normal(chance.uniform(60, 190), 45, 3), 0, 255)
        waves = np.sin(2 * np.pi * (u * chance.uniform(0, 40) + v * chance.uniform(0, 40)))
        texture = chance.uniform(0, 30) * waves + 60 * chance.normal() * u
        picture[inside] = (color + texture[..., None])[inside]
    grain = chance.normal(0, chance.uniform(0, 8), picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)
