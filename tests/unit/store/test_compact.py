from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.check import check
from mmsearch.store.compact import compact

if TYPE_CHECKING:
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.types import Modality, Vectors


def contents(
    directory: IndexDirectory,
) -> dict[tuple[Modality, int], tuple[str, str | None, tuple[float, ...]]]:
    """Every item with its path, text and vector."""
    found = {}
    with Catalogue.open(directory.catalogue_path) as catalogue:
        for record in catalogue.encoders():
            for modality in record.modalities:
                ids, rows = catalogue.embeddings(record.encoder_id, modality)
                with directory.shards(record, modality, rows=int(rows.max(initial=-1)) + 1) as shards:
                    vectors: Vectors = shards.read(rows)
                for item, vector in zip(catalogue.items(ids), vectors, strict=True):
                    found[modality, item.item_id] = (item.path, item.text, tuple(vector.tolist()))
    return found


def test_compaction_drops_tombstones_and_changes_nothing_else(directory: IndexDirectory) -> None:
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        catalogue.remove(catalogue.find("a.jpg"))
    before = contents(directory)

    with directory.write_lock():
        result = compact(directory)

    assert result.tombstones == 2
    assert result.bytes_after < result.bytes_before
    assert contents(directory) == before
    assert check(directory.path) == []
    [encoder] = directory.manifest().encoders
    assert encoder.folder == "pocket-aaaaaaaaaaaa.2"
    assert dict(encoder.rows) == {"image": 1, "text": 3}
    assert [folder.name for folder in (directory.path / "vectors").iterdir()] == [encoder.folder]
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.statistics().tombstones == 0
        assert catalogue.matching_items("dogs").size == 1


def test_compacting_twice_rewrites_nothing(directory: IndexDirectory) -> None:
    with directory.write_lock():
        compact(directory)
        assert compact(directory).tombstones == 0
    [encoder] = directory.manifest().encoders
    assert encoder.folder == "pocket-aaaaaaaaaaaa"


def test_folders_are_counted(directory: IndexDirectory) -> None:
    for name, folder in (("a.jpg", ".2"), ("b.jpg", ".3")):
        with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
            catalogue.remove(catalogue.find(name))
        with directory.write_lock():
            compact(directory)
        assert directory.manifest().encoders[0].folder == "pocket-aaaaaaaaaaaa" + folder


def test_everything_removed_leaves_an_empty_index(directory: IndexDirectory) -> None:
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        catalogue.remove([1, 2, 3])
    with directory.write_lock():
        assert compact(directory).tombstones == 6
    assert contents(directory) == {}
    assert check(directory.path) == []
    assert list(directory.path.rglob("*.f16")) == []


def test_a_reader_of_the_old_state_goes_on(directory: IndexDirectory) -> None:
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        [record] = catalogue.encoders()
        catalogue.remove([1])
        _, rows = catalogue.embeddings(record.encoder_id, "image")
    with directory.shards(record, "image", rows=2) as shards:
        [(_, block)] = shards.blocks()
        before = block[rows].copy()
        with directory.write_lock():
            compact(directory)
        np.testing.assert_array_equal(block[rows], before)


@pytest.mark.parametrize("summed", [True, False])
def test_damaged_vectors_are_not_carried_over(directory: IndexDirectory, summed: bool) -> None:
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        catalogue.remove([1])
        if not summed:  # as in an index of an earlier mmsearch
            for modality in ("image", "text"):
                catalogue.replace_checksums(1, modality, ())
    with (directory.path / "vectors" / "pocket-aaaaaaaaaaaa" / "text-0.f16").open("r+b") as file:
        file.seek(2 * 8)
        file.write(b"\xff" * 16)
    with directory.write_lock(), pytest.raises(IndexDirectoryError, match="check --repair"):
        compact(directory)
    assert len(check(directory.path)) == 1


def test_a_full_disk_leaves_the_index_whole(
    directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def full(*arguments: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        catalogue.remove([1])
    before = contents(directory)
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(IndexDirectoryError, match="the disk is full"):
            compact(directory)
    assert contents(directory) == before
    assert check(directory.path) == []


def test_compaction_copies_compressed_rows_as_they_are(compressed: IndexDirectory) -> None:
    with Catalogue.open(compressed.catalogue_path, write=True) as catalogue:
        catalogue.remove(catalogue.find("a.jpg"))
    before = contents(compressed)
    with compressed.write_lock():
        compact(compressed)
    assert contents(compressed) == before
    assert check(compressed.path) == []
    [encoder] = compressed.manifest().encoders
    assert encoder.folder == "pocket-aaaaaaaaaaaa.2"
