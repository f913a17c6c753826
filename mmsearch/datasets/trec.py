"""Judgements and rankings as TREC files, so that other tools can read ours and we theirs.

A qrels line is ``query 0 document relevance``, a run line ``query Q0 document rank score tag``. BEIR's qrels
(``query-id corpus-id score``, separated by tabs, with a header) are read too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

Qrels: TypeAlias = Mapping[str, Mapping[str, int]]  # query -> document -> relevance; 1 and more is relevant
Run: TypeAlias = Mapping[str, Sequence[tuple[str, float]]]  # query -> (document, score), best first

TAG = "mmsearch"


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """The judgements in the file ``path``; UsageError names the line that is none."""
    return parse_qrels(read_text(path), str(path))


def parse_qrels(text: str, name: str) -> dict[str, dict[str, int]]:
    """The judgements in ``text``, which lies in ``name``; UsageError names the line that is none."""
    qrels: dict[str, dict[str, int]] = {}
    for number, line in _lines(text):
        columns = line.split("\t") if "\t" in line else line.split()
        try:
            if len(columns) == 3:
                query, document, relevance = columns
            else:
                query, _, document, relevance = columns
            qrels.setdefault(query, {})[document] = int(float(relevance))
        except ValueError as error:
            if number == 1 and len(columns) in (3, 4):
                continue  # the header of BEIR's files
            complaint = f"{name}, line {number}: not a judgement (query 0 document relevance)"
            raise UsageError(complaint) from error
    if not qrels:
        raise UsageError(f"{name} holds no judgements (query 0 document relevance)")
    return qrels


def read_run(path: Path) -> dict[str, list[tuple[str, float]]]:
    """The rankings in ``path``, best first: by score, then rank; UsageError names the line that is none."""
    found: dict[str, list[tuple[float, int, str]]] = {}
    for number, line in _lines(read_text(path)):
        columns = line.split()
        try:
            query, _, document, rank, score = columns[:5]
            found.setdefault(query, []).append((-float(score), int(rank), document))
        except ValueError as error:
            raise UsageError(
                f"{path}, line {number}: not a line of a run (query Q0 document rank score tag)"
            ) from error
    if not found:
        raise UsageError(f"{path} holds no rankings (query Q0 document rank score tag)")
    return {query: [(name, -score) for score, _, name in sorted(rows)] for query, rows in found.items()}


def write_qrels(path: Path, qrels: Qrels) -> None:
    """Write ``qrels`` to ``path``."""
    lines = (
        f"{written(query)} 0 {written(document)} {relevance}\n"
        for query, judged in qrels.items()
        for document, relevance in judged.items()
    )
    path.write_text("".join(lines), encoding="utf-8")


def write_run(path: Path, run: Run, tag: str = TAG) -> None:
    """Write ``run`` to ``path``.

    Evaluation tools order by score and break ties their own way, so equal scores are written with the
    smallest difference that keeps our order.
    """
    lines = (
        f"{written(query)} Q0 {written(document)} {rank} {score!r} {tag}\n"
        for query, ranked in run.items()
        for rank, (document, score) in enumerate(_falling(ranked), start=1)
    )
    path.write_text("".join(lines), encoding="utf-8")


def written(name: str) -> str:
    """``name`` as one column: white space, which separates columns, and "%" as %XX of their UTF-8 bytes."""
    return "".join(
        "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
        if character.isspace() or character == "%" or "\ud800" <= character <= "\udfff"
        else character
        for character in name
    )


def _falling(ranked: Sequence[tuple[str, float]]) -> Iterable[tuple[str, float]]:
    from math import inf, nextafter

    last = inf
    for document, score in ranked:
        last = float(score) if score < last else nextafter(last, -inf)
        yield document, last


def _lines(text: str) -> Iterable[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def read_text(path: Path) -> str:
    """The text of the file ``path``; UsageError when it can't be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text ({error})") from error
