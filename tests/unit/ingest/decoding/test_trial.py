"""What crashes an encoder ends one run and not the next: it is tried in a child process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mmsearch
from mmsearch.ingest.decoding.decoding import Draft, Reading
from mmsearch.ingest.decoding.trial import trial_of
from mmsearch.ingest.sources import Source
from mmsearch.types import Locator

REPOSITORY = Path(__file__).parents[4]
# Loaded by every Python that starts with it on its path: an encoder that a plain red picture crashes.
POISON = """
import importlib.util, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name != "mmsearch.encoders.compiled":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            plain = module.CompiledEncoder.encode_images

            def poisoned(self, batch):
                if any((picture == (255, 0, 0)).all() for picture in batch):
                    import os
                    os.abort()
                return plain(self, batch)

            module.CompiledEncoder.encode_images = poisoned

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""


def test_what_crashes_the_encoder_ends_one_run_and_is_listed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "poison").mkdir()
    (tmp_path / "poison" / "sitecustomize.py").write_text(POISON)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, color in (("a", (0, 0, 255)), ("b", (255, 0, 0)), ("c", (0, 255, 0))):
        Image.new("RGB", (8, 8), color).save(corpus / f"{name}.png")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'poison'}{os.pathsep}{REPOSITORY}"}
    command = [sys.executable, "-m", "mmsearch", "index", corpus, "--index", tmp_path / "i"]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    assert run().returncode < 0
    second = run()
    assert (
        second.returncode,
        "crashed its decoder or the encoder (SIGABRT)" in second.stdout + second.stderr,
    ) == (3, True)
    assert "b.png" in second.stdout + second.stderr
    with mmsearch.open(tmp_path / "i") as library:
        assert library.statistics().items == {"image": 2}
    assert run().returncode == 3  # and it is not tried again


@pytest.mark.parametrize("name", [None, "no such encoder", "openclip:ViT-B-32/openai"])
def test_what_a_small_process_cannot_load_is_not_tried(name: str | None) -> None:
    pixels = np.zeros((1, 1, 3), dtype=np.uint8)  # of a size that no encoder takes
    reading = Reading(Source("a", "1"), None, {}, [Draft("image", Locator(), b"", pixels=pixels)])
    trial_of(name, 1.0)(reading)
    with pytest.raises(ValueError, match="pictures must be"):
        trial_of("pocket", 1.0)(reading)
    trial_of("pocket", -1.0)(reading)  # its time is over
