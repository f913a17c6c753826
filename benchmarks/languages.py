"""Texts that find texts: English against unmodified MiniLM, German, French, Spanish and Chinese against English.

Held out of training are COCO's captions, Multi30k's validation split, the Chinese pairs of Tatoeba that it marks for
testing, and the two textbooks. Of the German, French and Spanish pairs none are marked: some may have been seen.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, seen
from benchmarks.shared.references import MissingReferenceError, minilm

if TYPE_CHECKING:
    from mmsearch.types import Ids, Vectors

    Encode = Callable[[Sequence[str]], Vectors]

DEPTHS = (1, 5, 10)
COCO_PICTURES, SENTENCES = 2500, 1000
LOST = 1.0  # points below MiniLM that a text↔text figure may lie
LANGUAGES = {"de": "German", "fr": "French", "es": "Spanish", "zh": "Chinese"}
HELD_OUT = "laser_test"  # the rows of a Tatoeba file that nobody trains on
CREDIT = re.compile(
    r"\(credit.*\Z", re.IGNORECASE | re.DOTALL
)  # at the end of what is printed under a figure
EVERYWHERE = "Introduction"  # a section's title that says nothing
BATCH = 64


def measure(scale: float = 1.0) -> list[Figure]:
    """R@1/5/10 of pairs, nDCG@10 of the textbooks; with a small ``scale`` the first so many texts only."""
    from mmsearch.encoders.registry import load_encoder

    data = shared_data()
    if data is None:
        return [seen("languages", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    encode = load_encoder().encode_texts
    figures = list(_english(data, encode, scale))
    captions = [r for r in _lines(data / "texts" / "multi30k.jsonl.gz") if r["split"] == "val"]
    captions = captions[: max(20, int(len(captions) * scale))]
    answers = _encoded(encode, [record["en"] for record in captions])
    for code in ("de", "fr"):
        found = recalls(_encoded(encode, [record[code] for record in captions]), answers)
        figures.append(
            seen(f"{LANGUAGES[code]} caption → English one (Multi30k val, {len(captions):,})", found)
        )
    for code in ("de", "fr", "es", "zh"):
        pairs = list(_lines(data / "texts" / f"parallel-en-{code}.jsonl.gz"))
        kept_back = [record for record in pairs if record.get(HELD_OUT)]
        which = "held out" if kept_back else "the last of the file, of which nothing is held out"
        pairs = (kept_back or pairs)[-max(20, int(SENTENCES * scale)) :]
        own, english = (_encoded(encode, [record[key] for record in pairs]) for key in (code, "en"))
        figures.append(
            seen(
                f"{LANGUAGES[code]} sentence → English one (Tatoeba, {len(pairs):,}, {which})",
                recalls(own, english),
            )
        )
    return figures


def _english(data: Path, encode: Encode, scale: float) -> Iterator[Figure]:
    """What both encoders make of English, ours asked to be within ``LOST`` points of MiniLM or better."""
    try:
        reference: Encode | str = minilm()
    except MissingReferenceError as missing:
        reference = f"not measured: {missing}"
    pictures = max(20, int(COCO_PICTURES * scale))
    coco = [record["captions"][:2] for record, _ in zip(_coco(data), range(pictures), strict=False)]
    first, second = ([pair[place] for pair in coco] for place in (0, 1))

    def of_captions(by: Encode) -> list[float]:
        return shares(_encoded(by, first), _encoded(by, second))

    yield from _against(
        f"caption → another of the picture (COCO, {len(coco):,}), R@1/5/10", of_captions, encode, reference
    )
    records = textbook_records(data)
    printed = [CREDIT.sub("", record["caption"]).strip() for record in records]
    described = [record["captions"][0] for record in records]
    titles = sorted({(r["book"], r["title"]) for r in records if r["title"] != EVERYWHERE})
    of_title = [
        [row for row, r in enumerate(records) if (r["book"], r["title"]) == title] for title in titles
    ]
    for what, queries, relevant in (
        ("section title → what is printed under its figures", [title for _, title in titles], of_title),
        ("alt text → what is printed under the figure", described, [[row] for row in range(len(records))]),
    ):

        def of_textbooks(
            by: Encode, queries: Sequence[str] = queries, relevant: Sequence[Sequence[int]] = relevant
        ) -> list[float]:
            return [ndcg(_encoded(by, queries), _encoded(by, printed), relevant)]

        name = f"{what} (two textbooks, {len(queries):,} queries, {len(printed):,} texts), nDCG@10"
        yield from _against(name, of_textbooks, encode, reference)


def _against(
    what: str, quality: Callable[[Encode], list[float]], encode: Encode, reference: Encode | str
) -> Iterator[Figure]:
    reached = quality(encode)
    if isinstance(reference, str):
        yield seen(what, written(reached))
        yield seen(f"{what}, MiniLM", reference)
        return
    others = quality(reference)
    met = all(ours >= theirs - LOST for ours, theirs in zip(reached, others, strict=True))
    yield Figure(what, f"≥ MiniLM's {written(others)} - {LOST:g}", written(reached), met)


def shares(queries: Vectors, answers: Vectors) -> list[float]:
    """Percent of queries (n, d) whose own row of ``answers`` (n, d) is among the nearest 1, 5, 10; a tie is a miss."""
    scores = queries @ answers.T
    ranks = (scores >= scores.diagonal()[:, None]).sum(axis=1)
    return [100 * float((ranks <= depth).mean()) for depth in DEPTHS]


def recalls(queries: Vectors, answers: Vectors) -> str:
    """The shares as they are written."""
    return f"R@1/5/10 {written(shares(queries, answers))}"


def ndcg(queries: Vectors, documents: Vectors, relevant: Sequence[Sequence[int]]) -> float:
    """Mean nDCG@10 in percent of queries (n, d) for documents (m, d), those of ``relevant[n]`` being right."""
    import numpy as np

    scores = queries @ documents.T
    order: Ids = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    discounts = 1 / np.log2(np.arange(2, 12))
    reached = [
        discounts[: order.shape[1]][np.isin(row, right)].sum() / discounts[: len(right)].sum()
        for row, right in zip(order, relevant, strict=True)
    ]
    return 100 * float(np.mean(reached))


def written(values: Sequence[float]) -> str:
    """ "30.0 / 53.5 / 64.3"."""
    return " / ".join(f"{value:.1f}" for value in values)


def textbook_records(data: Path) -> list[dict[str, Any]]:
    """The records of the two test books' photographs that have a printed text."""
    with zipfile.ZipFile(data / "textbook-photo-test.zip") as archive:
        records = [json.loads(line) for line in archive.read("records.jsonl").splitlines()]
    return [record for record in records if record.get("caption") and record.get("captions")]


def _coco(data: Path) -> Iterator[dict[str, Any]]:
    return (r for r in _lines(data / "texts" / "coco-captions.jsonl.gz") if len(r["captions"]) > 1)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _encoded(encode: Encode, texts: Sequence[str]) -> Vectors:
    import numpy as np

    return np.concatenate([encode(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)])
