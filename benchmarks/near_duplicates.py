"""Copies of photographs (smaller, compressed, cropped, tinted, mirrored) among 1,500 others: are they found as such?

``--scale 5.4`` takes all 8,000 pictures. With ``MMSEARCH_SWEEP=1`` other thresholds than the built-in ones are tried
too: the figures that ``LEAST_COSINE`` and ``MOST_DIFFERENT_BITS`` were chosen by.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from itertools import combinations
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, at_least, seen

if TYPE_CHECKING:
    from mmsearch.library import Library
    from mmsearch.search.duplicates.report import DuplicateReport

PICTURES = 1500
COLLECTIONS = ("flickr8k-test", "flickr8k-dev", "flickr8k-train")
# One picture in five gets a copy of each kind.
COPIED = 5
MIRRORED = "mirrored"
SWEPT_COSINES = (0.4, 0.5, 0.6, 0.7)
SWEPT_BITS = (60, 70, 80, 90, 96)


def measure(scale: float = 1.0) -> list[Figure]:
    """Pairs within the groups that are found, against the pairs that were made from one picture."""
    import mmsearch

    data = shared_data()
    if data is None:
        return [seen("near-duplicates", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    with tempfile.TemporaryDirectory() as work:
        count = _write(data, Path(work) / "corpus", int(PICTURES * scale))
        with mmsearch.index(Path(work) / "corpus", Path(work) / "index") as library:
            started = time.perf_counter()
            report = library.duplicates()
            seconds = time.perf_counter() - started
            figures = [
                at_least(f"{count:,} files: precision of pairs", 0.99, _precision(report), "", 4),
                *_recalls(library, report),
                *_recalls(library, library.duplicates(mirrored=True), MIRRORED),
                seen("seconds, pictures read", f"{seconds:.1f}, {report.compared:,}"),
            ]
            if os.environ.get("MMSEARCH_SWEEP"):
                figures += _sweep(library)
    return figures


def _sweep(library: Library) -> list[Figure]:

    figures = []
    for cosine in SWEPT_COSINES:
        for bits in SWEPT_BITS:
            report = library.duplicates(least_cosine=cosine, most_bits=bits)
            recall = ", ".join(f"{kind} {share:.3f}" for kind, share in _shares(library, report).items())
            what = f"cosine ≥ {cosine}, bits ≤ {bits}: precision; recall; read"
            figures.append(seen(what, f"{_precision(report):.4f}; {recall}; {report.compared}"))
    return figures


def _recalls(library: Library, report: DuplicateReport, kind: str | None = None) -> list[Figure]:
    shares = _shares(library, report)
    if kind is not None:
        return [
            seen(
                f"recall of {kind} copies, when asked for; precision then",
                f"{shares[kind]:.4f}; {_precision(report):.4f}",
            )
        ]
    asked = [share for name, share in shares.items() if name != MIRRORED]
    return [
        at_least("recall of copies, but for mirrored ones", 0.95, sum(asked) / len(asked), "", 4),
        *(seen(f"recall of {name} copies", f"{share:.4f}") for name, share in shares.items()),
    ]


def _precision(report: DuplicateReport) -> float:
    """The share of pairs in one group that come from the same picture."""
    pairs = [
        _origin(one.path) == _origin(other.path)
        for group in report.groups
        for one, other in combinations(group.members, 2)
    ]
    return sum(pairs) / max(len(pairs), 1)


def _shares(library: Library, report: DuplicateReport) -> dict[str, float]:
    """For each kind of copy, the share of those that are in the group of their original."""
    group_of = {member.path: place for place, group in enumerate(report.groups) for member in group.members}
    found: dict[str, list[bool]] = {kind: [] for kind in COPIES}
    for folder in {PurePath(path).parent for path in _paths(library)}:
        if folder.name in COPIES:
            for path in _paths(library):
                if PurePath(path).parent == folder:
                    place = group_of.get(path)
                    found[folder.name].append(place is not None and place == group_of.get(_origin(path)))
    return {kind: sum(hits) / max(len(hits), 1) for kind, hits in found.items()}


def _paths(library: Library) -> list[str]:
    return [item.path for item in library.catalogue.items(library.catalogue.select_items())]


def _origin(path: str) -> str:
    return f"originals/{PurePath(path).name}"


def _write(data: Path, corpus: Path, count: int) -> int:
    """``count`` originals and the copies of every fifth; how many files that are."""
    from PIL import Image

    draw = random.Random(0)
    for folder in ("originals", *COPIES):
        (corpus / folder).mkdir(parents=True)
    written = 0
    for name in COLLECTIONS:
        with zipfile.ZipFile(data / f"{name}.zip") as archive:
            for member in sorted(m for m in archive.namelist() if m.endswith(".avif")):
                if written == count:
                    break
                picture = Image.open(BytesIO(archive.read(member))).convert("RGB")
                file = f"{PurePath(member).stem}.jpg"
                picture.save(corpus / "originals" / file, quality=90)
                if written % COPIED == 0:
                    for kind, copy in COPIES.items():
                        changed, quality = copy(picture, draw)
                        changed.save(corpus / kind / file, quality=quality)
                written += 1
    return written + len(COPIES) * len(range(0, written, COPIED))


def _rescaled(picture: Any, draw: random.Random) -> tuple[Any, int]:
    """Between 40 and 180 % of the size, the aspect changed by up to 10 %."""
    scale, aspect = draw.choice((0.4, 0.5, 0.7, 1.4, 1.8)), draw.uniform(0.9, 1.1)
    return picture.resize((int(picture.width * scale * aspect), int(picture.height * scale))), 90


def _recompressed(picture: Any, draw: random.Random) -> tuple[Any, int]:
    return picture, draw.choice((10, 20, 30, 50))


def _cropped(picture: Any, draw: random.Random) -> tuple[Any, int]:
    """Nine tenths of either side are left, anywhere."""
    left, top = draw.uniform(0, 0.1) * picture.width, draw.uniform(0, 0.1) * picture.height
    box = (int(left), int(top), int(left + 0.9 * picture.width), int(top + 0.9 * picture.height))
    return picture.crop(box), 90


def _tinted(picture: Any, draw: random.Random) -> tuple[Any, int]:
    """Other brightness, contrast and saturation, and a cast, as a photograph's filters make them."""
    from PIL import Image, ImageEnhance

    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast):
        picture = change(picture).enhance(draw.uniform(0.75, 1.3))
    picture = ImageEnhance.Color(picture).enhance(draw.choice((0.0, 0.5, 1.6)))
    gains = [draw.uniform(0.85, 1.15) for _ in range(3)]
    bands = [
        band.point([min(255, int(gain * level)) for level in range(256)])
        for gain, band in zip(gains, picture.split(), strict=True)
    ]
    return Image.merge("RGB", bands), 90


def _mirrored(picture: Any, draw: random.Random) -> tuple[Any, int]:
    from PIL import ImageOps

    return ImageOps.mirror(picture), 90


COPIES: dict[str, Callable[[Any, random.Random], tuple[Any, int]]] = {
    "rescaled": _rescaled,
    "recompressed": _recompressed,
    "cropped": _cropped,
    "tinted": _tinted,
    MIRRORED: _mirrored,
}
