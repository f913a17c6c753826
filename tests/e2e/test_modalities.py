"""Documents of several modalities: each answers a query by its picture only, by its writing, its sound, its speech.

None of them may sink because its other parts are silent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import mmsearch
from mmsearch.library import enriching

pytest.importorskip("av", reason="needs the sound extra")
from benchmarks.shared.filming import RATE, Shot, write_film

SIZE = (480, 270)
SIGNS = ("HARBOUR OFFICE\nCLOSED MONDAYS", "TWELVE EGGS\nTOTAL 3.40", "LECTURE HALL\nSECOND FLOOR")
SAID = (
    "The committee will publish its budget in autumn.",
    "Grandmother kept her letters in a wooden box.",
    "Seven delegates signed the treaty of commerce.",
)
PICTURES = {"coffee.png": "a cup of coffee", "rocket.jpg": "a rocket launch", "chelsea.png": "a cat"}


def sounds() -> list[Any]:
    at = np.arange(6 * RATE) / RATE
    random = np.random.default_rng(1)
    ticking = 0.5 * random.normal(size=at.size) * np.exp(-(at % 0.5) * 400)
    whistle = 0.3 * np.sin(2 * np.pi * 1_200 * at)
    hum = 0.3 * np.sin(2 * np.pi * 220 * at)  # noise would sound like a rocket
    return [one.astype(np.float32) for one in (ticking, whistle, hum)]


def sign(text: str) -> Any:
    picture = Image.new("RGB", SIZE, "white")
    ImageDraw.Draw(picture).multiline_text((30, 60), text, "black", ImageFont.load_default(44))
    return np.asarray(picture)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, photographs: Path) -> Any:
    pytest.importorskip("rapidocr", reason="needs the ocr extra")
    from mmsearch.ingest.enrich.ocr import Ocr

    folder = tmp_path_factory.mktemp("modalities")
    corpus = folder / "corpus"
    corpus.mkdir()
    made = zip(PICTURES, SIGNS, sounds(), SAID, strict=True)
    for number, (picture, written, sound, said) in enumerate(made):
        shown = np.asarray(Image.open(photographs / picture).convert("RGB"))
        shots = [Shot(shown, 3.0), Shot(sign(written), 3.0, moving=False)]
        write_film(corpus / f"{number}.mkv", shots, [sound], size=SIZE, fps=10,
                   subtitles=[f"1\n00:00:01,000 --> 00:00:04,000\n{said}\n"])  # fmt: skip
    for name in ("astronaut.png", "camera.png", "motorcycle_left.png"):
        Image.open(photographs / name).convert("RGB").save(corpus / f"{name}.jpg")
    (corpus / "tea.txt").write_text("Green tea turns bitter when the water is too hot.\n", encoding="utf-8")
    mmsearch.index(corpus, folder / "index").close()
    enriching.enrich(Ocr(), folder / "index")
    with mmsearch.open(folder / "index") as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "number", "modality", "place"),
    [
        *((query, number, "image", "frame") for number, query in enumerate(PICTURES.values())),
        ("harbour office closed on mondays", 0, "text", "frame"),
        ("twelve eggs", 1, "text", "frame"),
        ("lecture hall second floor", 2, "text", "frame"),
        ("when is the budget published", 0, "text", "seconds"),
        ("letters in a wooden box", 1, "text", "seconds"),
        ("who signed the treaty", 2, "text", "seconds"),
        ("a ticking clock", 0, "audio", "seconds"),
    ],
)
def test_what_one_part_alone_answers_is_first_and_that_part_told_most(
    library: mmsearch.Library, query: str, number: int, modality: str, place: str
) -> None:
    hit = library.search(query)[0]
    assert hit.path == f"{number}.mkv"
    assert not hit.beyond_chance
    assert (hit.parts[0].modality, hit.parts[0].locator.kind) == (modality, place)
    assert hit.parts[0].share > 0.5
    assert hit.item_id == hit.parts[0].item_id or modality == "text"


def test_a_document_of_several_modalities_is_no_lower_than_its_part_by_itself(
    library: mmsearch.Library,
) -> None:
    for query, modality in (("a cat", "image"), ("wooden box", "text"), ("a ticking clock", "audio")):
        whole = {hit.path: hit.score for hit in library.search(query, cutoff=None, k=50)}
        for hit in library.search(query, modality=modality, cutoff=None, k=50):
            assert whole[hit.path] >= hit.score - 0.35 * hit.score * (modality == "text") - 1e-6
