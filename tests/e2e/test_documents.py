"""Documents with pages through the real commands: found with their places, one hit a document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import mmsearch
from benchmarks.shared import made_documents as made

pytest.importorskip("pypdfium2", reason="PDF files come with the extra documents")
pytest.importorskip("kreuzberg", reason="documents of office programs come with the extra documents")

SENTENCES = {
    "a.pdf": "The lighthouse keeper counted seven gulls on the railing.",
    "a.docx": "A violin was forgotten in the waiting room of the station.",
    "a.pptx": "Our glacier survey begins in early September.",
    "a.xlsx": "copper kettle for the mountain hut",
    "a.epub": "The tortoise reached the orchard before the rain.",
    "a.odt": "The beekeeper paints his hives in bright colors.",
    "a.rtf": "A cellar full of pumpkins needs good air.",
    "a.eml": "Please bring the telescope to the old observatory.",
}
PLACES = {
    "a.pdf": "page 3", "a.docx": None, "a.pptx": "slide 2", "a.xlsx": "sheet 2", "a.epub": "chapter 2",
    "a.odt": None, "a.rtf": None, "a.eml": "attachment 1, page 2",
}  # fmt: skip


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents") / "corpus"
    folder.mkdir()
    filler = ["Nothing much is said here, and what is said is of no use to anybody."] * 3
    first = SENTENCES
    attached = {"plan.pdf": made.pdf([filler, [first["a.eml"]]])}
    for name, data in {
        "a.pdf": made.pdf([filler, filler, [*filler, first["a.pdf"]], filler], title="Coast", author="Ada"),
        "a.docx": made.docx(
            [*filler, first["a.docx"]], picture=made.drawn(4), caption="Figure 1: colored bars"
        ),
        "a.pptx": made.pptx([["Welcome", *filler], ["Plan", first["a.pptx"]]]),
        "a.xlsx": made.xlsx({"Food": [["bread", 3.0]], "Kitchen": [[first["a.xlsx"], 12.5]]}),
        "a.epub": made.epub({"One": filler, "Two": [first["a.epub"]]}),
        "a.odt": made.odt([*filler, first["a.odt"]]),
        "a.rtf": made.rtf([*filler, first["a.rtf"]]),
        "a.eml": made.eml("Tonight", filler[0], attached),
        "locked.pdf": made.pdf([filler], password="secret"),
        "cut.docx": made.docx(filler)[:400],
        "cut.pdf": made.pdf([filler])[:500],
    }.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def documents_index(documents: Path) -> Path:
    directory = documents.parent / "index"
    library = mmsearch.index(documents, directory)
    assert library.report is not None
    assert {one.path for one in library.report.skipped} == {"locked.pdf", "cut.docx", "cut.pdf"}
    assert all("\n" not in one.reason for one in library.report.skipped)
    library.close()
    return directory


@pytest.mark.parametrize("name", SENTENCES)
def test_a_phrase_of_each_is_found_with_its_place(name: str, documents_index: Path) -> None:
    with mmsearch.open(documents_index) as library:
        hit = library.search(SENTENCES[name], k=1)[0]
    assert (hit.path, hit.locator.part or None) == (name, PLACES[name])
    assert hit.to_dict()["part"] == PLACES[name]
    assert SENTENCES[name] in (hit.text or "")


def test_a_picture_in_a_document_is_found_by_its_caption(documents_index: Path) -> None:
    with mmsearch.open(documents_index) as library:
        hit = library.search('"colored bars"', k=1)[0]
    assert (hit.path, str(hit.locator)[:9]) == ("a.docx", "picture:1")


def test_a_document_is_one_hit_and_a_page_one_item(documents_index: Path) -> None:
    with mmsearch.open(documents_index) as library:
        asked = "nothing much is said here"
        documents = [hit.path for hit in library.search(asked, k=50)]
        assert len(documents) == len(set(documents))
        pages = [
            str(hit.locator.outermost)
            for hit in library.search(asked, k=50, group="item")
            if hit.path == "a.pdf"
        ]
        assert sorted(pages) == ["page:1", "page:2", "page:3", "page:4", "title"]
        for group in ("document", "item"):
            found = library.search(asked, where="pages >= 4", facets=["author"], group=group, k=50)
            assert dict(found.facets["author"]) == {"Ada": 1}
            assert (len(found) > 1) == (group == "item")


def test_what_is_unchanged_is_not_read_again(documents: Path, documents_index: Path) -> None:
    report = mmsearch.index(documents, documents_index).report
    assert report is not None
    assert (report.unchanged, report.added, report.updated, sum(report.encoded.values())) == (8, 0, 0, 0)


def test_the_commands_say_the_page(command: Callable[..., object], documents_index: Path) -> None:
    def run(*arguments: str) -> str:
        finished = command(*arguments, "--index", documents_index)
        assert finished.returncode == 0, finished.stderr  # type: ignore[attr-defined]
        return finished.stdout  # type: ignore[attr-defined]

    assert "a.pdf  page 3" in run("query", "lighthouse keeper gulls")
    assert "page:3/characters:" in run("show", "a.pdf")
    assert "a.pdf, page 3" in run("ask", "Who counted the gulls on the railing?")
    [hit, *_] = json.loads(run("query", "lighthouse keeper gulls", "--json"))["hits"]
    assert (hit["part"], hit["locator"].split("/")[0]) == ("page 3", "page:3")
