"""Decoding: pictures a second on one core, scaled against plain; how near they are; and the crawl before it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from benchmarks.shared.data import PHONE, write_pictures
from benchmarks.shared.figures import Figure, at_least, at_most, print_figures, seen

SPEC_SIZE = 224
SMALL, LARGE, FILES = 200, 8, 100_000


def measure(scale: float = 1.0) -> list[Figure]:
    """One thread, files in the disk cache; processor time, so that other work on the machine counts little."""
    small, large, files = (max(2, int(count * scale)) for count in (SMALL, LARGE, FILES))
    with tempfile.TemporaryDirectory() as work:
        pictures, photos = Path(work) / "small", Path(work) / "large"
        write_pictures(pictures, small)
        write_pictures(photos, large, size=PHONE)
        return [
            *_small(pictures),
            *_large(photos),
            *_profiles(photos),
            *_other_formats(photos),
            *_crawl(Path(work) / "many", files),
        ]


def _small(folder: Path) -> list[Figure]:
    from mmsearch.media.picture import load_picture
    from mmsearch.types import PictureSpec

    files = [path.read_bytes() for path in sorted(folder.iterdir())]
    figures = []
    for size in (SPEC_SIZE, 192, 160):
        spec = PictureSpec(size)
        seconds = _seconds(lambda spec=spec: [load_picture(data, spec) for data in files])
        figures.append(at_least(f"224-pixel JPEGs to {size}", 700, len(files) / seconds, "pictures/s", 0))
    return figures


def _large(folder: Path) -> list[Figure]:
    import numpy as np

    from mmsearch.media.picture import load_picture
    from mmsearch.types import PictureSpec

    spec = PictureSpec(SPEC_SIZE)
    files = [path.read_bytes() for path in sorted(folder.iterdir())]
    plain = _seconds(lambda: [load_picture(data, spec, scaled_decoding=False) for data in files]) / len(files)
    scaled = _seconds(lambda: [load_picture(data, spec) for data in files]) / len(files)
    differences = [
        np.abs(
            load_picture(data, spec).pixels.astype(int)
            - load_picture(data, spec, scaled_decoding=False).pixels.astype(int)
        )
        for data in files
    ]
    megabytes = sum(map(len, files)) / len(files) / 1e6
    return [
        seen(f"12-megapixel JPEG of {megabytes:.1f} MB, plain", f"{plain * 1e3:.0f} ms"),
        seen("the same, scaled", f"{scaled * 1e3:.0f} ms"),
        at_least("scaled against plain", 3, plain / scaled, "times"),
        at_most("mean difference of a value", 1, float(np.mean(differences)), "of 255"),
        seen("greatest difference of a value", f"{int(np.max(differences))} of 255"),
    ]


def _profiles(folder: Path) -> list[Figure]:
    """What an embedded profile costs: the same photos without one, in sRGB, and in another space."""
    from PIL import Image, ImageCms

    from mmsearch.media.picture import load_picture
    from mmsearch.types import PictureSpec

    spec = PictureSpec(SPEC_SIZE)
    srgb = ImageCms.createProfile("sRGB")
    other = ImageCms.ImageCmsProfile(srgb).tobytes().replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ")
    profiles = [None, ImageCms.ImageCmsProfile(srgb).tobytes(), other.replace(b"tXYZ", b"gXYZ")]
    kinds: list[list[bytes]] = [[], [], []]
    for path in sorted(folder.iterdir()):
        with Image.open(path) as photo:
            for files, profile in zip(kinds, profiles, strict=True):
                file = BytesIO()
                photo.save(file, "JPEG", quality=85, icc_profile=profile)
                files.append(file.getvalue())
    rounds = [
        [_seconds(lambda f=f: [load_picture(data, spec) for data in f]) for f in kinds] for _ in range(3)
    ]
    plain, same, converted = (min(taken) / len(kinds[0]) for taken in zip(*rounds, strict=True))
    return [
        seen("a profile of sRGB", f"{(same - plain) * 1e3:+.1f} ms on {plain * 1e3:.0f} ms"),
        seen("a profile of another space", f"{(converted - plain) * 1e3:+.1f} ms"),
    ]


def _other_formats(folder: Path) -> list[Figure]:
    """What decoding without a scale costs: the same photo, 12 megapixels, in the other formats."""
    from PIL import Image
    from pillow_heif import from_pillow

    from mmsearch.media.picture import load_picture
    from mmsearch.types import PictureSpec

    spec = PictureSpec(SPEC_SIZE)
    figures = []
    with Image.open(sorted(folder.iterdir())[0]) as photo:
        for name in ("PNG", "WEBP", "AVIF", "HEIF"):
            file = BytesIO()
            if name == "HEIF":
                from_pillow(photo).save(file, quality=60)
            else:
                photo.save(file, name, **({"speed": 10} if name == "AVIF" else {}))
            data = file.getvalue()
            seconds = _seconds(lambda data=data: load_picture(data, spec))
            figures.append(seen(f"the same as {name}", f"{seconds * 1e3:.0f} ms of processor time"))
    return figures


def _crawl(folder: Path, count: int) -> list[Figure]:
    from mmsearch.ingest.crawl import crawl

    for number in range(count):
        path = folder / f"{number % 200:03}" / f"{number:06}.jpg"
        if number < 200:
            path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    seconds = _seconds(lambda: sum(1 for _ in crawl(folder)))
    return [at_most(f"crawling {count} files with their stamps", 2, seconds, "s of processor time")]


def _seconds(work: Callable[[], object]) -> float:
    """Processor time of the best of three runs."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


if __name__ == "__main__":
    print_figures(measure())
