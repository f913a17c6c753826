"""kill -9 in the middle of an indexing run, then run again: the same index, and nothing finished encoded twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

import mmsearch
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.check import check
from mmsearch.store.directory import IndexDirectory

PICTURES = 400
KILLS = 10


def start(corpus: Path, index: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "mmsearch", "index", corpus, "--index", index],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def stored(index: Path) -> int:
    path = IndexDirectory.open(index).catalogue_path
    with Catalogue.open(path) as catalogue:
        return sum(catalogue.highest_row(r.encoder_id, "image") + 1 for r in catalogue.encoders())


def answers(index: Path) -> list[tuple[str, float]]:
    with mmsearch.open(index) as library:
        return [(hit.path, round(hit.score, 3)) for hit in library.search("blue", k=50, cutoff=None)]


def test_an_index_that_was_killed_ten_times_is_that_of_an_undisturbed_run(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    dice = random.Random(7)
    for n in range(PICTURES):
        color = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        picture = Image.new("RGB", (48, 48), color)
        picture.putpixel((n % 48, n // 48), (255, 255, 255))
        picture.save(corpus / f"{n:03}.png")
    mmsearch.index(corpus, tmp_path / "undisturbed").close()
    killed = tmp_path / "killed"
    for _ in range(KILLS):
        process = start(corpus, killed)
        time.sleep(dice.uniform(0.3, 1.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (killed / "manifest.json").exists():
            assert [problem for problem in check(killed) if not problem.repairable] == []
    with mmsearch.index(corpus, killed) as library:
        assert library.statistics().items == {"image": PICTURES}
    assert check(killed) == []
    # Each finished batch was encoded once: no row beyond one per picture.
    assert stored(killed) == PICTURES
    assert answers(killed) == answers(tmp_path / "undisturbed")
