"""Rows of CSV tables in whatever encoding, each with the line that it begins on."""

from __future__ import annotations

import codecs
import csv
from collections import deque
from dataclasses import dataclass, replace
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO, TypeAlias

from mmsearch.errors import MediaError
from mmsearch.media.files import open_regular
from mmsearch.media.text.encoding import detect_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DELIMITERS = ",;\t|"
_CHUNK = 1 << 20
_DOS_END = "\x1a\0"  # ^Z, and what fills up the last block of a file of DOS
_LONGEST_CELL = 2**31 - 1  # csv's own limit is 131,072 characters; what bounds a row is `rows`
_READ_AGAIN = 4  # times the longest row; each unclosed quote has all that it swallowed read again

Row: TypeAlias = tuple[int, list[str] | MediaError]  # number of its first line from 1, its cells


class CutShortError(MediaError):
    """The rest of a manifest can't be read: nobody knows which documents it names."""


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file, with what its first line tells of how to read the others."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    states_delimiter: bool = False  # in a line above the header


def open_table(path: Path, longest: int) -> Table:
    """The table at ``path``; MediaError when it is unreadable, binary, or has no header.

    ``longest``: characters that a row may have.
    """
    encoding = _encoding(path)
    with open_regular(path) as file, TextIOWrapper(file, encoding, "replace", newline="") as text:
        first = next(filter(str.strip, iter(lambda: text.readline(_CHUNK), "")), "")
    delimiter = stated_delimiter(first)
    table = Table(
        path, encoding, delimiter or likely_delimiter(first), (), states_delimiter=delimiter is not None
    )
    number, header = next(rows(table, longest) if delimiter else _rows(table, longest), (1, []))
    if isinstance(header, MediaError):
        raise MediaError(f"line {number}: {header}")
    return replace(table, header=tuple(header))


def stated_delimiter(line: str) -> str | None:
    """What a first line as spreadsheets write it, ``sep=;``, says to stand between cells; None for any other line."""
    before, _, stated = line.rstrip("\r\n").partition("sep=")
    return stated if not before and len(stated) == 1 and stated in _DELIMITERS else None


def likely_delimiter(header: str) -> str:
    """What most often stands between the names of columns; a comma when nothing does."""
    return max(_DELIMITERS, key=header.count)  # the first of them when none occurs


def rows(table: Table, longest: int) -> Iterator[Row]:
    """The rows below the header. One that can't be read is a MediaError, and the next line begins another.

    A `CutShortError` is the last.
    """
    found = _rows(table, longest)
    next(found, None)
    if table.states_delimiter and table.header:
        next(found, None)
    return found


def _rows(table: Table, longest: int) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    with (
        open_regular(table.path) as file,
        TextIOWrapper(file, table.encoding, "replace", newline="") as text,
    ):
        lines, again = _Lines(text, longest), _READ_AGAIN * longest
        while True:
            number = lines.number + 1
            lines.taken.clear()
            # Strictly, or a quote that is never closed would swallow the rows behind it without a word.
            reader = csv.reader(lines, delimiter=table.delimiter, strict=True)
            row: list[str] | None = None
            refused: MediaError | None = None
            try:
                row = next(reader, None)
            except csv.Error:
                row = _sloppy(lines.taken[0], table.delimiter) if len(lines.taken) == 1 else None
                if row is None:
                    refused = MediaError(f'a quote (") that is opened in line {number} is never closed')
            except MediaError as error:
                refused = error
            if refused is not None:
                again -= sum(map(len, lines.taken))
                if again < 0:
                    yield (
                        number,
                        CutShortError("too many quotes that are never closed: what follows is not read"),
                    )
                    return
                lines.give_back()
                yield number, refused
                continue
            if row is None:
                return
            if table.encoding not in ("utf-8", "utf-8-sig") and any("\ufffd" in cell for cell in row):
                yield number, MediaError(f"not valid {table.encoding.upper()}")
            elif any(row):
                yield number, row


def _sloppy(line: str, delimiter: str) -> list[str] | None:
    """The cells of one line with letters behind a closing quote; None when a quote is open at its end."""
    found = list(csv.reader([line, "x"], delimiter=delimiter))
    return found[0] if len(found) > 1 else None


class _Lines:
    """The lines of a text for ``csv``; those that were ``taken`` for one row can be given back."""

    def __init__(self, text: TextIO, longest: int) -> None:
        self.text, self.longest = text, longest
        self.number = 0
        self.taken: list[str] = []
        self._size = 0
        self._back: deque[str] = deque()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if not self.taken:
            self._size = 0
        line = self._back.popleft() if self._back else self.text.readline(self.longest + 1)
        if line[-1:] in _DOS_END:  # on the last line alone: others end in a line feed
            line = line.rstrip(_DOS_END)
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self._size += len(line)
        if self._size > self.longest:
            self._pass_over_rest(line)
            opened = (
                f'a quote (") that is opened in line {self.number - len(self.taken) + 1} is not closed within'
            )
            raise MediaError(
                f"a line of more than {self.longest} characters"
                if len(self.taken) == 1
                else f"{opened} {self.longest} characters"
            )
        return line

    def give_back(self) -> None:
        """All lines but the first that were taken are read once more."""
        self._back.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1

    def _pass_over_rest(self, line: str) -> None:
        """Of a line that was cut at the limit; what was taken of it is a line of its own from now on."""
        if len(line) <= self.longest or line.endswith(("\n", "\r")):
            return
        self.taken[-1] = line + "\n"
        while (rest := self.text.readline(_CHUNK)) and not rest.endswith(("\n", "\r")):
            pass


def _encoding(path: Path) -> str:
    """The encoding of a whole table, which is UTF-8 or told by its first part that isn't ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_regular(path) as file:
        first = chunk = before = file.read(_CHUNK)
        try:
            while chunk:
                decoder.decode(chunk)
                before, chunk = chunk, file.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return detect_encoding(first if not first.isascii() else before + chunk)
    encoding = detect_encoding(first or b" ")  # the mark, UTF-16, or binary data that happens to be UTF-8
    return "utf-8-sig" if encoding == "utf-8" else encoding
