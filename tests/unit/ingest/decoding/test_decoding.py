"""One source into items, in instalments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmsearch.errors import MediaError
from mmsearch.ingest.decoding.decoding import DRAFTS, HEAVY_DRAFTS, SOUNDS, Decoding, decode
from mmsearch.ingest.sources import Source
from mmsearch.media import kinds
from mmsearch.media.limits import Limits
from mmsearch.media.readers.parts import Contents, Fault, Part, PicturePart, SoundPart, TextPart
from mmsearch.media.readers.pictures import PictureReader
from mmsearch.types import Locator, PictureSpec


class Book(PictureReader):
    """A reader whose files have the parts of ``PARTS``."""

    PARTS: tuple[Part, ...] = ()

    def read(self, file: Path, limits: Limits) -> Contents:
        return Contents(iter(self.PARTS), title="A book", fields={"pages": 3})


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Source:
    reader = Book("book", frozenset({".book"}), signatures=(b"book",))
    monkeypatch.setattr(kinds, "READERS", (*kinds.READERS, reader))
    (tmp_path / "a.book").write_bytes(b"book of pages")
    return Source("a.book", "1", document=tmp_path / "a.book")


def how(**given: object) -> Decoding:
    return Decoding(PictureSpec(8), **given)  # type: ignore[arg-type]


def test_each_part_has_its_place(book: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.zeros((4, 6, 3), np.uint8)
    page, fourth = Locator("page", 1), Locator("page", 4)
    samples = np.zeros(16, np.float32)
    parts = (
        TextPart("Words on a page.", page, title="Beginning"),
        PicturePart(drawn, Locator("picture", 2).within(fourth), ("a black square",)),
        SoundPart(samples, 16_000, Locator("seconds", 0, 1)),
        Fault(Locator("page", 5), "damaged"),
    )
    monkeypatch.setattr(Book, "PARTS", parts)
    [reading] = decode(book, how(sounds=True), lambda _: None)
    assert [(one.modality, str(one.locator), one.text) for one in reading.drafts] == [
        ("text", "title", "A book"),
        ("text", "page:1/title", "Beginning"),
        ("text", "page:1/characters:0-16", "Words on a page."),
        ("image", "page:4/picture:2", None),
        ("text", "page:4/picture:2/caption:0", "a black square"),
        ("audio", "seconds:0-1", None),
    ]
    assert reading.drafts[3].pixels is not None
    assert reading.drafts[3].pixels.shape == (8, 8, 3)
    assert (reading.drafts[5].samples is samples, reading.drafts[5].rate) == (True, 16_000)
    assert reading.faults == [Fault(Locator("page", 5), "damaged")]
    assert reading.fields == {"pages": 3}
    assert reading.key is not None
    assert len(reading.key) == 32


def test_a_long_source_comes_in_instalments_that_add_up(
    book: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 2 * DRAFTS + 10
    texts = [TextPart(f"Page {n}.", Locator("page", n)) for n in range(1, count)]
    monkeypatch.setattr(Book, "PARTS", tuple(texts))
    readings = list(decode(book, how(), lambda _: None))
    assert [len(one.drafts) for one in readings] == [DRAFTS, DRAFTS, 10]
    assert [one.first for one in readings] == [0, DRAFTS, 2 * DRAFTS]
    assert [one.last for one in readings] == [False, False, True]
    monkeypatch.setattr(Book, "PARTS", tuple(texts[: DRAFTS - 1]))
    [reading] = decode(book, how(), lambda _: None)
    assert (len(reading.drafts), reading.last) == (DRAFTS, True)


def test_pixels_do_not_pile_up(book: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [PicturePart(np.full((4, 4, 3), n, np.uint8), Locator("page", n)) for n in range(70)]
    monkeypatch.setattr(Book, "PARTS", tuple(pictures))
    heavy = [sum(d.is_heavy for d in one.drafts) for one in decode(book, how(), lambda _: None)]
    assert heavy == [HEAVY_DRAFTS, HEAVY_DRAFTS, 70 - 2 * HEAVY_DRAFTS]


def test_a_recording_of_days_comes_in_thousands_of_instalments(
    book: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.zeros(8, np.float32)
    sounds = [SoundPart(samples, 8, Locator("seconds", n, n + 1)) for n in range(2_000 * SOUNDS)]
    monkeypatch.setattr(Book, "PARTS", tuple(sounds))
    lengths = [len(one.drafts) for one in decode(book, how(sounds=True), lambda _: None)]
    assert len(lengths) >= 2_000
    assert max(lengths[1:]) == SOUNDS
    assert sum(lengths) >= len(sounds)


def test_nothing_is_read_before_it_is_wanted(book: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def pages() -> object:
        for n in range(1, 10 * DRAFTS):
            read.append(n)
            yield TextPart(f"Page {n}.", Locator("page", n))

    monkeypatch.setattr(Book, "read", lambda *_: Contents(pages()))  # type: ignore[arg-type]
    next(decode(book, how(), lambda _: None))
    assert len(read) <= DRAFTS + 1


def test_a_file_that_begins_otherwise_is_none_of_its_reader(book: Source) -> None:
    assert book.document is not None
    book.document.write_bytes(b"something else")
    with pytest.raises(MediaError, match="no book"):
        next(decode(book, how(), lambda _: None))


def test_a_file_without_anything_says_why(book: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Book, "PARTS", (Fault(Locator("page", 1), "damaged"),))
    monkeypatch.setattr(Book, "read", lambda *_: Contents(iter(Book.PARTS)))
    with pytest.raises(MediaError, match="damaged"):
        next(decode(book, how(), lambda _: None))


def test_a_picture_in_a_document_that_can_not_be_decoded_costs_itself(
    book: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Locator("picture", 1).within(Locator("page", 1))
    monkeypatch.setattr(Book, "PARTS", (PicturePart(b"\x89PNG\r\n\x1a\n nothing", place),))
    [reading] = decode(book, how(), lambda _: None)
    assert [one.text for one in reading.drafts] == ["A book"]
    assert [one.place for one in reading.faults] == [place]
