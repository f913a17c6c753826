"""Hits as rows: what is written reads back, whatever it holds."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import mmsearch
from mmsearch.cli.output.rows import COLUMNS, USUAL
from tests.conftest import EVIL
from tests.unit.cli.conftest import Run

ASKED = ("query", "a cup", "--cutoff", "1000", "--all")


def unescaped(cell: str) -> str:
    return cell.encode("latin-1", "backslashreplace").decode("unicode_escape")


def test_tsv_has_a_header_and_cells_that_can_be_read_back(run: Run, hostile_index: Path) -> None:
    asked = (*ASKED, "--index", hostile_index, "--tsv", "--fields", "rank,path,title,maker,text")
    header, *rows = [line.split("\t") for line in run(*asked).stdout.split("\n")[:-1]]
    with mmsearch.open(hostile_index) as library:
        hits = library.search("a cup", cutoff=None, duplicates="show")
    assert header == ["rank", "path", "title", "maker", "text"]
    assert [[unescaped(cell) for cell in row] for row in rows] == [
        [str(hit.rank), hit.path, hit.title or "", str(hit.fields["maker"]), hit.text or ""] for hit in hits
    ]
    assert any("\n" in (hit.text or "") for hit in hits)


def test_csv_has_the_same_columns(run: Run, hostile_index: Path) -> None:
    asked = (*ASKED, "--index", hostile_index, "--csv")
    header, *rows = csv.reader(io.StringIO(run(*asked).stdout))
    assert tuple(header) == USUAL
    assert {row[2] for row in rows} >= {"again.png", "tea.txt"}
    assert all(len(row) == len(USUAL) for row in rows)


def test_paths0_are_exact_and_paths_are_one_a_line(run: Run, hostile_index: Path) -> None:
    found = run(*ASKED, "--index", hostile_index, "--paths0").stdout_bytes
    lines = run(*ASKED, "--index", hostile_index, "--paths").stdout.splitlines()
    assert found.endswith(b"\0")
    paths = found.decode().split("\0")[:-1]
    assert all(Path(path).is_file() for path in paths)
    assert len(paths) == len(lines) >= 3
    assert any("\x1b" in path for path in paths)
    assert not any("\x1b" in line for line in lines)


def test_recommendations_have_the_same_forms(run: Run, hostile_index: Path) -> None:
    asked = ("recommend", "--like", "tea.txt", "--index", hostile_index)
    header, *rows = csv.reader(io.StringIO(run(*asked, "--csv", "--fields", "path,copies").stdout))
    assert header == ["path", "copies"]
    assert len(rows) == run(*asked, "--paths0").stdout_bytes.count(b"\0") == 1


def test_columns_that_there_are_not_are_refused(run: Run, hostile_index: Path) -> None:
    for arguments, complaint in (
        (("--tsv", "--fields", "size"), f"no hit has a field 'size'; there are {', '.join(COLUMNS)}, "),
        (("--fields", "path"), "give one of these too"),
        (("--csv", "--fields", ","), "names no column"),
        (("--csv", "--paths0"), "choose one of --json, --tsv, --csv, --paths and --paths0"),
    ):
        error = run(*ASKED, "--index", hostile_index, *arguments).exception
        assert isinstance(error, mmsearch.UsageError)
        assert complaint in str(error)


def test_the_list_of_duplicates_is_a_table_as_well(run: Run, hostile_index: Path) -> None:
    header, *rows = run("duplicates", "--exact", "--tsv", "--index", hostile_index).stdout.splitlines()
    assert header.split("\t") == ["group", "kind", "content", "bytes", "file"]
    assert [len(row.split("\t")) for row in rows] == [5, 5]
    assert EVIL not in "".join(rows)
