"""Lines of writing into paragraphs, and drawn writing into lines."""

from __future__ import annotations

import numpy as np
import pytest

from mmsearch.media.writing import Line, WritingReader, paragraphs


def line(text: str, top: float, left: float = 0.1, right: float = 0.9, height: float = 0.02) -> Line:
    return Line(text, 0.9, (left, top, right, top + height), height)


def test_lines_below_each_other_are_a_paragraph_and_a_gap_ends_it() -> None:
    found = paragraphs([line("three", 0.5), line("two", 0.13), line("one", 0.1)])
    assert [one.text for one in found] == ["one\ntwo", "three"]
    assert found[0].box == pytest.approx((0.1, 0.1, 0.9, 0.15))


def test_columns_stay_apart_and_so_do_heights() -> None:
    left = [line(f"left {n}", 0.1 + 0.03 * n, 0.05, 0.45) for n in range(3)]
    right = [line(f"right {n}", 0.105 + 0.03 * n, 0.55, 0.95) for n in range(3)]
    found = paragraphs([*right, *left])
    assert [one.text for one in found] == ["left 0\nleft 1\nleft 2", "right 0\nright 1\nright 2"]
    assert len(paragraphs([line("A HEADING", 0.1, height=0.05), line("small print", 0.16)])) == 2


def test_a_paragraph_is_no_longer_than_a_passage_and_says_something() -> None:
    found = paragraphs([line("x" * 60, 0.05 + 0.03 * n) for n in range(24)])
    assert [len(one.lines) for one in found] == [8, 8, 8]
    assert paragraphs([line("·", 0.1), line("—", 0.5)]) == []


def test_drawn_lines_are_read_with_their_places() -> None:
    pytest.importorskip("rapidocr", reason="the models come with the extra ocr")
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (640, 320), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=28)
    draw.text((40, 60), "TOTAL 23.20", fill="black", font=font)
    draw.text((40, 220), "Thank you for your visit", fill="black", font=font)
    reader = WritingReader()
    lines = reader.lines(np.asarray(picture))
    assert [one.text for one in lines] == ["TOTAL 23.20", "Thank you for your visit"]
    left, top, right, bottom = lines[0].box
    assert (left, top) == (pytest.approx(40 / 640, abs=0.03), pytest.approx(60 / 320, abs=0.05))
    assert right < 0.5
    assert bottom < 0.4
    assert reader.lines(np.full((300, 400, 3), 128, np.uint8)) == []
