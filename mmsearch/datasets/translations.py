"""Sentences with their translations, from the files that parallel corpora come in."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Translations: TypeAlias = list[tuple[str, str]]  # (original, translation)

LARGEST = 1 << 30  # bytes of a file, unpacked
TRAIN_SPLIT = "train"
FORMS = ".tsv, .csv or .jsonl, each perhaps with .gz"
TATOEBA_COLUMNS = 4  # number, sentence, number, translation: as its site exports pairs


def read_translations(path: Path, fields: Sequence[str] = (), split: str | None = None) -> Translations:
    """The pairs of ``path``, each once, in its order; those with an empty side are left out.

    ``.tsv`` has the original and the translation in its first two columns, or as tatoeba.org exports them; ``.csv`` a
    header; ``.jsonl`` an object a line, whose two texts may be lists of equal length. ``fields`` names the original's
    column and the translation's; without them the first two that hold text count. Only records of ``split`` are read
    where records have one; those of "train" where none is named. UsageError says what is wrong.
    """
    kind = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    if fields and len(fields) != 2:
        raise UsageError(f"--fields names the original's and the translation's, not {','.join(fields)}")
    try:
        content = _content(path)
        if kind in ("tsv", "txt"):
            found = list(_columns(content))
        elif kind == "csv":
            found = list(_fields(csv.DictReader(io.StringIO(content), strict=True), fields, split))
        elif kind in ("jsonl", "ndjson"):
            lines = (line for line in content.splitlines() if line.strip())
            found = list(_fields(map(json.loads, lines), fields, split))
        else:
            raise UsageError(f"{path}: translations are {FORMS}")
    except (OSError, EOFError, ValueError, csv.Error) as error:
        raise UsageError(f"{path} can't be read as translations: {error}") from error
    pairs = ((" ".join(one.split()), " ".join(other.split())) for one, other in found)
    return list(dict.fromkeys(pair for pair in pairs if all(pair)))


def _content(path: Path) -> str:
    with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UsageError(f"{path} is larger than {LARGEST >> 20} MiB: give a part of it")
    return content.decode("utf-8-sig")


def _columns(content: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(content.splitlines(), 1):
        columns = line.split("\t")
        if not line.strip():
            continue
        if len(columns) == TATOEBA_COLUMNS and columns[0].isdecimal() and columns[2].isdecimal():
            yield columns[1], columns[3]
        elif len(columns) > 1:
            yield columns[0], columns[1]
        else:
            raise ValueError(f"line {number} has no tab between a sentence and its translation")


def _fields(records: Iterator[Any], fields: Sequence[str], split: str | None) -> Iterator[tuple[str, str]]:
    known = list(records)
    if not all(isinstance(record, dict) for record in known):
        raise ValueError("each line must be an object with the original and the translation")
    splits = {str(record["split"]) for record in known if record.get("split")}
    if split is not None and split not in splits:
        raise ValueError(f"no record of the split {split!r}")
    chosen = split or (TRAIN_SPLIT if TRAIN_SPLIT in splits else None)
    for record in known:
        if chosen is not None and str(record.get("split")) != chosen:
            continue
        names = (
            list(fields) or [name for name, value in record.items() if name != "split" and _says(value)][:2]
        )
        if len(names) < 2 or any(name not in record for name in names):
            raise ValueError(
                f"a record lacks {' or '.join(fields) if fields else 'two texts'}: {str(record)[:80]}"
            )
        originals, translations = (_texts(record[name]) for name in names)
        if len(originals) != len(translations):
            raise ValueError(f"as many originals as translations are expected: {str(record)[:80]}")
        yield from zip(originals, translations, strict=True)


def _says(value: Any) -> bool:
    """Whether ``value`` may be a text, and is no number of a record."""
    return any(not text.isdecimal() for text in _texts(value))


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return values if all(isinstance(one, str) for one in values) else []
