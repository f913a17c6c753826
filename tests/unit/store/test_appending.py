"""Checksums stay in step with the rows, whatever was killed, dropped or never had any."""

from __future__ import annotations

import os
import sqlite3
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.appending import open_for_appending
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.check import check
from mmsearch.store.durable.checksums import CENTER
from tests.unit.store.older import made_older

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.directory import IndexDirectory

FILE = "vectors/pocket-aaaaaaaaaaaa/text-0.f16"


@pytest.fixture
def opened(directory: IndexDirectory) -> Iterator[tuple[IndexDirectory, Catalogue, EncoderRecord]]:
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        yield directory, catalogue, catalogue.encoders()[0]


def test_the_checksum_is_that_of_the_rows_in_the_file(opened: Any) -> None:
    directory, catalogue, record = opened
    data = (directory.path / FILE).read_bytes()
    assert [tuple(one) for one in catalogue.checksums(record.encoder_id, "text").values()] == [
        (0, 4, zlib.crc32(data))
    ]


def test_what_a_killed_run_left_is_cut_off_and_changes_no_checksum(
    opened: Any, vector_of_row: Callable[..., Any]
) -> None:
    directory, catalogue, record = opened
    before = catalogue.checksums(record.encoder_id, "text")
    with open_for_appending(directory, catalogue, record, "text") as shards:
        shards.append(vector_of_row(np.arange(3), "text"))
    assert check(directory.path) == []
    open_for_appending(directory, catalogue, record, "text").close()
    assert (directory.path / FILE).stat().st_size == 4 * 16
    assert catalogue.checksums(record.encoder_id, "text") == before


def test_rows_of_an_older_index_get_checksums_from_the_next_run(directory: IndexDirectory) -> None:
    with sqlite3.connect(directory.catalogue_path) as connection:
        [stored] = connection.execute("SELECT count(*), sum(crc) FROM checksums").fetchall()
    connection.close()
    made_older(directory.catalogue_path, 4)
    (directory.path / "checksums.json").unlink()
    assert check(directory.path) == []
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        [record] = catalogue.encoders()
        for modality in record.modalities:
            open_for_appending(directory, catalogue, record, modality).close()
        again = [one for m in record.modalities for one in catalogue.checksums(record.encoder_id, m).values()]
    assert (len(again), sum(one.crc for one in again)) == stored


def test_rows_that_the_catalogue_gave_up_are_taken_out_of_the_checksum_first(opened: Any) -> None:
    directory, catalogue, record = opened
    catalogue.drop_vectors(record.encoder_id, "text", np.array([2, 3]))
    open_for_appending(directory, catalogue, record, "text").close()
    [known] = catalogue.checksums(record.encoder_id, "text").values()
    assert known.rows == 2
    assert check(directory.path) == []


def test_nothing_is_appended_after_damaged_rows(opened: Any) -> None:
    directory, catalogue, record = opened
    data = bytearray((directory.path / FILE).read_bytes())
    data[5] ^= 1
    (directory.path / FILE).write_bytes(data)
    with pytest.raises(IndexDirectoryError, match=r"text-0\.f16 is damaged \(rows 0 to 3\).*check --repair"):
        open_for_appending(directory, catalogue, record, "text")


@pytest.mark.parametrize("compressed", ["binary"], indirect=True)
def test_a_center_that_is_not_the_one_of_the_rows_is_refused(compressed: IndexDirectory) -> None:
    file = compressed.path / "vectors" / "pocket-aaaaaaaaaaaa" / "text-center.f32"
    data = bytearray(file.read_bytes())
    data[1] ^= 4
    file.write_bytes(data)
    with Catalogue.open(compressed.catalogue_path) as catalogue:
        [record] = catalogue.encoders()
        assert set(catalogue.checksums(record.encoder_id, "text")) == {CENTER, 0}
        with pytest.raises(IndexDirectoryError, match=r"center\.f32 is missing or damaged"):
            compressed.shards(record, "text", rows=4)


def test_a_block_goes_on_in_a_new_process_as_in_an_old_one(
    opened: Any, vector_of_row: Callable[..., Any]
) -> None:
    directory, catalogue, record = opened
    for part in (3, 4090, 5000):  # up to the end of a block, and over it
        with open_for_appending(directory, catalogue, record, "image") as shards:
            first = shards.append(vector_of_row(np.arange(part)))
            shards.sync()
            listed = shards.checksums(first)
        with catalogue.transaction():
            known = catalogue.checksums(record.encoder_id, "image")
            known |= {one.block: one for one in listed}
            catalogue.replace_checksums(record.encoder_id, "image", known.values())
            rows = [(90_000 + row, record.encoder_id, "image", row) for row in range(first, first + part)]
            connection = catalogue._database.connection
            connection.executemany(
                "INSERT INTO contents (id, modality, key) VALUES (?, 'image', randomblob(32))",
                [row[:1] for row in rows],
            )
            connection.executemany("INSERT INTO vectors VALUES (?, ?, ?, ?)", rows)
    data = (directory.path / FILE.replace("text", "image")).read_bytes()
    assert os.path.getsize(directory.path / FILE.replace("text", "image")) == 9095 * 16
    assert [one.crc for one in known.values()] == [
        zlib.crc32(data[start : start + 4096 * 16]) for start in range(0, len(data), 4096 * 16)
    ]
    assert [one.rows for one in known.values()] == [4096, 4096, 903]
