"""What a modality gap costs: pictures' vectors moved by a constant before they are normalised, as in CLIP models."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, seen
from benchmarks.shared.mixtures import (
    PlainRankings,
    RememberingEncoder,
    ask,
    build,
    evaluated,
    fused,
    halves,
    mixture,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.shared.mixtures import Mixture, Result

COLLECTION = "flickr8k-test"
PICTURES = 500
CAPTIONS = 2
# Lengths of the offset; the vectors have length 1.
SIZES = (0.5, 1.0, 2.0)
MOST_LOST = 1.0


def measure(scale: float = 1.0) -> list[Figure]:
    """nDCG@10 of the default fusion, and of raw cosine, with and without the gap."""
    from mmsearch.datasets.collections import Captioned, open_collection
    from mmsearch.encoders.registry import load_encoder

    data = shared_data()
    if data is None:
        return [seen("gap", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    name = os.environ.get("MMSEARCH_COLLECTION", COLLECTION)
    plain = RememberingEncoder(load_encoder())
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as work, open_collection(data / f"{name}.zip") as collection:
        assert isinstance(collection, Captioned)
        pictures = collection.pictures[: max(20, int(PICTURES * scale))]
        for number, mix in enumerate((mixture(pictures, CAPTIONS), halves(pictures))):
            folder = Path(work) / str(number)
            default, raw = _results(mix, folder / "none", plain)
            what = f"{name}, {mix.name}"
            figures.append(
                seen(f"{what}, no gap: default; raw cosine", f"{default.mean:.1f}; {raw.mean:.1f}")
            )
            for size in SIZES:
                moved = RememberingEncoder(load_encoder(), _offset(plain.dimension, size), known=plain)
                result, cosine = _results(mix, folder / str(size), moved)
                lost = default.mean - result.mean
                reached = f"{result.mean:.1f} (loses {lost:.1f}); {cosine.mean:.1f}"
                figures.append(
                    Figure(f"{what}, gap {size}", f"loses ≤ {MOST_LOST:g}", reached, lost <= MOST_LOST)
                )
    return figures


def _results(mix: Mixture, folder: Path, encoder: RememberingEncoder) -> tuple[Result, Result]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with build(mix.sources, folder, encoder) as library:
        ways = (fused(library), PlainRankings(library).raw)
        default, raw = (evaluated(mix.qrels, ask(mix.queries, way)) for way in ways)
    return default, raw


def _offset(dimension: int, size: float) -> NDArray[np.float32]:
    """A vector of length ``size`` in a direction of no meaning."""
    import numpy as np

    direction = np.random.default_rng(0).standard_normal(dimension)
    return np.asarray(size * direction / np.linalg.norm(direction), dtype=np.float32)
