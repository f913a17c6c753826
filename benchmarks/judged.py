"""Judged questions and texts: nDCG@10 of all channels against FTS5's BM25, bm25s, own words and own vectors alone.

``MMSEARCH_SPLIT=heldout python -m benchmarks judged`` reports; dev, which is the default, is for choosing. bm25s is a
package of its own (``pip install bm25s``) and left out where it is not there. Questions in another language than the
texts are asked where the same questions are there in both.
"""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, at_least, median, seen
from benchmarks.shared.mixtures import RememberingEncoder, ask, build, evaluated, fused
from mmsearch.store.catalogue.words.grams import grams, without_runs
from mmsearch.store.folding import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.shared.mixtures import EncodedLibrary, Rank, Run
    from mmsearch.datasets.beir import TextCollection
    from mmsearch.datasets.trec import Qrels

DEPTH = 10
# All channels together may lose so much against the best single one.
MARGIN = 0.5
# The same questions in another language: texts, questions.
ACROSS = (
    ("xquad-en", "xquad-zh"),
    ("xquad-en", "xquad-de"),
    ("xquad-de", "xquad-en"),
    ("xquad-zh", "xquad-en"),
)
PREFIX = "judged-"


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A collection's ``texts``, the ``queries`` that are put to it (id -> text), and what answers each."""

    name: str
    texts: TextCollection
    queries: Mapping[str, str]
    qrels: Qrels


def measure(scale: float = 1.0) -> list[Figure]:
    """The texts of each collection in an index of their own, asked its questions and those in other languages."""
    from mmsearch.encoders.registry import load_encoder

    data = shared_data()
    if data is None:
        return [seen("judged", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    encoder = RememberingEncoder(load_encoder())
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as work:
        for judged in _collections(data / "texts", os.environ.get("MMSEARCH_SPLIT", "dev"), scale):
            figures += _compared(judged, Path(work), encoder)
    return figures


def _collections(folder: Path, split: str, scale: float) -> Iterator[Judged]:
    from mmsearch.datasets.beir import TextCollection
    from mmsearch.datasets.collections import Choice, open_collection

    found: dict[str, TextCollection] = {}
    for archive in sorted(folder.glob(f"{PREFIX}*.zip")):
        with open_collection(archive, Choice(split=split)) as collection:
            assert isinstance(collection, TextCollection)
            found[archive.stem.removeprefix(PREFIX)] = collection
    for name, texts in found.items():
        yield _some(Judged(name, texts, texts.queries, texts.qrels), scale)
    for name, asked in ACROSS:
        if name in found and asked in found:
            both = [query for query in found[name].qrels if query in found[asked].queries]
            queries = {query: found[asked].queries[query] for query in both}
            qrels = {query: found[name].qrels[query] for query in both}
            yield _some(Judged(f"{name}, questions of {asked}", found[name], queries, qrels), scale)


def _some(judged: Judged, scale: float) -> Judged:
    chosen = list(judged.queries)[: max(1, int(scale * len(judged.queries)))]
    queries = {query: judged.queries[query] for query in chosen}
    return Judged(judged.name, judged.texts, queries, {query: judged.qrels[query] for query in chosen})


def _compared(judged: Judged, work: Path, encoder: RememberingEncoder) -> list[Figure]:
    folder = work / judged.texts.name
    with _library(judged, folder, encoder) as library:
        encoder.encode_texts(list(judged.queries.values()))  # so that no time is theirs
        ways: dict[str, Rank] = {
            "own words": fused(library, weights={"text→text": 0.0}),
            "own vectors": fused(library, weights={"words": 0.0, "name": 0.0}),
            "all together": fused(library),
        }
        runs = {way: ask(judged.queries, rank) for way, rank in ways.items()}
        times = [_seconds(ways["all together"], text) for text in judged.queries.values()]
    runs["FTS5"] = _fts5(judged)
    if find_spec("bm25s") is not None:
        runs["bm25s"] = _bm25s(judged)
    values = {way: evaluated(judged.qrels, run).mean for way, run in runs.items()}
    singles = {way: value for way, value in values.items() if way not in ("own words", "all together")}
    best = max(singles, key=lambda way: singles[way])
    listed = ", ".join(f"{way} {value:.1f}" for way, value in values.items())
    name = f"{judged.name} ({len(judged.queries)} questions)"
    return [
        at_least(
            f"{name}: all together, {best} less {MARGIN}", singles[best] - MARGIN, values["all together"], ""
        ),
        at_least(f"{name}: own words, FTS5", values["FTS5"], values["own words"], ""),
        seen(name, f"{listed}; {1000 * median(times):.1f} ms a query"),
    ]


def _library(judged: Judged, folder: Path, encoder: RememberingEncoder) -> EncodedLibrary:
    from benchmarks.shared.mixtures import EncodedLibrary
    from mmsearch.ingest.sources import Source
    from mmsearch.store.directory import IndexDirectory

    if folder.exists():
        return EncodedLibrary(IndexDirectory.open(folder), encoder)
    sources = [
        Source(path=name, stamp="1", title=document.title.strip() or None, body=document.text.strip() or None)
        for name, document in judged.texts.documents.items()
        if document.title.strip() or document.text.strip()
    ]
    return build(sources, folder, encoder)


def _seconds(rank: Rank, text: str) -> float:
    started = time.perf_counter()
    rank(text)
    return time.perf_counter() - started


def _plain(text: str) -> str:
    """What those get that know nothing of scripts without spaces: pairs of characters as words."""
    plain = folded(text)
    return " ".join([without_runs(plain), grams(plain) or ""])


def _fts5(judged: Judged) -> Run:
    """SQLite's FTS5 with its own weights, a row a document with title and text; any of the words."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE t USING fts5 (title, text, tokenize = 'porter unicode61 remove_diacritics 2')"
    )
    names = list(judged.texts.documents)
    connection.executemany(
        "INSERT INTO t (rowid, title, text) VALUES (?, ?, ?)",
        [
            (row, _plain(document.title), _plain(document.text))
            for row, document in enumerate(judged.texts.documents.values())
        ],
    )
    query = "SELECT rowid, -bm25(t) FROM t WHERE t MATCH ? ORDER BY bm25(t), rowid LIMIT ?"
    run: Run = {}
    for number, text in judged.queries.items():
        words = dict.fromkeys(re.findall(r"\w+", _plain(text)))
        expression = " OR ".join(f'"{word}"' for word in words)
        rows = connection.execute(query, (expression, DEPTH)).fetchall() if words else []
        run[number] = [(names[row], score) for row, score in rows]
    connection.close()
    return run


def _bm25s(judged: Judged) -> Run:
    """bm25s (Lù, 2024, arXiv:2407.03618) with its defaults."""
    import bm25s

    def tokens(texts: list[str]) -> object:
        return bm25s.tokenize(texts, show_progress=False)

    names = list(judged.texts.documents)
    texts = [_plain(f"{document.title} {document.text}") for document in judged.texts.documents.values()]
    retriever = bm25s.BM25()
    retriever.index(tokens(texts), show_progress=False)
    rows, scores = retriever.retrieve(
        tokens([_plain(text) for text in judged.queries.values()]),
        k=min(DEPTH, len(names)),
        show_progress=False,
    )
    return {
        query: [(names[row], float(score)) for row, score in zip(found, told, strict=True) if score > 0]
        for query, found, told in zip(judged.queries, rows.tolist(), scores.tolist(), strict=True)
    }
