"""Judgements of an index's own documents: queries and qrels files, and which document each name in them means."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.datasets.captioned import json_lines
from mmsearch.datasets.trec import read_text, written
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mmsearch.datasets.trec import Qrels
    from mmsearch.library import Library


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Queries (id -> text, or a picture's file) and the relevance of documents (by id) for each.

    ``notes`` say what was left out.
    """

    queries: Mapping[str, str | Path]
    relevance: Mapping[str, Mapping[int, int]]
    notes: tuple[str, ...] = ()


def read_queries(path: Path) -> dict[str, str]:
    """Query id -> text from JSON lines (``_id`` or ``id``, ``text`` or ``query``), or ``id<tab>text`` lines.

    UsageError names the line that is neither.
    """
    text = read_text(path)
    if path.suffix.lower() in (".jsonl", ".json") or text.lstrip().startswith("{"):
        found = {}
        for record in json_lines(text, str(path)):
            query, words = record.get("_id", record.get("id")), record.get("text", record.get("query"))
            if query is None or not isinstance(words, str):
                raise UsageError(f'{path}: a query is {{"_id": …, "text": …}}, not {str(record)[:80]}')
            found[str(query)] = words
        return found
    found = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        query, tab, words = line.rstrip("\r").partition("\t")
        if not tab:
            raise UsageError(
                f"{path}, line {number}: a query is its id, a tab and its text, or a JSON object"
            )
        found[query.strip()] = words
    return found


def judged_documents(library: Library, queries: Mapping[str, str | Path], qrels: Qrels) -> Judged:
    """``qrels`` with the index's document ids for their names.

    A name is a document's path in the index, as it is or as a TREC file writes it, or, where only one document
    has it, a file's name with or without its suffix, or what stands behind a record's ``#``; or it is ``#ITEM-ID``.
    Raises UsageError when no query is left that has a text, and a relevant document in the index.
    """
    ids = _names(library)
    chosen = {query: judged for query, judged in qrels.items() if _worded(queries.get(query))}
    relevance: dict[str, dict[int, int]] = {}
    unknown: dict[str, None] = {}
    for query, judged in chosen.items():
        found = {ids[name]: grade for name, grade in judged.items() if name in ids}
        unknown |= dict.fromkeys(name for name in judged if name not in ids)
        if any(grade > 0 for grade in found.values()):
            relevance[query] = found
    if not relevance:
        example = next(iter(unknown), next(iter(qrels), ""))
        raise UsageError(
            f"no query has a text and a relevant document in this index ({example!r} is not known): judgements "
            "name documents by their path as `mmsearch query --json` prints it, queries by the ids of --queries"
        )
    notes = []
    if unknown:
        notes.append(f"judged documents that are not in the index: {len(unknown)} ({next(iter(unknown))}, …)")
    if lost := len(qrels) - len(relevance):
        notes.append(f"queries left out, for want of a text or of a relevant document in the index: {lost}")
    return Judged({query: queries[query] for query in relevance}, relevance, tuple(notes))


def _worded(content: str | Path | None) -> bool:
    return content is not None and (not isinstance(content, str) or bool(content.strip()))


def _names(library: Library) -> dict[str, int]:
    """What documents are called -> their ids; shorter names only where they mean one document."""
    items = library.catalogue.items(library.catalogue.select_items())
    whole = {f"#{item.item_id}": item.document_id for item in items}
    paths = {item.path: item.document_id for item in items}
    whole |= {written(path): document for path, document in paths.items()} | paths
    short: dict[str, int | None] = {}
    for path, document in paths.items():
        for name in _shortened(path):
            short[name] = document if short.get(name, document) == document else None
    return {name: document for name, document in short.items() if document is not None} | whole


def _shortened(path: str) -> Iterable[str]:
    base = posixpath.basename(path)
    record = base.partition("#")[2]
    return {base, posixpath.splitext(base)[0], record} - {""}
