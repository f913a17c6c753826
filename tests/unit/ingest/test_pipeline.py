from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from mmsearch.encoders.registry import load_encoder
from mmsearch.ingest.pipeline import IndexOptions, IndexReport, Progress, update
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.directory import IndexDirectory
from mmsearch.types import Modality, PictureSpec

if TYPE_CHECKING:
    from mmsearch.types import Images, Vectors


@pytest.fixture
def directory(tmp_path: Path) -> IndexDirectory:
    return IndexDirectory.create(tmp_path / "index")


def run(corpus: Path, directory: IndexDirectory, options: IndexOptions | None = None) -> IndexReport:
    with directory.write_lock():
        return update(corpus, directory, load_encoder(), options)


def test_a_first_run_encodes_everything_and_a_second_one_nothing(
    small_corpus: Path, directory: IndexDirectory
) -> None:
    first = run(small_corpus, directory)
    second = run(small_corpus, directory)
    assert (first.added, dict(first.encoded)) == (5, {"image": 3, "text": 2})
    assert (second.added, second.unchanged, dict(second.encoded)) == (0, 5, {})


def test_a_renamed_file_keeps_its_ids_and_is_not_encoded_again(
    small_corpus: Path, directory: IndexDirectory
) -> None:
    run(small_corpus, directory)
    with Catalogue.open(directory.catalogue_path) as catalogue:
        before = catalogue.find("coffee.png")
    (small_corpus / "coffee.png").rename(small_corpus / "breakfast.png")
    report = run(small_corpus, directory)
    assert (report.renamed, report.added, report.removed, dict(report.encoded)) == (1, 0, 0, {})
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.find("breakfast.png") == before
        assert catalogue.find("coffee.png") == []


def test_a_copy_shares_the_vector_of_its_original(small_corpus: Path, directory: IndexDirectory) -> None:
    run(small_corpus, directory)
    shutil.copyfile(small_corpus / "coffee.png", small_corpus / "copy.png")
    report = run(small_corpus, directory)
    assert (report.added, report.reused, dict(report.encoded)) == (1, 1, {})


def test_copies_that_come_in_one_batch_are_stored_once(small_corpus: Path, directory: IndexDirectory) -> None:
    shutil.copyfile(small_corpus / "coffee.png", small_corpus / "copy.png")
    report = run(small_corpus, directory)
    assert report.encoded["image"] == 3


def test_a_deleted_file_is_removed(small_corpus: Path, directory: IndexDirectory) -> None:
    run(small_corpus, directory)
    (small_corpus / "coffee.png").unlink()
    assert run(small_corpus, directory).removed == 1


def test_a_changed_text_is_encoded_again(small_corpus: Path, directory: IndexDirectory) -> None:
    run(small_corpus, directory)
    (small_corpus / "texts" / "tea.txt").write_text("Black tea needs boiling water.\n", encoding="utf-8")
    report = run(small_corpus, directory)
    assert (report.updated, dict(report.encoded)) == (1, {"text": 1})


def test_verify_finds_a_change_that_kept_size_and_time(small_corpus: Path, directory: IndexDirectory) -> None:
    path = small_corpus / "texts" / "tea.txt"
    run(small_corpus, directory)
    status = path.stat()
    with path.open("r+b") as file:
        file.write(b"White")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert run(small_corpus, directory).unchanged == 5
    assert run(small_corpus, directory, IndexOptions(verify=True)).encoded == {"text": 1}


def test_one_bad_file_is_listed_and_the_others_go_on(small_corpus: Path, directory: IndexDirectory) -> None:
    whole = (small_corpus / "rocket.jpg").read_bytes()
    (small_corpus / "half.jpg").write_bytes(whole[: len(whole) // 2])
    report = run(small_corpus, directory)
    assert report.added == 5
    assert [entry.path for entry in report.skipped] == ["half.jpg"]
    assert "truncated" in report.skipped[0].reason


def test_a_file_that_became_unreadable_keeps_what_was_indexed(
    small_corpus: Path, directory: IndexDirectory
) -> None:
    run(small_corpus, directory)
    (small_corpus / "rocket.jpg").write_bytes(b"")
    report = run(small_corpus, directory)
    assert (report.removed, len(report.skipped)) == (0, 1)
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.find("rocket.jpg")


def test_indexing_one_file_leaves_the_others_alone(small_corpus: Path, directory: IndexDirectory) -> None:
    run(small_corpus, directory)
    report = run(small_corpus / "coffee.png", directory)
    assert (report.removed, report.unchanged) == (0, 1)


def test_progress_ends_at_the_total(small_corpus: Path, directory: IndexDirectory) -> None:
    seen: list[Progress] = []
    run(small_corpus, directory, IndexOptions(progress=seen.append))
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, 5, 5)


class Counting:
    """Pocket's shape with vectors that cost nothing, and a count of how many pictures are under way."""

    name, dimension, parallel = "counting", 8, True
    fingerprint = "0" * 64
    picture = PictureSpec(16)
    modalities: frozenset[Modality] = frozenset(("image", "text"))

    def __init__(self) -> None:
        self.lock, self.largest = threading.Lock(), 0

    def encode_images(self, batch: Images) -> Vectors:
        with self.lock:
            self.largest = max(self.largest, len(batch))
        return self._units(len(batch))

    def encode_texts(self, batch: list[str]) -> Vectors:
        return self._units(len(batch))

    def bank(self, modality: Modality) -> None:
        return None

    def prior(self, query: Modality, item: Modality) -> None:
        return None

    def _units(self, n: int) -> Vectors:
        vectors = np.zeros((n, self.dimension), np.float32)
        vectors[:, 0] = 1
        return vectors


def test_a_batch_stays_small_however_large_the_corpus(tmp_path: Path, directory: IndexDirectory) -> None:
    corpus = tmp_path / "many"
    corpus.mkdir()
    for n in range(200):
        Image.new("RGB", (8, 8), (n, 255 - n, 7)).save(corpus / f"{n:03}.png")
    encoder = Counting()
    with directory.write_lock():
        report = update(corpus, directory, encoder)
    assert report.encoded == {"image": 200}
    assert encoder.largest <= 32
