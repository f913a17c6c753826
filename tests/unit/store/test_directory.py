from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mmsearch.errors import IndexDirectoryError, IndexFormatError, IndexLockedError
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.check import check, repair
from mmsearch.store.directory import IndexDirectory, Manifest
from mmsearch.store.durable.sealed import unsealed
from mmsearch.store.header import FORMAT
from tests.unit.store.older import made_older

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_index_can_be_opened(tmp_path: Path) -> None:
    made = IndexDirectory.create(tmp_path / "deep" / "index")
    opened = IndexDirectory.open(tmp_path / "deep" / "index")
    assert opened.manifest() == made.manifest()
    assert opened.manifest().encoders == ()
    with Catalogue.open(opened.catalogue_path) as catalogue:
        assert catalogue.corpora() == []


def test_creating_an_index_that_is_there_opens_it(directory: IndexDirectory) -> None:
    before = directory.manifest()
    assert IndexDirectory.create(directory.path).manifest() == before


@pytest.mark.parametrize("left", [[], ["lock"], ["lock", "catalogue.sqlite"], [".DS_Store"]])
def test_an_index_whose_making_was_cut_short_is_made(tmp_path: Path, left: list[str]) -> None:
    for name in left:
        (tmp_path / name).touch()
    IndexDirectory.create(tmp_path)
    IndexDirectory.open(tmp_path)


@pytest.mark.parametrize("left", [0, 4096])
def test_an_index_that_was_begun_says_one_thing_whoever_asks_and_that_works(
    tmp_path: Path, left: int
) -> None:
    """What a disk that was full from the beginning leaves: SQLite's header, or nothing of it."""
    connection = sqlite3.connect(tmp_path / "catalogue.sqlite")
    if left:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    assert (tmp_path / "catalogue.sqlite").stat().st_size == left
    for action in (IndexDirectory.open, check, repair):
        with pytest.raises(IndexDirectoryError, match=r"nothing is stored in it yet .*mmsearch index CORPUS"):
            action(tmp_path)
    IndexDirectory.create(tmp_path)
    assert check(tmp_path) == []


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(IndexFormatError, match=r"thesis\.doc"):
        IndexDirectory.create(tmp_path)
    with pytest.raises(IndexFormatError, match="is a file"):
        IndexDirectory.create(tmp_path / "thesis.doc")
    with pytest.raises(IndexFormatError, match="holds no index"):
        IndexDirectory.open(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.doc"]


def test_no_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(IndexDirectoryError, match=r"mmsearch index CORPUS --index .*nowhere"):
        IndexDirectory.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_newer_index_is_refused(directory: IndexDirectory) -> None:
    manifest = directory.path / "manifest.json"
    manifest.write_text(json.dumps({**unsealed(manifest.read_bytes()), "format": FORMAT + 1, "new": []}))
    with pytest.raises(IndexFormatError, match="newer mmsearch"):
        IndexDirectory.open(directory.path)
    with pytest.raises(IndexFormatError, match="newer mmsearch"):
        IndexDirectory.create(directory.path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 0}', '{"format": 1}', '{"format": 1, "encoders": 3}', "\0"]
)
def test_a_damaged_manifest_is_named_with_the_command_that_mends_it(
    directory: IndexDirectory, text: str
) -> None:
    (directory.path / "manifest.json").write_text(text)
    with pytest.raises(IndexDirectoryError, match=r"manifest\.json is damaged; .*check --repair"):
        IndexDirectory.open(directory.path)


@pytest.mark.parametrize("name", ["manifest.json", "catalogue.sqlite"])
def test_a_missing_file_is_named_with_the_command_that_mends_it(directory: IndexDirectory, name: str) -> None:
    (directory.path / name).unlink()
    with pytest.raises(IndexDirectoryError, match=rf"{name} is missing; .*check --repair"):
        IndexDirectory.open(directory.path)


def test_the_manifest_tells_what_the_catalogue_holds(directory: IndexDirectory) -> None:
    manifest = directory.manifest()
    [encoder] = manifest.encoders
    assert (encoder.name, encoder.dimension, encoder.fingerprint) == ("pocket", 8, "a" * 64)
    assert dict(encoder.rows) == {"image": 2, "text": 4}
    assert (directory.path / "vectors" / encoder.folder).is_dir()
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert Manifest.of(catalogue) == manifest
        assert manifest.generation == catalogue.generation()
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_a_second_writer_is_turned_away_at_once(directory: IndexDirectory) -> None:
    with directory.write_lock():
        for _ in range(2):
            with (
                pytest.raises(IndexLockedError, match=rf"pid {os.getpid()}\) is writing"),
                directory.write_lock(),
            ):
                pass
    with directory.write_lock():
        pass


