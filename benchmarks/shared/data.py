"""What the benchmarks index: made-up pictures and sentences, the same for the same seed, and where real ones lie.

The pictures are no photographs, but as hard to decode as some: soft shapes with grain, which JPEG compresses to the
size that a camera's files have.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY = 88  # of the JPEGs
PHONE = (4000, 3000)  # 12 megapixels

# Sentences are made of these; few words are frequent and most are rare, as in what people write.
ADJECTIVES = (
    "small old young tall brown red blue green white black yellow striped wet dusty happy tired lonely broken"
)
NOUNS = (
    "dog man woman boy girl child cat horse crowd cyclist climber dancer fisherman farmer painter nurse soldier goat "
    "parrot heron turtle fox squirrel donkey violinist welder juggler lifeguard postman referee beekeeper astronaut"
)
VERBS = (
    "runs sits stands walks jumps waits plays sleeps looks rides sings paints climbs reads digs swims cooks sweeps "
    "dances rests shouts kneels balances whispers skates rows knits yawns stumbles salutes"
)
PLACES = (
    "street beach park field river road garden mountain kitchen station market bridge harbor forest stadium rooftop "
    "library playground desert church tunnel courtyard greenhouse lighthouse quarry vineyard aqueduct observatory"
)
THINGS = (
    "ball hat car bicycle umbrella guitar camera bench ladder basket bottle rope kite suitcase lantern trumpet anchor "
    "telescope barrel accordion wheelbarrow sundial typewriter harpoon chandelier"
)


def shared_data() -> Path | None:
    """The folder of the measured collections, if there is one."""
    folder = Path(os.environ.get("MMSEARCH_DATA") or Path(__file__).parents[3] / "shared" / "data")
    return folder if (folder / "flickr8k-test.zip").is_file() else None


def sentences(count: int, seed: int = 0) -> list[str]:
    """``count`` different sentences."""
    draw = random.Random(seed)

    def one(words: str) -> str:
        listed = words.split()
        return listed[min(int(draw.expovariate(1) * len(listed) / 4), len(listed) - 1)]

    return [
        f"A {one(ADJECTIVES)} {one(NOUNS)} {one(VERBS)} near the {one(PLACES)} with a {one(ADJECTIVES)} "
        f"{one(THINGS)}, number {number}."
        for number in range(count)
    ]


def write_texts(folder: Path, count: int, *, distinct: int | None = None, seed: int = 0) -> None:
    """``count`` small text files in folders of 1,000; only ``distinct`` of them differ in content."""
    texts = sentences(distinct or count, seed)
    for number in range(count):
        part = folder / f"{number // 1000:04}"
        if number % 1000 == 0:
            part.mkdir(parents=True, exist_ok=True)
        (part / f"{number:07}.txt").write_text(texts[number % len(texts)] + "\n")


def write_pictures(folder: Path, count: int, *, size: tuple[int, int] = (224, 224), seed: int = 0) -> None:
    """``count`` different JPEGs of ``size`` (width, height)."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(_pictures(count, size, seed)):
        picture.save(folder / f"{number:06}.jpg", quality=QUALITY)


def _pictures(count: int, size: tuple[int, int], seed: int) -> Iterator[Image]:
    """Soft colored shapes, enlarged from a few random points, under grain."""
    import numpy as np
    from PIL import Image as Pictures

    random_numbers = np.random.default_rng(seed)
    width, height = size
    tile = random_numbers.normal(0, 9, (min(height, 600) + 64, min(width, 800) + 64, 1)).astype(np.float32)
    for _ in range(count):
        points = random_numbers.integers(0, 256, (int(random_numbers.integers(3, 9)), 8, 3), dtype=np.uint8)
        soft = np.asarray(
            Pictures.fromarray(points).resize(size, Pictures.Resampling.BICUBIC), dtype=np.float32
        )
        top, left = random_numbers.integers(0, 64, 2)
        part = tile[top : top + min(height, 600), left : left + min(width, 800)]
        repeats = (-(-height // part.shape[0]), -(-width // part.shape[1]), 1)
        grain = np.tile(part, repeats)[:height, :width]
        yield Pictures.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))
