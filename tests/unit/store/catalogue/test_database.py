from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mmsearch.errors import IndexDirectoryError, IndexFormatError, IndexLockedError
from mmsearch.store.catalogue import database
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.migrations import APPLICATION_ID, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator


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


# Run as nobody, who may read and nothing else; prints the corpora, or the error, each time it is sent a line.
READER = """
import os, sys
from pathlib import Path
from mmsearch.errors import MmsearchError
from mmsearch.store.catalogue.catalogue import Catalogue
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    catalogue = Catalogue.open(Path(sys.argv[1]))
except MmsearchError as error:
    print(error, flush=True)
    sys.exit()
while True:
    try:
        print(*(corpus.root for corpus in catalogue.corpora()), flush=True)
    except MmsearchError as error:
        print(error, flush=True)
    if not sys.stdin.readline():
        break
"""
FILES = ("catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm")


@pytest.fixture
def shown() -> Iterator[Path]:
    """A folder that everybody may look into, and only its owner may change."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def start_nobody(path: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", READER, str(path)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def asked(reader: subprocess.Popen[str]) -> str:
    assert reader.stdout is not None
    return reader.stdout.readline().strip()


def read_by_nobody(path: Path) -> str:
    answer, errors = start_nobody(path).communicate(timeout=60)
    assert errors == ""
    return answer.strip()


only_root = pytest.mark.skipif(
    not hasattr(os, "setuid") or os.getuid() != 0, reason="only root can become nobody"
)


@only_root
@pytest.mark.parametrize(
    "copied", [FILES, FILES[:2], FILES[:1]], ids=["with all", "without -shm", "without -wal"]
)
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "log not folded in"])
def test_somebody_who_may_only_read_reads_what_was_stored_last_or_is_told_why_not(
    catalogue: Catalogue, shown: Path, copied: tuple[str, ...], closed: bool
) -> None:
    catalogue.add_corpus("/x")
    if closed:
        catalogue.close()
    for name in (*copied, "generation"):
        if (catalogue.path.parent / name).exists():
            shutil.copy(catalogue.path.parent / name, shown)
            os.chmod(shown / name, 0o644)
    before = {file.name: file.read_bytes() for file in shown.iterdir()}
    answer = read_by_nobody(shown / "catalogue.sqlite")
    if closed or len(copied) > 1:
        assert answer == "/x"
    else:
        assert "copy" in answer
        assert "-wal" in answer
        assert "damaged" not in answer
    assert before == {file.name: file.read_bytes() for file in shown.iterdir()}


@only_root
@pytest.mark.parametrize("log", [True, False], ids=["log not folded in", "closed"])
def test_somebody_who_may_only_read_sees_what_the_owner_writes_meanwhile(shown: Path, log: bool) -> None:
    with Catalogue.open(shown / "first.sqlite", write=True) as first:
        first.add_corpus("/x")
        if log:  # as a killed run leaves it
            for name in FILES[:2]:
                shutil.copy(shown / name.replace("catalogue", "first"), shown / name)
    if not log:
        shutil.copy(shown / "first.sqlite", shown / "catalogue.sqlite")
    reader = start_nobody(shown / "catalogue.sqlite")
    assert reader.stdin is not None
    assert asked(reader) == "/x"
    with Catalogue.open(shown / "catalogue.sqlite", write=True) as owner:
        for root in ("/y", "/z"):
            owner.add_corpus(root)
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert asked(reader).endswith(root)
    reader.stdin.write("\n")
    reader.stdin.flush()
    assert asked(reader) == "/x /y /z"
    _, errors = reader.communicate(timeout=60)
    assert errors == ""


@only_root
@pytest.mark.parametrize("hidden", FILES[:2])
def test_a_file_that_may_not_be_read_is_named(catalogue: Catalogue, shown: Path, hidden: str) -> None:
    catalogue.add_corpus("/x")
    for name in FILES[:2]:
        shutil.copy(catalogue.path.parent / name, shown)
        os.chmod(shown / name, 0o600 if name == hidden else 0o644)
    assert f"{hidden} can't be read: Permission denied" in read_by_nobody(shown / "catalogue.sqlite")


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