def test_another_process_is_turned_away_too(directory: IndexDirectory) -> None:
    script = """
import sys
from pathlib import Path
from mmsearch.errors import IndexLockedError
from mmsearch.store.directory import IndexDirectory
try:
    with IndexDirectory(Path(sys.argv[1])).write_lock():
        print("got it")
except IndexLockedError as error:
    print(error)
"""
    command = [sys.executable, "-c", script, str(directory.path)]
    with directory.write_lock():
        refused = subprocess.run(command, capture_output=True, text=True, check=True)
    allowed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"(pid {os.getpid()}) is writing" in refused.stdout
    assert allowed.stdout == "got it\n"


def test_backgrounds_come_back_and_damaged_ones_are_none(directory: IndexDirectory) -> None:
    assert directory.read_backgrounds() == {}
    directory.write_backgrounds({"pocket/text-image": {"mu": 0.1}})
    assert directory.read_backgrounds() == {"pocket/text-image": {"mu": 0.1}}
    for text in ("{", "[]"):
        (directory.path / "backgrounds.json").write_text(text)
        assert directory.read_backgrounds() == {}


def test_a_failed_write_leaves_the_old_file(
    directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = directory.manifest()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(IndexDirectoryError, match="the disk is full"):
            directory.write_manifest(Manifest(1, "0", 99, ()))
    assert directory.manifest() == before
    assert not list(directory.path.glob("*.partial"))


def test_sweeping_takes_what_nobody_points_to(directory: IndexDirectory) -> None:
    [encoder] = directory.manifest().encoders
    for parent in ("vectors", "ann"):
        (directory.path / parent / "left-over.2").mkdir(parents=True)
    (directory.path / "manifest.json.partial").touch()
    directory.sweep([encoder.folder])
    assert [entry.name for entry in (directory.path / "vectors").iterdir()] == [encoder.folder]
    assert list((directory.path / "ann").iterdir()) == []
    assert not (directory.path / "manifest.json.partial").exists()


def test_the_size_is_that_of_all_files(directory: IndexDirectory) -> None:
    files = [file for file in directory.path.rglob("*") if file.is_file()]
    assert directory.size() == sum(file.stat().st_size for file in files)


# --- an index of the first format, in which all vectors were halves -----------------------------------------


@pytest.fixture
def first_format(directory: IndexDirectory) -> IndexDirectory:
    manifest = json.loads((directory.path / "manifest.json").read_text())
    del manifest["checksum"]
    for encoder in manifest["encoders"]:
        del encoder["precision"]
    (directory.path / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    made_older(directory.catalogue_path, 1)
    return directory


def test_an_index_of_the_first_format_is_read_as_it_is(first_format: IndexDirectory) -> None:
    before = {file: file.read_bytes() for file in first_format.path.rglob("*") if file.is_file()}
    opened = IndexDirectory.open(first_format.path)
    assert [encoder.precision for encoder in opened.manifest().encoders] == ["float16"]
    with Catalogue.open(opened.catalogue_path) as catalogue:
        [record] = catalogue.encoders()
        assert record.precision == "float16"
        with opened.shards(record, "text", rows=4) as shards:
            assert shards.read(np.arange(4)).shape == (4, record.dimension)
    kept = {file: file.read_bytes() for file in before}
    assert kept == before


def test_writing_brings_an_index_of_the_first_format_up_to_date(first_format: IndexDirectory) -> None:
    with (
        first_format.write_lock(),
        Catalogue.open(first_format.catalogue_path, write=True) as catalogue,
    ):
        first_format.write_manifest(Manifest.of(catalogue))
        [record] = catalogue.encoders()
    assert record.precision == "float16"
    assert json.loads((first_format.path / "manifest.json").read_text())["format"] == FORMAT
    assert check(first_format.path) == []


def test_a_damaged_catalogue_of_the_first_format_can_be_salvaged(first_format: IndexDirectory) -> None:
    with first_format.catalogue_path.open("r+b") as file:
        file.seek(file.seek(0, os.SEEK_END) // 4096 * 4096 - 4096)
        file.write(b"\xff" * 4096)
    assert repair(first_format.path)
    with Catalogue.open(first_format.catalogue_path) as catalogue:
        assert [record.precision for record in catalogue.encoders()] == ["float16"]


def test_a_manifest_of_an_unknown_precision_is_damaged(directory: IndexDirectory) -> None:
    manifest = directory.path / "manifest.json"
    listed = json.dumps(unsealed(manifest.read_bytes()))
    manifest.write_text(listed.replace('"float16"', '"float12"'))
    with pytest.raises(IndexDirectoryError, match="is damaged"):
        directory.manifest()
