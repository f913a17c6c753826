"""What is written in pictures is found where it is written."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import mmsearch
from benchmarks.shared import made_documents as made
from mmsearch.ingest.enrich.ocr import Ocr
from mmsearch.library.enriching import enrich, remove_enrichment

pytest.importorskip("rapidocr", reason="the models come with the extra ocr")


def drawn(*lines: str) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (700, 120 + 60 * len(lines)), "white")
    for n, text in enumerate(lines):
        font = ImageFont.load_default(size=28)
        ImageDraw.Draw(picture).text((40, 40 + 60 * n), text, fill="black", font=font)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def index(small_corpus: Path) -> Path:
    (small_corpus / "receipt.png").write_bytes(drawn("Harbour Bakery", "TOTAL 23.20"))
    pytest.importorskip("pypdfium2", reason="PDF files come with the extra documents")
    scan = drawn("The lighthouse is closed", "in winter")
    made.pdf([["A page with a text layer."] * 5, []], small_corpus / "scan.pdf", pictures={2: scan})
    directory = small_corpus.parent / "index"
    mmsearch.index(small_corpus, directory).close()
    return directory


def test_writing_is_found_with_its_box_in_pictures_and_scanned_pages(index: Path, small_corpus: Path) -> None:
    report = enrich(Ocr(), index)
    assert (report.looked_at, report.skipped) == (5, ())  # three photographs, a receipt, a page
    with mmsearch.open(index) as library:
        hit = library.search('"total 23.20"', k=1)[0]
        assert (hit.path, hit.locator.kind, "TOTAL 23.20" in (hit.text or "")) == ("receipt.png", "box", True)
        hit = library.search('"lighthouse is closed"', k=1)[0]
        assert (hit.path, hit.locator.part, hit.locator.innermost.kind) == ("scan.pdf", "page 2", "box")
        [(enrichment, detail)] = library.catalogue.findings_of([hit.item_id]).values()
        assert enrichment.kind == "ocr"
        assert detail["lines"][0]["text"] == "The lighthouse is closed"
    again = enrich(Ocr(), index)
    assert (again.looked_at, again.known) == (0, 5)
    (small_corpus / "note.txt").write_text("more", encoding="utf-8")
    mmsearch.index(small_corpus, index).close()
    assert remove_enrichment("ocr", index) == report.found


def test_a_picture_that_has_changed_is_told_and_the_rest_goes_on(index: Path, small_corpus: Path) -> None:
    (small_corpus / "coffee.png").write_bytes(drawn("something else"))
    (small_corpus / "rocket.jpg").unlink()
    report = enrich(Ocr(), index)
    assert {one.path for one in report.skipped} == {"coffee.png", "rocket.jpg"}
    assert report.looked_at == 3


def test_writing_in_pictures_within_documents_is_found_there(tmp_path: Path) -> None:
    pytest.importorskip("kreuzberg", reason="letters come with the extra documents")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "letter.eml").write_bytes(
        made.eml("Our bill", "Please see the picture.", {"bill.png": drawn("Harbour Bakery", "TOTAL 23.20")})
    )
    (corpus / "guide.docx").write_bytes(
        made.docx(["The old town"], picture=drawn("MIND THE STEP", "Old Town Hall"))
    )
    index = tmp_path / "index"
    mmsearch.index(corpus, index).close()
    report = enrich(Ocr(), index)
    assert (report.looked_at, report.skipped) == (2, ())
    with mmsearch.open(index) as library:
        hit = library.search('"total 23.20"', k=1)[0]
        assert (hit.path, hit.locator.kind, hit.label) == ("letter.eml", "attachment", "written")
        hit = library.search('"mind the step"', k=1)[0]
        assert (hit.path, hit.locator.kind, hit.label) == ("guide.docx", "picture", "written")
