"""Duplicates: pairs of near vectors, groups, and what is the same picture."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmsearch
from mmsearch.errors import UsageError
from mmsearch.search.duplicates import near
from mmsearch.search.duplicates.components import Components
from mmsearch.search.duplicates.near import near_pairs


def _groups(report: object) -> set[frozenset[str]]:
    return {frozenset(member.path for member in group.members) for group in report.groups}  # type: ignore[attr-defined]


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20))
def test_components_are_those_of_a_plain_search(pairs: list[tuple[int, int]]) -> None:
    components = Components(12)
    reach = np.eye(12, dtype=bool)
    for one, other in pairs:
        components.join(one, other)
        reach[one, other] = reach[other, one] = True
    for _ in range(12):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    expected = {tuple(np.flatnonzero(row).tolist()) for row in reach}
    assert {tuple(group) for group in components.groups(alone=True)} == expected


def test_pairs_are_the_same_in_small_blocks_and_by_the_whole_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    monkeypatch.setattr(near, "BLOCK", 7)
    found = {tuple(pair) for pairs in near_pairs(rows, 0.8) for pair in pairs.tolist()}
    assert found == {(i, j) for i in range(60) for j in range(i + 1, 60) if rows[i] @ rows[j] >= 0.8}


def test_of_many_neighbors_the_nearest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    angles = np.arange(50, dtype=np.float32) / 100
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    monkeypatch.setattr(near, "BLOCK", 8)
    monkeypatch.setattr(near, "NEIGHBORS", 3)
    found = sorted(tuple(pair) for pairs in near_pairs(rows, 0.5) for pair in pairs.tolist())
    assert found == [(i, j) for i in range(50) for j in range(i + 1, min(i + 4, 50))]


def test_equal_files_and_equal_texts_are_found_without_reading_them(
    small_corpus: Path, tmp_path: Path
) -> None:
    shutil.copyfile(small_corpus / "coffee.png", small_corpus / "again.png")
    shutil.copyfile(small_corpus / "texts" / "tea.txt", small_corpus / "tea.txt")
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        report = library.duplicates(exact_only=True)
    assert _groups(report) == {
        frozenset({"coffee.png", "again.png"}),
        frozenset({"tea.txt", "texts/tea.txt"}),
    }
    assert all(group.exact for group in report.groups)
    assert report.compared == 0
    assert report.groups[0].spare_bytes == (small_corpus / "coffee.png").stat().st_size


def test_a_smaller_and_a_cropped_copy_are_one_group_and_the_largest_comes_first(
    small_corpus: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pdqhash", reason="near-duplicates come with the extra duplicates")
    from PIL import Image

    whole = Image.open(small_corpus / "chelsea.png").convert("RGB")
    whole.resize((200, 150)).save(small_corpus / "small.jpg", quality=30)
    box = (0, 0, int(0.9 * whole.width), int(0.9 * whole.height))
    whole.crop(box).save(small_corpus / "cropped.jpg")
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        report = library.duplicates()
        assert _groups(report) == {frozenset({"chelsea.png", "small.jpg", "cropped.jpg"})}
        assert not report.groups[0].exact
        assert report.groups[0].members[0].path == "chelsea.png"
        assert library.duplicates(where="path:*.png").groups == ()
        assert library.duplicates(path=["*.png", "texts/**"]).groups == ()


def test_a_mirror_image_is_a_duplicate_only_when_asked_for(small_corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("pdqhash", reason="near-duplicates come with the extra duplicates")
    from PIL import Image, ImageOps

    ImageOps.mirror(Image.open(small_corpus / "chelsea.png").convert("RGB")).save(small_corpus / "mirror.png")
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        assert library.duplicates().groups == ()
        assert _groups(library.duplicates(mirrored=True)) == {frozenset({"chelsea.png", "mirror.png"})}


def test_a_file_that_has_gone_is_named_and_the_rest_is_compared(small_corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("pdqhash", reason="near-duplicates come with the extra duplicates")
    from PIL import Image

    for name in ("a.jpg", "b.jpg", "c.jpg"):
        quality = {"a": 90, "b": 60, "c": 30}[name[0]]
        Image.open(small_corpus / "chelsea.png").convert("RGB").save(small_corpus / name, quality=quality)
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        (small_corpus / "b.jpg").unlink()
        report = library.duplicates()
    assert [path for path, _ in report.unreadable] == ["b.jpg"]
    assert _groups(report) == {frozenset({"chelsea.png", "a.jpg", "c.jpg"})}


def test_an_unknown_field_is_an_error_of_the_request(library: mmsearch.Library) -> None:
    with pytest.raises(UsageError):
        library.duplicates(where="nowhere = 1", exact_only=True)


def test_a_picture_has_the_bits_of_its_compressed_copy_and_others_do_not(photographs: Path) -> None:
    pytest.importorskip("pdqhash", reason="near-duplicates come with the extra duplicates")
    from PIL import Image

    from mmsearch.search.duplicates.perceptual import different_bits, fingerprint
    from mmsearch.search.query.defaults import MOST_DIFFERENT_BITS

    file = BytesIO()
    Image.open(photographs / "coffee.png").convert("RGB").save(file, "JPEG", quality=20)
    coffee, other = fingerprint(photographs / "coffee.png"), fingerprint(photographs / "rocket.jpg")
    hashes = np.stack([fingerprint(file.getvalue()).hashes, other.hashes])
    bits = different_bits(np.stack([coffee.hashes] * 2), hashes, mirrored=False)
    assert bits[0] <= MOST_DIFFERENT_BITS / 2 < MOST_DIFFERENT_BITS < bits[1]
