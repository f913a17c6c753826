"""The same pictures and texts on processors without VNNI: are the vectors the same, and how fast are they.

What follows the name is a command that is run as on such a processor, say to evaluate there:
``python -m benchmarks processors --as avx2 mmsearch evaluate FILE``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processors.disguise import KINDS, disguise, environment, why_not
from benchmarks.shared.data import sentences, shared_data, write_pictures
from benchmarks.shared.figures import Figure, at_least, seen

COLLECTION = "flickr8k-dev.zip"
PICTURES, TEXTS = 300, 600
NAMES = {"avx2": "AVX2", "avx512": "AVX-512 without VNNI"}
ASKED = 0.995


def measure(scale: float = 1.0, encoder: str = "pocket") -> list[Figure]:
    """The least cosine between vectors made with VNNI and without, and pictures and texts a second of each."""
    if reason := why_not():
        return [seen("processors without VNNI", f"not measured: {reason}")]
    figures = []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        _samples(work, int(PICTURES * scale), int(TEXTS * scale))
        copy = disguise(work)
        here = _encoded(work, encoder, None)
        for kind in KINDS:
            there = _encoded(work, encoder, environment(copy, kind))
            for media in ("pictures", "texts"):
                cosines = (here[media] * there[media]).sum(axis=1)
                what = f"{NAMES[kind]}: least cosine of {len(cosines)} {media}, with VNNI and without"
                figures.append(at_least(what, ASKED, float(cosines.min()), "", 4))
                figures.append(seen("– mean", f"{cosines.mean():.5f}"))
            figures.append(seen(f"{NAMES[kind]}: a second of processor time", _speed(there)))
        figures.append(seen("with VNNI: a second of processor time", _speed(here)))
    return figures


def main(own: list[str]) -> None:
    """Run a command as on another processor."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks processors")
    parser.add_argument(
        "--as", dest="kind", choices=KINDS, required=True, help="what the processor has at most"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, help="mmsearch …")
    chosen = parser.parse_args(own)
    if reason := why_not():
        parser.error(reason)
    with tempfile.TemporaryDirectory() as name:
        arguments = chosen.command[1:] if chosen.command[:1] == ["mmsearch"] else chosen.command
        surroundings = environment(disguise(Path(name)), chosen.kind)
        finished = subprocess.run(
            [sys.executable, "-m", "mmsearch", *arguments], env=surroundings, check=False
        )
    sys.exit(finished.returncode)


def _samples(work: Path, pictures: int, texts: int) -> None:
    """Write photographs and their captions, or made-up ones, as arrays to ``work``."""
    from mmsearch.datasets.pairs import read_pairs, read_pictures
    from mmsearch.encoders.registry import load_encoder
    from mmsearch.media.picture import load_picture

    spec = load_encoder().picture
    if data := shared_data():
        pairs = read_pairs(data / COLLECTION)
        contents: Any = read_pictures([pair.picture for pair in pairs[:pictures]])
        lines = [caption for pair in pairs for caption in pair.captions][:texts]
    else:
        write_pictures(work / "pictures", pictures)
        contents = (file.read_bytes() for file in sorted((work / "pictures").iterdir()))
        lines = sentences(texts)
    np.save(work / "pixels.npy", np.stack([load_picture(content, spec).pixels for content in contents]))
    (work / "texts.txt").write_text("\n".join(lines), encoding="utf-8")


def _encoded(work: Path, encoder: str, surroundings: dict[str, str] | None) -> Any:
    """What a process in ``surroundings`` makes of the samples, and how long each took it."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.processors.encode", str(work), encoder]
    subprocess.run(command, env=surroundings, check=True)
    with np.load(work / "encoded.npz") as arrays:
        return dict(arrays)


def _speed(encoded: Any) -> str:
    pictures, texts = (
        len(encoded[media]) / float(encoded[f"{media}_seconds"]) for media in ("pictures", "texts")
    )
    return f"{pictures:.0f} pictures, {texts:.0f} texts"
