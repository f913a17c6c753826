"""Pages, frames and sounds by child processes: as they are here, and what ends a child ends nothing else."""

from __future__ import annotations

import io
import os
import signal
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.shared import made_documents as made
from mmsearch.errors import MediaError
from mmsearch.media.isolation import lookup
from mmsearch.media.isolation.lookup import end_idle_children, isolated_picture_at, isolated_sound
from mmsearch.media.limits import Limits
from mmsearch.media.places import picture_at
from mmsearch.types import Locator

LIMITS = Limits(max_seconds=20)


def red() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (300, 200), (200, 10, 10)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    pytest.importorskip("pypdfium2", reason="PDF files come with the extra documents")
    made.pdf([["A page."], []], tmp_path / "a.pdf", pictures={2: red()})
    return tmp_path / "a.pdf"


@pytest.fixture(autouse=True)
def alone() -> None:
    end_idle_children()


def children() -> list[int]:
    return [child.process.pid for kept in lookup._idle.values() for child in kept]


def test_a_page_is_drawn_elsewhere_as_it_is_here(pdf: Path) -> None:
    place = Locator("page", 2)
    assert isolated_picture_at(pdf, place, LIMITS, 400) == picture_at(pdf, place, LIMITS, 400)
    [one] = children()
    with pytest.raises(MediaError, match="has no page 3"):
        isolated_picture_at(pdf, Locator("page", 3), LIMITS, 400)
    assert children() == [one]


def test_a_picture_file_needs_no_child(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(red())
    assert isolated_picture_at(tmp_path / "a.png", Locator(), LIMITS, 400)[0] == red()
    assert not children()


def test_pictures_within_documents_are_as_they_lie_there(tmp_path: Path) -> None:
    pytest.importorskip("kreuzberg", reason="letters come with the extra documents")
    (tmp_path / "a.eml").write_bytes(made.eml("A letter", "See below.", {"red.png": red()}))
    data, key = isolated_picture_at(tmp_path / "a.eml", Locator("attachment", 1), LIMITS, 400)
    assert data == red()
    assert isolated_picture_at(tmp_path / "a.eml", Locator("attachment", 1), LIMITS, 100)[1] == key
    with pytest.raises(MediaError, match="nothing is shown at attachment:2"):
        isolated_picture_at(tmp_path / "a.eml", Locator("attachment", 2), LIMITS, 400)


def test_a_child_that_was_killed_is_replaced(pdf: Path) -> None:
    place = Locator("page", 1)
    before = isolated_picture_at(pdf, place, LIMITS, 100)
    [first] = children()
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    assert isolated_picture_at(pdf, place, LIMITS, 100) == before
    assert children() != [first]


def test_what_outlasts_its_time_is_given_up(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="sounds come with the extra sound")
    os.mkfifo(tmp_path / "a.wav")
    with pytest.raises(MediaError):
        list(isolated_sound(tmp_path / "a.wav", 16_000, Limits(max_seconds=3)))


def test_threads_have_children_of_their_own(pdf: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: isolated_picture_at(pdf, Locator("page", 2), LIMITS, 200), range(8)))
    assert len({data for data, _ in found}) == 1
    assert 1 <= len(children()) <= max(1, lookup.cores())


def test_sound_comes_in_pieces_and_whoever_stops_listening_stops_the_child(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="sounds come with the extra sound")
    tone = np.sin(np.arange(100 * 16_000) / 7).astype(np.float32) / 2
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((tone * 32_767).astype("<i2").tobytes())
    pieces = list(isolated_sound(tmp_path / "a.wav", 16_000, LIMITS))
    assert [piece.size for piece in pieces] == [480_000, 480_000, 480_000, 160_000]
    assert np.abs(np.concatenate(pieces) - tone).max() < 0.001
    assert len(children()) == 1
    some = isolated_sound(tmp_path / "a.wav", 16_000, LIMITS)
    next(some)
    some.close()  # type: ignore[attr-defined]
    assert not children()
