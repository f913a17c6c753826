from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.vectors import VectorShards

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.types import Vectors

DIMENSION = 4


def unit(count: int, seed: int = 0) -> Vectors:
    drawn = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def shards(folder: Path, rows: int = 0) -> VectorShards:
    return VectorShards(folder, "image", DIMENSION, rows=rows, shard_rows=10)


def test_what_is_appended_is_read_back_to_half_precision(tmp_path: Path) -> None:
    vectors = unit(37)
    with shards(tmp_path / "new" / "folder") as written:
        assert [written.append(vectors[:4]), written.append(vectors[4:4]), written.append(vectors[4:])] == [
            0,
            4,
            4,
        ]
        written.sync()
        assert written.rows == 37
        rows = np.array([36, 0, 9, 10, 0])
        np.testing.assert_array_equal(written.read(rows), vectors[rows].astype(np.float16).astype(np.float32))
    with shards(tmp_path / "new" / "folder", rows=37) as reopened:
        assert reopened.read(rows).dtype == np.float32
        np.testing.assert_array_equal(reopened.read(rows), vectors[rows].astype(np.float16))


def test_files_have_a_fixed_capacity(tmp_path: Path) -> None:
    with shards(tmp_path) as written:
        written.append(unit(25))
    sizes = {file.name: file.stat().st_size // (2 * DIMENSION) for file in tmp_path.iterdir()}
    assert sizes == {"image-0.f16": 10, "image-1.f16": 10, "image-2.f16": 5}


def test_blocks_are_memory_maps_of_each_file(tmp_path: Path) -> None:
    vectors = unit(25)
    with shards(tmp_path) as written:
        written.append(vectors)
        blocks = list(written.blocks())
    assert [(first, block.shape) for first, block in blocks] == [(0, (10, 4)), (10, (10, 4)), (20, (5, 4))]
    assert all(isinstance(block, np.memmap) and block.dtype == np.float16 for _, block in blocks)
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), vectors.astype(np.float16))
    with pytest.raises(ValueError, match="read-only"):
        blocks[0][1][0, 0] = 1


def test_no_rows_are_no_blocks(tmp_path: Path) -> None:
    empty = shards(tmp_path)
    assert list(empty.blocks()) == []
    assert empty.read(np.array([], dtype=np.int64)).shape == (0, DIMENSION)


@pytest.mark.parametrize("garbage", [1, 2 * DIMENSION * 3 + 1, 2 * DIMENSION * 10])
def test_garbage_of_a_crashed_run_is_overwritten(tmp_path: Path, garbage: int) -> None:
    vectors = unit(12)
    with shards(tmp_path) as crashed:
        crashed.append(vectors[:7])
    with (tmp_path / "image-0.f16").open("ab") as file:
        file.write(b"\xff" * garbage)
    (tmp_path / "image-1.f16").write_bytes(b"\xff" * 100)
    (tmp_path / "image-notes.f16").write_text("not ours")
    with shards(tmp_path, rows=7) as resumed:
        assert resumed.append(vectors[7:]) == 7
        np.testing.assert_array_equal(resumed.read(np.arange(12)), vectors.astype(np.float16))
    assert (tmp_path / "image-1.f16").stat().st_size == 2 * 2 * DIMENSION
    assert (tmp_path / "image-notes.f16").exists()


def test_a_reader_keeps_what_it_saw_while_rows_are_added(tmp_path: Path) -> None:
    vectors = unit(15)
    with shards(tmp_path) as written:
        written.append(vectors[:8])
        reader = shards(tmp_path, rows=8)
        [(_, block)] = reader.blocks()
        written.append(vectors[8:])
        np.testing.assert_array_equal(block, vectors[:8].astype(np.float16))
        assert reader.rows == 8
        with pytest.raises(ValueError, match="between 0 and 7"):
            reader.read(np.array([8]))


@pytest.mark.parametrize(
    "vectors",
    [
        np.ones((1, DIMENSION)),
        np.full((1, DIMENSION), np.nan),
        np.zeros((2, DIMENSION)),
        unit(1)[:, :3],
        unit(1)[0],
    ],
)
def test_vectors_that_are_not_unit_rows_are_refused(tmp_path: Path, vectors: Vectors) -> None:
    with shards(tmp_path) as written, pytest.raises(ValueError, match=r"unit length|must be \(n, 4\)"):
        written.append(vectors.astype(np.float32))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_or_short_shard_is_named_with_the_command_that_mends_it(tmp_path: Path) -> None:
    with shards(tmp_path) as written:
        written.append(unit(15))
    os.truncate(tmp_path / "image-0.f16", 2 * DIMENSION * 9)
    with pytest.raises(
        IndexDirectoryError, match=r"image-0\.f16 is too short \(9 of 10 rows\); .*check --repair"
    ):
        shards(tmp_path, rows=15)
    (tmp_path / "image-0.f16").unlink()
    with pytest.raises(IndexDirectoryError, match=r"image-0\.f16 is missing; .*check --repair"):
        shards(tmp_path, rows=15)


def test_a_full_disk_appends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit(15)
    written = shards(tmp_path)
    written.append(vectors[:3])
    pwrite = os.pwrite

    def half_then_full(handle: int, data: memoryview, offset: int) -> int:
        if offset > 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(handle, data[: len(data) // 2], offset)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", half_then_full)
        with pytest.raises(IndexDirectoryError, match="the disk is full"):
            written.append(vectors[3:])
    assert written.rows == 3
    assert written.append(vectors[3:]) == 3
    np.testing.assert_array_equal(written.read(np.arange(15)), vectors.astype(np.float16))


def test_rows_can_be_cut_but_not_invented(tmp_path: Path) -> None:
    with shards(tmp_path) as written:
        written.append(unit(15))
        written.truncate(10)
        assert [file.name for file in tmp_path.iterdir()] == ["image-0.f16"]
        with pytest.raises(ValueError, match="there are 10 rows"):
            written.truncate(11)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=6), st.integers(0, 2**31))
def test_any_sequence_of_appends_is_one_array(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    vectors = unit(sum(counts), seed)
    with shards(folder) as written:
        for count in counts:
            first = written.rows
            assert written.append(vectors[first : first + count]) == first
    rows = np.random.default_rng(seed).permutation(len(vectors))
    np.testing.assert_array_equal(shards(folder, len(vectors)).read(rows), vectors[rows].astype(np.float16))
