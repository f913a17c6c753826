"""Documents of office programs and books into parts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from benchmarks.shared import made_documents as made
from mmsearch.errors import MediaError
from mmsearch.media.kinds import reader_of
from mmsearch.media.limits import Limits
from mmsearch.media.readers.parts import Contents, PicturePart, TextPart
from mmsearch.media.readers.reader import read

pytest.importorskip("kreuzberg", reason="documents of office programs come with the extra documents")

PARAGRAPHS = [
    "The lighthouse stands on the rock.",
    "Penguins walk over the snow.",
    "Last words on green tea.",
]


def opened(folder: Path, name: str, data: bytes, **limits: int) -> Contents:
    file = folder / name
    file.write_bytes(data)
    reader = reader_of(file.suffix)
    assert reader is not None
    assert reader.isolated  # native code
    return read(reader, file, Limits(**limits))


def texts(found: Contents) -> list[tuple[str, str | None, str]]:
    return [(str(one.place), one.title, one.text) for one in found.parts if isinstance(one, TextPart)]


@pytest.mark.parametrize("kind", ["docx", "odt", "rtf"])
def test_a_text_is_read_as_a_whole(kind: str, tmp_path: Path) -> None:
    found = opened(tmp_path, f"a.{kind}", getattr(made, kind)(PARAGRAPHS))
    [(place, _, text)] = texts(found)
    assert place == "whole"
    assert [one for one in PARAGRAPHS if one not in text] == []


def test_a_picture_in_a_text_has_what_is_said_of_it(tmp_path: Path) -> None:
    picture = made.drawn(3)
    data = made.docx(PARAGRAPHS, title="Notes", picture=picture, caption="Figure 1: colored bars")
    found = opened(tmp_path, "a.docx", data)
    assert (found.title, found.fields["author"]) == ("Notes", "Ada")
    text, shown = list(found.parts)
    assert isinstance(text, TextPart)
    assert "[Image" not in text.text
    assert isinstance(shown, PicturePart)
    assert (str(shown.place), shown.data, shown.captions) == (
        "picture:1",
        picture,
        ("Figure 1: colored bars",),
    )


def test_slides_have_numbers(tmp_path: Path) -> None:
    slides = [["Über uns", "penguins walk"], ["Zweite Folie", "green tea"], ["Third", "the end"]]
    found = opened(tmp_path, "a.pptx", made.pptx(slides, title="Deck", picture=made.drawn(1)))
    parts = list(found.parts)
    assert found.title == "Deck"
    told = {str(one.place): one.text for one in parts if isinstance(one, TextPart)}
    assert [sorted(told), *("penguins" in text for text in told.values())] == [
        ["slide:1", "slide:2", "slide:3"], True, False, False,
    ]  # fmt: skip
    assert told["slide:2"].split() == ["Zweite", "Folie", "green", "tea"]
    assert [str(one.place) for one in parts if isinstance(one, PicturePart)] == ["slide:3/picture:1"]


def test_sheets_have_names_and_rows_are_lines(tmp_path: Path) -> None:
    found = opened(
        tmp_path, "a.xlsx", made.xlsx({"Budget": [["kettle", 12.5], ["tea", 3]], "People": [["Ada"]]})
    )
    assert texts(found) == [("sheet:1", "Budget", "kettle | 12.5\ntea | 3"), ("sheet:2", "People", "Ada")]


def test_chapters_have_titles(tmp_path: Path) -> None:
    found = opened(
        tmp_path, "a.epub", made.epub({"The Rock": PARAGRAPHS[:2], "The Tea": PARAGRAPHS[2:]}, title="Sea")
    )
    assert found.title == "Sea"
    assert texts(found) == [
        ("chapter:1", "The Rock", "\n\n".join(PARAGRAPHS[:2])),
        ("chapter:2", "The Tea", PARAGRAPHS[2]),
    ]


@pytest.mark.parametrize("kind", ["docx", "pptx", "xlsx", "epub", "odt"])
def test_a_file_that_was_cut_off_says_so(kind: str, tmp_path: Path) -> None:
    whole = {
        "docx": lambda: made.docx(PARAGRAPHS), "odt": lambda: made.odt(PARAGRAPHS),
        "pptx": lambda: made.pptx([["a"]]), "xlsx": lambda: made.xlsx({"a": [["b"]]}),
        "epub": lambda: made.epub({"a": ["b"]}),
    }[kind]()  # fmt: skip
    with pytest.raises(MediaError, match="damaged"):
        opened(tmp_path, f"a.{kind}", whole[: len(whole) // 2])


def test_what_unpacks_to_too_much_is_refused_before_it_does(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 20_000_000)
    data = (tmp_path / "bomb.docx").read_bytes()
    assert len(data) < 100_000
    with pytest.raises(MediaError, match="unpacks to 20000000 bytes"):
        opened(tmp_path, "bomb.docx", data, max_bytes=10_000_000)


def test_an_encrypted_document_says_so(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="encrypted"):
        opened(tmp_path, "a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000))
