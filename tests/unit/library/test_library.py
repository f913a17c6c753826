"""A library shows itself in a line, and says that it is closed."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmsearch
from mmsearch.errors import ClosedLibraryError


def test_a_library_shows_itself_in_a_line(demo_index: Path) -> None:
    with mmsearch.open(demo_index) as library:
        assert repr(library) == f"<Library {demo_index}: 54 documents, 18 images, 36 texts>"
    assert repr(library) == f"<Library {demo_index}: closed>"


def test_a_closed_library_says_so(demo_index: Path) -> None:
    library = mmsearch.open(demo_index)
    library.close()
    library.close()
    assert library.closed
    for call in (
        lambda: library.search("a cat"),
        lambda: library.ask("why?"),
        lambda: library.recommend("#1"),
        lambda: library.tag(["cat"]),
        lambda: library.duplicates(),
        lambda: library.statistics(),
        lambda: library.fields(),
        lambda: library.find("#1"),
        lambda: library.refresh(),
    ):
        with pytest.raises(
            ClosedLibraryError, match=r"this library is closed: open it again with mmsearch\.open"
        ):
            call()
    assert issubclass(ClosedLibraryError, ValueError)


def test_an_overview_tells_what_statistics_and_fields_do(demo_index: Path) -> None:
    with mmsearch.open(demo_index) as library:
        overview = library.overview()
        assert overview.statistics == library.statistics()
        assert overview.fields == library.fields()
        assert set(overview.encoders) == {"pocket"}
        assert overview.size > 100_000
