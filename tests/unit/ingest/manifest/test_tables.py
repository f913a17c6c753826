"""Every row of a table is read or told, whatever its quotes, its length and its encoding."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.errors import MediaError
from mmsearch.ingest.manifest.tables import CutShortError, open_table, rows

LONGEST = 1 << 20


def read(path: Path, content: str | bytes, longest: int = LONGEST) -> list[tuple[int, list[str] | str]]:
    """(line, cells or the reason) of each row below the header."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    found = rows(open_table(path, longest), longest)
    return [(number, str(row) if isinstance(row, MediaError) else row) for number, row in found]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_a_cell_may_be_of_any_length_and_hold_lines_and_quotes(path: Path) -> None:
    long = "x" * 300_000
    found = read(path, f'path,text\na,{long}\nb,"one\ntwo ""three"""\nc,d\n')
    assert found == [(2, ["a", long]), (3, ["b", 'one\ntwo "three"']), (5, ["c", "d"])]


def test_a_quote_that_is_never_closed_is_told_with_its_line_and_costs_only_that(path: Path) -> None:
    found = read(path, 'path,title\na,A\nb,"B\nc,C\nd,D\n')
    assert found == [
        (2, ["a", "A"]),
        (3, 'a quote (") that is opened in line 3 is never closed'),
        (4, ["c", "C"]),
        (5, ["d", "D"]),
    ]


def test_a_quote_that_only_a_later_rows_quote_closes_is_told_too(path: Path) -> None:
    found = read(path, 'path,title\na,"A\nb,B\nc,"C, the third"\nd,D\n')
    assert found[0] == (2, 'a quote (") that is opened in line 2 is never closed')
    assert [row for _, row in found[1:]] == [["b", "B"], ["c", "C, the third"], ["d", "D"]]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_a_first_line_that_states_the_delimiter_is_no_header(path: Path, delimiter: str) -> None:
    content = f"sep={delimiter}\r\npath{delimiter}a,b;c\r\nx{delimiter}y\r\n"
    if delimiter in ",;":
        content = content.replace("a,b;c", "title")
    assert read(path, content) == [(3, ["x", "y"])]
    assert open_table(path, LONGEST).header[0] == "path"
    assert read(path, "sep=arate,title\na,b\n") == [(2, ["a", "b"])]


def test_letters_behind_a_closing_quote_are_taken_as_they_are(path: Path) -> None:
    assert read(path, 'path,title\na,"A" big\nb,B\n') == [(2, ["a", "A big"]), (3, ["b", "B"])]


def test_rows_beyond_the_limit_are_told_and_the_next_ones_read(path: Path) -> None:
    found = read(path, "path,title\na,{}\nb,B\n".format("x" * 5000), longest=100)
    assert found == [(2, "a line of more than 100 characters"), (3, ["b", "B"])]
    lines = "\n".join("word " * 10 for _ in range(10))
    found = read(path, f'path,title\na,"{lines}"\nb,B\n', longest=100)
    assert found[0] == (2, 'a quote (") that is opened in line 2 is not closed within 100 characters')
    assert found[-1] == (12, ["b", "B"])


def test_quotes_made_to_be_read_again_and_again_end(path: Path) -> None:
    path.write_text("path,title\n" + 'a","b\n' * 5_000, encoding="utf-8")
    found = list(rows(open_table(path, LONGEST), 4_000))
    assert isinstance(found[-1][1], CutShortError)
    assert len(found) < 100


def test_damaged_utf16_is_told_by_line(path: Path) -> None:
    content = "path,title\na,A\nb,B\n".encode("utf-16")
    assert read(path, content) == [(2, ["a", "A"]), (3, ["b", "B"])]
    damaged = bytearray(content)
    at = content.index("A\n".encode("utf-16-le"))
    damaged[at : at + 2] = b"\x00\xd8"  # half a character
    assert read(path, bytes(damaged)) == [(2, "not valid UTF-16"), (3, ["b", "B"])]
    assert read(path, content[:-1])[0] == (2, ["a", "A"])


def test_lines_before_the_header_may_be_empty(path: Path) -> None:
    path.write_text("\n\npath;title\na;A\n", encoding="utf-8")
    assert open_table(path, LONGEST).header == ("path", "title")


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a", "\r\n\x1a" + "\0" * 40, "\x1a\x1a\x1a"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_what_ends_a_file_of_dos_is_no_row(path: Path, end: str, encoding: str) -> None:
    found = read(path, f"path,title\r\na,Größe\r\nb,Länge{end}".encode(encoding))
    assert found == [(2, ["a", "Größe"]), (3, ["b", "Länge"])]
