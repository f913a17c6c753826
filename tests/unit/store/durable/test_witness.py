"""An index that lacks its log, or whose catalogue has changed on the disk, is told from a whole one."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.check import check, repair
from mmsearch.store.directory import IndexDirectory
from mmsearch.store.durable.witness import Witness
from mmsearch.store.header import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def written(directory: IndexDirectory) -> Iterator[IndexDirectory]:
    """An index whose last commits are in the log, as while a run goes on, or after it was killed."""
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        catalogue.remove(catalogue.find("c.txt"))
        yield directory


def copied(index: IndexDirectory, to: Path, *leave_out: str) -> Path:
    shutil.copytree(index.path, to, ignore=lambda _, names: [name for name in names if name in leave_out])
    return to


def paths(index: Path) -> list[str]:
    with Catalogue.open(index / "catalogue.sqlite") as catalogue:
        return [item.path for item in catalogue.items(catalogue.select_items())]


def test_a_copy_without_the_log_is_refused_with_the_reason(written: IndexDirectory, tmp_path: Path) -> None:
    copy = copied(written, tmp_path / "copy", "catalogue.sqlite-wal", "catalogue.sqlite-shm")
    for write in (False, True):
        with pytest.raises(
            IndexDirectoryError, match=r"older than the index around it.*-wal.*check --repair"
        ):
            Catalogue.open(copy / "catalogue.sqlite", write=write)
    [problem] = check(copy)
    assert problem.file == "generation"
    assert "damaged" not in problem.what
    repair(copy)
    assert check(copy) == []
    assert "c.txt" in paths(copy), "it goes on from what is there"


def test_a_copy_with_the_log_is_that_of_the_last_commit(written: IndexDirectory, tmp_path: Path) -> None:
    assert "c.txt" not in paths(copied(written, tmp_path / "both"))
    assert "c.txt" not in paths(copied(written, tmp_path / "log alone", "catalogue.sqlite-shm"))


def test_an_empty_log_holds_nothing(written: IndexDirectory, tmp_path: Path) -> None:
    copy = copied(written, tmp_path / "copy", "catalogue.sqlite-wal", "catalogue.sqlite-shm")
    (copy / "catalogue.sqlite-wal").touch()
    with pytest.raises(IndexDirectoryError, match="older than the index around it"):
        Catalogue.open(copy / "catalogue.sqlite")


def test_what_a_power_cut_took_from_the_log_is_no_reason_to_refuse(written: IndexDirectory) -> None:
    with Catalogue.open(written.catalogue_path) as catalogue:
        generation = catalogue.generation()
    Witness(written.catalogue_path).committed(generation + 2)
    with Catalogue.open(written.catalogue_path) as catalogue:
        assert catalogue.generation() == generation


def test_the_log_is_folded_in_though_somebody_has_the_index_open(written: IndexDirectory) -> None:
    with Catalogue.open(written.catalogue_path), Catalogue.open(written.catalogue_path, write=True) as writer:
        writer.add_corpus("/other")
        writer.close()
        assert (written.path / "catalogue.sqlite-wal").stat().st_size == 0
        assert (written.path / "checksums.json").exists()


def test_any_changed_byte_of_a_closed_catalogue_is_found(directory: IndexDirectory) -> None:
    whole = directory.catalogue_path.read_bytes()
    for place in range(100, len(whole), 997):
        data = bytearray(whole)
        data[place] ^= 1
        directory.catalogue_path.write_bytes(data)
        assert check(directory.path), f"byte {place}"
    directory.catalogue_path.write_bytes(whole)
    assert check(directory.path) == []


def test_while_a_writer_is_at_work_there_are_no_checksums(directory: IndexDirectory) -> None:
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        assert (directory.path / "checksums.json").exists(), "nothing was changed yet"
        catalogue.add_corpus("/other")
        assert not (directory.path / "checksums.json").exists()
        assert check(directory.path) == []
        directory.write_manifest(Manifest.of(catalogue))
    assert check(directory.path) == []
    assert (directory.path / "checksums.json").exists()


def test_an_index_of_an_earlier_mmsearch_has_no_witness_and_is_believed(directory: IndexDirectory) -> None:
    for name in ("generation", "checksums.json"):
        (directory.path / name).unlink()
    assert check(directory.path) == []
    assert len(paths(directory.path)) == 6


def test_after_a_salvage_the_catalogue_may_be_of_an_earlier_generation(directory: IndexDirectory) -> None:
    connection = sqlite3.connect(directory.catalogue_path)
    connection.execute("UPDATE state SET value = 0")
    connection.commit()
    connection.close()
    assert check(directory.path)
    repair(directory.path)
    assert check(directory.path) == []


def test_a_number_that_a_flipped_bit_made_is_not_believed(directory: IndexDirectory) -> None:
    file = directory.path / "generation"
    whole = file.read_bytes()
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        file.write_bytes(data)
        assert len(paths(directory.path)) == 6
        with pytest.raises(ValueError, match=r"checksum|invalid literal"):
            Witness(directory.catalogue_path).last()
    assert [problem.file for problem in check(directory.path)] == ["generation"]
    repair(directory.path)
    assert check(directory.path) == []
    assert file.read_bytes() == whole


def test_a_damaged_witness_is_mended(directory: IndexDirectory, monkeypatch: Any) -> None:
    file = directory.path / "checksums.json"
    data = bytearray(file.read_bytes())
    data[40] ^= 4
    file.write_bytes(data)
    assert [problem.file for problem in check(directory.path)] == ["checksums.json"]
    repair(directory.path)
    assert check(directory.path) == []
