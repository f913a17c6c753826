"""``--map title=Titel``: which columns of a manifest are what mmsearch calls a title, a caption, a path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NEXT = re.compile(r",(?=[^,=]*=)")  # a comma within a column's name is none of ours


@dataclass(frozen=True, slots=True)
class Columns:
    """``names``: the name that mmsearch knows for each column, by the column's own name in lower case."""

    names: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """What belongs into the stamp of a record; "" for no names."""
        return ",".join(f"{target}={column}" for column, target in self.names)

    def renamed(self, pairs: Iterable[tuple[str, object]]) -> list[tuple[str, object]]:
        """The columns of one record by the names that were given to them; these come last, and so count."""
        chosen = dict(self.names)
        named = [(name, chosen.get(name.strip().casefold()), value) for name, value in pairs]
        own = [(name, value) for name, target, value in named if target is None]
        return own + [(target, value) for _, target, value in named if target is not None]

    def missing(self, columns: Iterable[str]) -> tuple[str, ...]:
        """The names of columns that were given a name but are not among ``columns``."""
        there = {column.strip().casefold() for column in columns}
        return tuple(column for column, _ in self.names if column not in there)

    def check(self, columns: Sequence[str]) -> None:
        """MediaError unless each column that was given a name is among ``columns``."""
        if missing := self.missing(columns):
            known = ", ".join(column.strip() for column in columns if column.strip())
            raise MediaError(f"there is no column {missing[0]!r} to map; there are {known}")


def parse_columns(given: Sequence[str]) -> Columns:
    """Columns from ``title=Titel,caption=Beschreibung``, once or several times; UsageError for anything else."""
    names: dict[str, str] = {}
    for part in (part for text in given for part in _NEXT.split(text)):
        target, sign, column = (piece.strip() for piece in part.partition("="))
        if not (target and sign and column):
            raise UsageError(f"{part!r} maps no column: write title=COLUMN, caption=COLUMN, path=COLUMN")
        if names.get(column.casefold(), target) != target:
            raise UsageError(f"the column {column} is mapped twice")
        names[column.casefold()] = target
    return Columns(tuple(names.items()))
