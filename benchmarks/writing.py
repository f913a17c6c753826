"""Writing in pictures: characters right, phrases found on drawn pages, signs, receipts; pages and photos a minute."""

from __future__ import annotations

import difflib
import io
import os
import random
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.shared.figures import Figure, at_least, seen

if TYPE_CHECKING:
    from mmsearch.types import Pixels

PICTURES, DENSE, PHOTOS = 300, 8, 40
_LATIN = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf",
)
_CHINESE = "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"
_COMMON = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形"
)

# Rows, characters of a row, pixels of a letter.
_SHAPES = {
    "page": (14, 50, 26),
    "sign": (2, 16, 52),
    "receipt": (10, 26, 24),
    "chinese": (8, 16, 32),
    "dense": (24, 60, 28),
}


def measure(scale: float = 1.0) -> list[Figure]:
    """Skewed by up to 5°, with noise and JPEG at quality 60; times are of the processor, one thread."""
    from mmsearch.media.writing import WritingReader, paragraphs

    if not os.path.exists(_LATIN[0]):
        return [seen("writing", "not measured: no DejaVu fonts (Debian: fonts-dejavu)")]
    drawn = random.Random(5)
    reader = WritingReader()
    words = _words()
    kinds = ["page", "sign", "receipt"] + (["chinese"] if os.path.exists(_CHINESE) else [])
    right = total = 0
    pictures: dict[str, list[str]] = {}
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "pictures"
        folder.mkdir()
        for n in range(max(20, int(PICTURES * scale))):
            lines, picture = _drawn(kinds[n % len(kinds)], words, drawn)
            name = f"{n:03}.jpg"
            (folder / name).write_bytes(picture)
            pictures[name] = lines
            found = reader.lines(_pixels(picture))
            got = re.sub(r"\s", "", "".join(one.text for part in paragraphs(found) for one in part.lines))
            wanted = re.sub(r"\s", "", "".join(lines))
            blocks = difflib.SequenceMatcher(None, got, wanted, autojunk=False).get_matching_blocks()
            right += sum(block.size for block in blocks)
            total += len(wanted)
        figures.append(at_least("characters right", 98, 100 * right / total, "%", 1))
        figures.append(_phrases(folder, pictures, drawn))
    dense = [_drawn("dense", words, drawn)[1] for _ in range(max(2, int(DENSE * scale)))]
    figures.append(
        at_least("dense pages, 24 lines of 60 characters", 15, _rate(reader, dense), "a minute", 0)
    )
    photos = _photos()
    figures.append(
        at_least("photos without writing, decoding included", 400, _rate(reader, photos), "a minute", 0)
        if photos
        else seen("photos without writing", "not measured: no photographs (extra demo)")
    )
    return figures


def _phrases(folder: Path, pictures: dict[str, list[str]], drawn: random.Random) -> Figure:
    """The right picture first for a phrase of it, through the product's own path."""
    import mmsearch
    from mmsearch.ingest.enrich.ocr import Ocr
    from mmsearch.library.enriching import enrich

    index = folder.parent / "index"
    mmsearch.index(folder, index).close()
    enrich(Ocr(), index)
    first = 0
    with mmsearch.open(index) as library:
        for name, lines in pictures.items():
            line = drawn.choice(lines)
            phrase = " ".join(line.split()[:4]) if " " in line else line[:8]
            results = library.search(phrase, k=1)
            first += bool(results) and results[0].path == name
    return at_least("right picture first for a phrase of it", 97, 100 * first / len(pictures), "%", 1)


def _rate(reader: object, pictures: list[bytes]) -> float:
    _ = reader.lines(_pixels(pictures[0]))  # type: ignore[attr-defined]
    spent = time.process_time()
    for picture in pictures:
        reader.lines(_pixels(picture))  # type: ignore[attr-defined]
    return 60 * len(pictures) / (time.process_time() - spent)


def _pixels(picture: bytes) -> Pixels:
    from mmsearch.media.picture import thumbnail_pixels
    from mmsearch.media.writing import LONGEST_SIDE

    return thumbnail_pixels(picture, LONGEST_SIDE)


def _drawn(kind: str, words: list[str], drawn: random.Random) -> tuple[list[str], bytes]:
    from PIL import Image, ImageDraw, ImageFont

    rows, longest, size = _SHAPES[kind]
    lines = []
    for _ in range(rows):
        if kind == "chinese":
            lines.append("".join(drawn.choices(_COMMON, k=longest)))
            continue
        line = ""
        while len(line) < longest - 6:
            line += drawn.choice(words) + " "
        lines.append(
            line[:longest].strip()
            + (f" {drawn.randrange(1, 99)}.{drawn.randrange(10, 99)}" * (kind == "receipt"))
        )
    font = ImageFont.truetype(_CHINESE if kind == "chinese" else drawn.choice(_LATIN), size)
    width = int(max(font.getlength(line) for line in lines)) + 120
    paper = Image.new("RGB", (width, int(rows * size * 1.6) + 120), (255, 255, 250))
    for n, line in enumerate(lines):
        ImageDraw.Draw(paper).text((60, 60 + int(n * size * 1.6)), line, fill=(20, 20, 30), font=font)
    if kind != "dense":
        paper = paper.rotate(
            drawn.uniform(-5, 5), expand=True, fillcolor=(255, 255, 250), resample=Image.Resampling.BICUBIC
        )
    noise = np.random.default_rng(drawn.randrange(1 << 30)).normal(0, 10, (paper.height, paper.width, 1))
    file = io.BytesIO()
    noisy = (np.asarray(paper).astype(np.float32) + noise).clip(0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(file, "JPEG", quality=60)
    return lines, file.getvalue()


def _photos() -> list[bytes]:
    try:
        import skimage
    except ImportError:
        return []
    from mmsearch.media.picture import thumbnail

    folder = Path(skimage.__file__).parent / "data"
    names = ("coffee.png", "chelsea.png", "rocket.jpg", "astronaut.png")
    files = [folder / name for name in names if (folder / name).exists()]
    return [thumbnail(file, 640) for file in files] * (PHOTOS // max(1, len(files)))


def _words() -> list[str]:
    text = " ".join(file.read_text(encoding="utf-8") for file in Path(__file__).parents[1].glob("docs/*.md"))
    return sorted(set(re.findall(r"\b[A-Za-z]{3,10}\b", text)))
