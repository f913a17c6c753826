from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mmsearch.errors import IndexDirectoryError, IndexFormatError, IndexLockedError
from mmsearch.store.catalogue import database
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.migrations import APPLICATION_ID, SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_catalogue_has_the_latest_schema(catalogue: Catalogue) -> None:
    with sqlite3.connect(catalogue.path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize("write", [False, True])
def test_a_newer_catalogue_is_refused_and_left_alone(catalogue: Catalogue, write: bool) -> None:
    catalogue.close()
    connection = sqlite3.connect(catalogue.path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = catalogue.path.read_bytes()
    with pytest.raises(IndexFormatError, match="newer mmsearch"):
        Catalogue.open(catalogue.path, write=write)
    assert catalogue.path.read_bytes() == before


@pytest.mark.parametrize("write", [False, True])
def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path, write: bool) -> None:
    path = tmp_path / "catalogue.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(IndexFormatError, match="not a catalogue of mmsearch"):
        Catalogue.open(path, write=write)
    assert path.read_bytes() == before


@pytest.mark.parametrize("write", [False, True])
def test_a_damaged_file_is_named_with_the_command_that_mends_it(tmp_path: Path, write: bool) -> None:
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(b"this was a catalogue once" * 500)
    with pytest.raises(IndexDirectoryError, match=r"catalogue\.sqlite is damaged .*check --repair"):
        Catalogue.open(path, write=write)


def test_a_missing_catalogue_is_not_made_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(IndexDirectoryError, match="is missing"):
        Catalogue.open(tmp_path / "catalogue.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_page_is_an_error_that_names_the_command(catalogue: Catalogue, writer: Any) -> None:
    for start in range(0, 400, 40):
        writer.put(
            *(writer.document(f"{n}.txt", passages=(f"text {n} " * 40,)) for n in range(start, start + 40))
        )
    catalogue.close()
    with catalogue.path.open("r+b") as file:
        for place in range(20 * 4096, os.path.getsize(catalogue.path), 2 * 4096):
            file.seek(place)
            file.write(b"\xff" * 4096)
    with pytest.raises(IndexDirectoryError, match="check --repair"), Catalogue.open(catalogue.path) as reader:
        reader.items(range(1, 401))


def test_a_reader_waits_for_nobody_but_two_writers_are_told(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with Catalogue.open(catalogue.path, write=True) as other, catalogue.transaction():
        catalogue.add_corpus("/x")
        with Catalogue.open(catalogue.path) as reader:
            assert reader.corpora() == []
        with pytest.raises(IndexLockedError):
            other.add_corpus("/y")


def test_odd_names_are_only_names(tmp_path: Path) -> None:
    folder = tmp_path / "what? a #1 & 100% folder;mode=memory"
    folder.mkdir()
    with Catalogue.open(folder / "catalogue.sqlite", write=True) as catalogue:
        catalogue.add_corpus("/x")
    with Catalogue.open(folder / "catalogue.sqlite") as catalogue:
        assert len(catalogue.corpora()) == 1
    assert (folder / "catalogue.sqlite").exists()


@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="only root can become nobody")
def test_an_index_on_a_read_only_medium_can_be_read(catalogue: Catalogue) -> None:
    catalogue.add_corpus("/x")
    catalogue.close()
    script = """
import os, sys
from pathlib import Path
from mmsearch.store.catalogue.catalogue import Catalogue
os.setuid(65534)
with Catalogue.open(Path(sys.argv[1])) as catalogue:
    print(catalogue.corpora()[0].root)
"""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        shutil.copy(catalogue.path, folder)
        os.chmod(os.path.join(folder, catalogue.path.name), 0o644)
        ran = subprocess.run(
            [sys.executable, "-c", script, os.path.join(folder, catalogue.path.name)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert (ran.stdout, ran.stderr) == ("/x\n", "")


def test_reading_needs_no_sqlite_utils(catalogue: Catalogue, writer: Any) -> None:
    writer.put(writer.document("a.txt", passages=("one",)))
    script = """
import sys
from pathlib import Path
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.directory import IndexDirectory
with Catalogue.open(Path(sys.argv[1])) as catalogue:
    assert catalogue.document_items(1) and catalogue.find("a.txt")
print(sorted({"sqlite_utils"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", script, str(catalogue.path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
