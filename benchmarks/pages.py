"""Documents with pages: how fast PDF is read, alone and with vectors; memory over 5,000 pages; phrases of each kind."""

from __future__ import annotations

import os
import random
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared import made_documents as made
from benchmarks.shared.figures import Figure, at_least, at_most, seen
from benchmarks.shared.peaks import peak

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.types import Vectors

PAGES, CHARACTERS = 300, 3_400
FEW, MANY = 50, 5_000
_LINE = 95  # characters


def measure(scale: float = 1.0) -> list[Figure]:
    """Times are of the processor, child processes included."""
    words = _words()
    figures = []
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        figures += _reading(folder, words, max(20, int(PAGES * scale)))
        figures += _phrases(folder / "kinds", words)
        figures += _memory(folder, words, max(100, int(MANY * scale)))
    return figures


def _reading(folder: Path, words: list[str], count: int) -> list[Figure]:
    """Reading alone; of the time of the whole pipeline, child process included, the share of its text tower."""
    from mmsearch.encoders.registry import load_encoder
    from mmsearch.ingest.options import IndexOptions
    from mmsearch.ingest.pipeline import update
    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import TextPart
    from mmsearch.media.readers.pdf import PdfReader
    from mmsearch.store.directory import IndexDirectory

    corpus = folder / "reading"
    corpus.mkdir()
    drawn = random.Random(1)
    made.pdf([_page(words, drawn, CHARACTERS) for _ in range(count)], corpus / "a.pdf")
    spent = _processor_time()
    texts = [one for one in PdfReader().read(corpus / "a.pdf", Limits()).parts if isinstance(one, TextPart)]
    alone = count / (_processor_time() - spent)
    assert len(texts) == count

    encoder = load_encoder()
    encoder.encode_texts(["warm"])
    encode, tower = encoder.encode_texts, [0.0]

    def timed(texts: Sequence[str]) -> Vectors:
        begun = time.thread_time()
        vectors = encode(texts)
        tower[0] += time.thread_time() - begun
        return vectors

    encoder.encode_texts = timed  # type: ignore[method-assign]
    directory = IndexDirectory.create(folder / "reading-index")
    spent = _processor_time()
    with directory.write_lock():
        report = update(corpus, directory, encoder, IndexOptions(workers=1))
    whole = _processor_time() - spent
    assert report.encoded["text"] > 4 * count
    return [
        at_least("PDF with a text layer, reading alone", 300, alone, "pages/s", 0),
        at_least(
            "PDF through the pipeline, of what the text tower alone does", 90, 100 * tower[0] / whole, "%", 0
        ),
        seen("the same in pages", f"{count / whole:.1f} pages/s; the tower alone {count / tower[0]:.1f}"),
    ]


def _phrases(folder: Path, words: list[str]) -> list[Figure]:
    """A phrase of each kind, among others, first and with its place."""
    import mmsearch

    folder.mkdir()
    drawn = random.Random(2)
    phrase = {
        kind: " ".join(_page(words, drawn, 60)) for kind in ("docx", "pptx", "xlsx", "epub", "eml", "pdf")
    }
    other = [" ".join(_page(words, drawn, 300)) for _ in range(12)]
    data = {
        "docx": made.docx([*other[:4], phrase["docx"]]),
        "pptx": made.pptx([["One", other[4]], ["Two", phrase["pptx"]]]),
        "xlsx": made.xlsx({"First": [[other[5]]], "Second": [[phrase["xlsx"], 3.5]]}),
        "epub": made.epub({"Beginning": other[6:8], "End": [phrase["epub"]]}),
        "eml": made.eml("A letter", other[8], {"notes.txt": phrase["eml"].encode()}),
        "pdf": made.pdf([[other[9]], [other[10]], [phrase["pdf"]]]),
    }
    places = {
        "docx": "",
        "pptx": "slide 2",
        "xlsx": "sheet 2",
        "epub": "chapter 2",
        "eml": "attachment 1",
        "pdf": "page 3",
    }
    for kind, content in data.items():
        (folder / f"a.{kind}").write_bytes(content)
    with mmsearch.index(folder, folder.parent / "kinds-index") as library:
        found = {kind: library.search(f'"{text}"', k=1)[0] for kind, text in phrase.items()}
    right = [
        kind for kind, hit in found.items() if (hit.path, hit.locator.part) == (f"a.{kind}", places[kind])
    ]
    return [
        at_least(
            "phrases found with their places", len(data), len(right), f"of {len(data)}: {', '.join(right)}", 0
        )
    ]


def _memory(folder: Path, words: list[str], many: int) -> list[Figure]:
    """The peak of the command and its child processes together, over a small file and a large one."""
    peaks = []
    drawn = random.Random(3)
    for count in (FEW, many):
        corpus = folder / f"memory-{count}"
        corpus.mkdir()
        made.pdf([_page(words, drawn, 800) for _ in range(count)], corpus / "a.pdf")
        peaks.append(peak("index", str(corpus), "--index", str(folder / f"memory-index-{count}"), "--json"))
    return [
        at_most(f"peak memory, {many:,} pages over {FEW}", 100, peaks[1] - peaks[0], "MB more", 0),
        seen(
            f"peak memory, {FEW} and {many:,} pages, all processes", f"{peaks[0]:.0f} MB, {peaks[1]:.0f} MB"
        ),
    ]


def _processor_time() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _words() -> list[str]:
    """Plain words, of the documentation."""
    text = " ".join(file.read_text(encoding="utf-8") for file in Path(__file__).parents[1].glob("docs/*.md"))
    return sorted({word.lower() for word in re.findall(r"\b[A-Za-z]{3,12}\b", text)})


def _page(words: list[str], drawn: random.Random, characters: int) -> list[str]:
    """Sentences of random words in lines."""
    lines, line, total, left = [], "", 0, 8
    while total < characters:
        word = drawn.choice(words)
        left -= 1
        line += word + (". " if left == 0 else " ")
        left = left or drawn.randrange(6, 14)
        if len(line) > _LINE:
            lines.append(line.strip())
            total += len(line)
            line = ""
    return lines
