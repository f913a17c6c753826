"""Size, speed and quality of an encoder whose towers are compiled in several ways: ``python -m benchmarks.towers RUN``.

RUN is the folder of a finished training run; ``MMSEARCH_RUN`` names it when all benchmarks run.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, machine, print_figures, seen

if TYPE_CHECKING:
    from mmsearch.datasets.pairs import Pair
    from mmsearch.encoders.compiled import CompiledEncoder
    from mmsearch.train.compile.export import Compiled
    from mmsearch.types import Images

    Shown = tuple[list[Images], list[tuple[str, ...]]]  # pictures, and the captions of each

COLLECTION = "flickr8k-dev.zip"
WAYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("fp32", ()),
    ("fp16", ()),
    ("int8", ()),
    ("int8", ("heads:128",)),
    ("int8", ("heads:64",)),
    ("int8", ("vocabulary:16000",)),
    ("int8", ("vocabulary:8000",)),
)
BATCH = 4  # pictures of a call


def measure(scale: float = 1.0, run: Path | None = None) -> list[Figure]:
    """A row for each way to compile ``run``, no way refused."""
    data = shared_data()
    folder = run or (Path(os.environ["MMSEARCH_RUN"]) if "MMSEARCH_RUN" in os.environ else None)
    if data is None or folder is None:
        return [seen("compiled towers", "not measured: it needs a run (MMSEARCH_RUN) and ../shared/data")]
    from mmsearch.datasets.pairs import read_pairs
    from mmsearch.encoders.compiled import CompiledEncoder
    from mmsearch.train.compile.export import compile_encoder

    pairs = read_pairs(data / COLLECTION)[: max(10, int(1000 * scale))]
    figures = []
    shown: Shown | None = None
    for precision, parts in WAYS:
        with tempfile.TemporaryDirectory() as work:
            started = time.perf_counter()
            made = compile_encoder(folder, Path(work) / "made", precision, limit=-1.0, prune=parts)
            seconds = time.perf_counter() - started
            encoder = CompiledEncoder(made.directory)
            shown = shown or _decoded(encoder, pairs)  # all ways see pictures of the same size
            row = f"{_row(made, encoder, *shown)}; compiled in {seconds:.0f} s"
        figures.append(seen(", ".join((precision, *parts)), row))
    return figures


def _decoded(encoder: CompiledEncoder, pairs: list[Pair]) -> Shown:
    from mmsearch.train.adapt.tapped import decode

    pictures: list[Images] = []
    captions: list[tuple[str, ...]] = []
    for rows, pixels in decode(encoder, pairs):
        pictures += pixels
        captions += [pairs[row].captions for row in rows]
    return pictures, captions


def _row(
    made: Compiled, encoder: CompiledEncoder, pictures: list[Images], captions: list[tuple[str, ...]]
) -> str:
    import numpy as np
    import torch

    from mmsearch.train.loop.recall import recall

    encoder.encode_images(np.stack(pictures[:BATCH]))  # loading does not count
    encoder.encode_texts(captions[0])
    start = time.process_time()  # one core encodes; what else the machine does must not count
    batches = range(0, len(pictures), BATCH)
    images = np.concatenate([encoder.encode_images(np.stack(pictures[i : i + BATCH])) for i in batches])
    between = time.process_time()
    texts = encoder.encode_texts([text for group in captions for text in group])
    end = time.process_time()
    sizes = torch.tensor([len(group) for group in captions])
    owner = torch.repeat_interleave(torch.arange(len(captions)), sizes)
    found = recall(torch.from_numpy(images), torch.from_numpy(texts), owner)
    sizes = " + ".join(f"{made.bytes[tower] / 1e6:.1f}" for tower in ("image", "text"))
    return (
        f"{sizes} MB; {len(images) / (between - start):.0f} pictures/s, {len(texts) / (end - between):.0f} texts/s "
        f"on one core; cosine {made.cosines['image']:.4f}, {made.cosines['text']:.4f}; R@10 {found['t2i@10']:.1f}, "
        f"Success@10 {found['i2t@10']:.1f}"
    )


def main(words: Sequence[str] | None = None) -> None:
    """Measure the run that ``words``, or the command line, name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="0.1 = a tenth of the pictures")
    arguments = parser.parse_args(words)
    print(machine())
    print_figures(measure(arguments.scale, arguments.run))
    print(machine())


if __name__ == "__main__":
    main()
