"""Text collections in BEIR's layout: ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/SPLIT.tsv``.

Thakur et al., "BEIR", NeurIPS 2021, arXiv:2104.08663.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mmsearch.datasets.captioned import json_lines
from mmsearch.datasets.trec import parse_qrels
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.datasets.members import Members
    from mmsearch.datasets.trec import Qrels

CORPUS = "corpus.jsonl"
DEFAULT_SPLIT = "test"


class TextDocument(NamedTuple):
    """A text with its title, which may be empty. (A named tuple, because a corpus has millions.)"""

    title: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class TextCollection:
    """Documents and queries by their ids; ``qrels`` judges every query. ``notes`` say what was left out."""

    name: str
    documents: Mapping[str, TextDocument]
    queries: Mapping[str, str]
    qrels: Qrels
    notes: tuple[str, ...] = ()


def read_beir(members: Members, corpus: str, name: str, split: str | None) -> TextCollection:
    """The collection whose documents are in the member ``corpus``; ``split`` None means the test split.

    Queries without a judgement in that split are left out. UsageError when a part is missing.
    """
    folder = posixpath.dirname(corpus)
    documents = {
        str(record["_id"]): TextDocument(str(record.get("title") or ""), str(record.get("text") or ""))
        for record in _records(members, corpus)
    }
    judged = posixpath.join(folder, "qrels", f"{split or DEFAULT_SPLIT}.tsv")
    if judged not in members:
        raise UsageError(f"{name} has no {judged}: choose a split that it has with --split")
    qrels = parse_qrels(members.text(judged), judged)
    texts = {
        str(record["_id"]): str(record.get("text") or "")
        for record in _records(members, posixpath.join(folder, "queries.jsonl"))
    }
    queries = {query: texts[query] for query in qrels if texts.get(query, "").strip()}
    if not queries:
        raise UsageError(f"{name}: no query of queries.jsonl is judged in {judged}")
    return TextCollection(name, documents, queries, {query: qrels[query] for query in queries})


def _records(members: Members, name: str) -> list[dict[str, object]]:
    records = list(json_lines(members.text(name), name))
    if any("_id" not in record for record in records):
        raise UsageError(f"{name} has a line without _id")
    return records
