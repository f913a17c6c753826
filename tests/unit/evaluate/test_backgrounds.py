"""Measuring an encoder's backgrounds, and what of it an index goes by."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mmsearch
from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.registry import load_encoder, shipped_encoders
from mmsearch.evaluate.backgrounds import _bank_pictures, store_backgrounds
from mmsearch.search.calibration.background import Background
from mmsearch.search.calibration.cohort import cohort_of
from mmsearch.search.calibration.estimation import estimate


def test_the_first_pictures_of_each_collection_stay_as_a_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmsearch.evaluate.backgrounds.BANK_EACH", 2)
    kept = _bank_pictures(np.arange(6, dtype=np.float32)[:, None], [3, 1, 2])
    assert kept[:, 0].tolist() == [0, 1, 3, 4, 5]


def test_calibrating_stores_backgrounds_with_familiarity_and_a_bank_of_pictures(tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    shutil.copytree(shipped_encoders()["pocket"], encoder)
    record = json.loads((encoder / "encoder.json").read_text())
    record["backgrounds"], record["bank"]["image"] = {}, None
    (encoder / "encoder.json").write_text(json.dumps(record))
    pictures = tmp_path / "pictures.zip"
    with zipfile.ZipFile(pictures, "w") as archive:
        lines = []
        for n, color in enumerate(("red", "green", "blue", "white")):
            Image.new("RGB", (32, 32), color).save(tmp_path / "one.png")
            archive.write(tmp_path / "one.png", f"images/{n}.png")
            lines.append(json.dumps({"path": f"images/{n}.png", "captions": [f"a {color} square"]}))
        archive.writestr("records.jsonl", "\n".join(lines))

    found = store_backgrounds(encoder, [pictures])

    made = CompiledEncoder(encoder)
    bank = made.bank("image")
    assert bank is not None
    assert bank.shape == (4, made.dimension)
    assert {name for name, background in found.items() if background.familiar > 0} == {
        "text→image",
        "text→text",
    }
    written = made.prior("text", "image")
    assert written is not None
    assert Background.from_json(written).familiar == pytest.approx(found["text→image"].familiar, abs=1e-6)


def test_an_index_reckons_chance_from_the_banks(small_corpus: Path, tmp_path: Path) -> None:
    encoder = load_encoder("pocket")
    with mmsearch.index(small_corpus, tmp_path / "index") as library:
        items = library.vector_index(encoder, "image")
        assert items is not None
        vectors = items.vectors(items.ids)
        for modality in ("text", "image"):
            bank, prior = encoder.bank(modality), encoder.prior(modality, "image")
            assert bank is not None
            assert prior is not None
            cohort = cohort_of(encoder) if modality == "text" else None
            expected = estimate(
                bank,
                vectors,
                prior=Background.from_json(prior),
                asked=None if cohort is None else cohort.own("image"),
            )
            background = library.background(encoder, modality, "image")
            at = np.linspace(-0.2, 0.9, 20)
            np.testing.assert_allclose(
                background.log_survival(at), expected.log_survival(at), rtol=1e-3, atol=1e-3
            )
