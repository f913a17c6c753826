"""PDF files into parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.shared.made_documents import drawn, pdf
from mmsearch.errors import MediaError
from mmsearch.media.limits import Limits
from mmsearch.media.readers.parts import Fault, PicturePart, TextPart
from mmsearch.media.readers.pdf import PdfReader, drawn_page
from mmsearch.media.readers.reader import read

pytest.importorskip("pypdfium2", reason="PDF files come with the extra documents")

PAGES = [[f"Line {row} of page {number} says something." for row in range(20)] for number in range(1, 5)]


def parts_of(file: Path, **limits: int) -> list[TextPart | PicturePart | Fault]:
    return list(read(PdfReader(), file, Limits(**limits)).parts)  # type: ignore[arg-type]


def test_each_page_is_a_text_with_its_number_and_what_the_outline_calls_it(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    pdf(PAGES, file, title="A report", author="Ada", outline={1: "Introduction", 3: "Results"})
    found = read(PdfReader(), file, Limits())
    assert (found.title, found.fields["author"], found.fields["pages"]) == ("A report", "Ada", 4)
    assert str(found.fields["created"])[:2] == "20"
    parts = list(found.parts)
    assert [(str(one.place), one.title) for one in parts if isinstance(one, TextPart)] == [
        ("page:1", "Introduction"), ("page:2", None), ("page:3", "Results"), ("page:4", None),
    ]  # fmt: skip
    assert all(isinstance(one, TextPart) for one in parts)
    assert "Line 7 of page 3 says something.\nLine 8" in parts[2].text  # type: ignore[union-attr]


def test_a_page_with_a_figure_is_a_picture_too_and_a_scan_is_one_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    pdf([*PAGES[:2], [], []], file, pictures={2: drawn(1), 3: drawn(2)})
    kinds = [(type(one).__name__, str(one.place)) for one in parts_of(file)]
    assert kinds == [
        ("TextPart", "page:1"), ("TextPart", "page:2"), ("PicturePart", "page:2"), ("PicturePart", "page:3"),
    ]  # fmt: skip
    page = parts_of(file)[2]
    assert isinstance(page, PicturePart)
    assert isinstance(page.data, np.ndarray)
    assert page.data.shape[2] == 3
    assert page.data.std() > 20  # it shows something


def test_a_page_is_drawn_the_same_twice_and_larger_on_request(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    pdf([PAGES[0]], file, pictures={1: drawn(1)})
    assert np.array_equal(drawn_page(file, 1, 150, 512), drawn_page(file, 1, 150, 512))
    assert max(drawn_page(file, 1, 150, 4000).shape) == pytest.approx(842 * 150 / 72, abs=2)
    with pytest.raises(MediaError, match="no page 2"):
        drawn_page(file, 2, 150, 512)


def test_what_can_not_be_opened_says_why_in_a_line(tmp_path: Path) -> None:
    whole = pdf(PAGES)
    for name, data, reason in (
        ("encrypted", pdf(PAGES, password="secret"), "encrypted"),
        ("cut", whole[: len(whole) // 3], "damaged PDF"),
        ("other", b"PK\x03\x04 something else", "does not begin like one"),
        ("head", b"%PDF-1.4\n", "damaged PDF"),
    ):
        file = tmp_path / f"{name}.pdf"
        file.write_bytes(data)
        with pytest.raises(MediaError, match=reason) as error:
            parts_of(file)
        assert "\n" not in str(error.value)


def test_what_is_beyond_the_limits_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    pdf(PAGES, file)
    parts = parts_of(file, max_parts=2)
    assert [type(one).__name__ for one in parts] == ["TextPart", "TextPart", "Fault"]
    assert "2 pages" in parts[2].reason  # type: ignore[union-attr]
    parts = parts_of(file, max_text_bytes=100)
    assert [type(one).__name__ for one in parts] == ["TextPart", "Fault"]


def test_a_word_that_is_divided_at_the_end_of_a_line_is_one(tmp_path: Path) -> None:
    from mmsearch.media.readers.pdf import _HYPHENS

    assert _HYPHENS.sub("", "light\ufffe\r\nhouse and sea\x02\r\nweed") == "lighthouse and seaweed"
