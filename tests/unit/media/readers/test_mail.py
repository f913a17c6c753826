"""Letters and what is attached to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.shared import made_documents as made
from mmsearch.media.kinds import reader_of
from mmsearch.media.limits import Limits
from mmsearch.media.readers.parts import Contents, Fault, PicturePart, TextPart
from mmsearch.media.readers.reader import read

pytest.importorskip("kreuzberg", reason="letters come with the extra documents")


def opened(folder: Path, data: bytes, **limits: int) -> Contents:
    file = folder / "a.eml"
    file.write_bytes(data)
    reader = reader_of(".eml")
    assert reader is not None
    return read(reader, file, Limits(**limits))


def test_a_letter_is_its_text_with_subject_and_fields(tmp_path: Path) -> None:
    found = opened(tmp_path, made.eml("The lighthouse", "Dear Bob,\n\nit stands."))
    assert found.title == "The lighthouse"
    assert (found.fields["from"], found.fields["date"]) == ("ada@example.org", "2019-07-02T10:00:00+02:00")
    [said] = found.parts
    assert isinstance(said, TextPart)
    assert said.text.split() == ["Dear", "Bob,", "it", "stands."]


def test_each_attachment_is_read_as_what_it_is(tmp_path: Path) -> None:
    attached = {
        "pages.pdf": made.pdf([["One line on the first page."], ["Another on the second."]]),
        "bars.png": made.drawn(1),
        "notes.txt": b"words in a file",
        "data.bin": b"\0\1",
        "cut.docx": b"PK\x03\x04 cut",
        "../../evil.txt": b"a name is no path",
    }
    parts = list(opened(tmp_path, made.eml("Things", "See below.", attached)).parts)
    assert [(type(one).__name__, str(one.place)) for one in parts] == [
        ("TextPart", "whole"),
        ("TextPart", "attachment:1"),
        ("TextPart", "attachment:1/page:1"),
        ("TextPart", "attachment:1/page:2"),
        ("TextPart", "attachment:2"),
        ("PicturePart", "attachment:2"),
        ("TextPart", "attachment:3"),
        ("TextPart", "attachment:3"),
        ("TextPart", "attachment:4"),
        ("TextPart", "attachment:5"),
        ("Fault", "attachment:5"),
        ("TextPart", "attachment:6"),
        ("TextPart", "attachment:6"),
    ]
    names = [one.title for one in parts if isinstance(one, TextPart) and one.title]
    assert names == ["pages.pdf", "bars.png", "notes.txt", "data.bin", "cut.docx", "evil.txt"]
    assert isinstance(parts[5], PicturePart)
    assert isinstance(parts[10], Fault)


def test_a_letter_within_a_letter_is_not_followed(tmp_path: Path) -> None:
    inner = made.eml("Inner", "words")
    parts = list(opened(tmp_path, made.eml("Outer", "see", {"inner.eml": inner})).parts)
    assert [one.title for one in parts if isinstance(one, TextPart)] == [None, "inner.eml"]
