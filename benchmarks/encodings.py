"""Short texts in older encodings: how many are read as they were written, by language and encoding.

Sentences of Tatoeba and captions of Multi30k, one file each, of which one in 37 is taken: never those by which the
tables of ``mmsearch/media/text/orthography.py`` were looked at.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, at_least, seen

EVERY, OFFSET = 37, 30
TEXTS = 400
LEAST = 97.0  # percent
ENCODINGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("parallel-en-de", "de"): ("cp1252", "cp850"),
    ("parallel-en-fr", "fr"): ("cp1252", "cp850"),
    ("parallel-en-es", "es"): ("cp1252",),
    ("multi30k", "cs"): ("cp1250", "iso8859-2", "cp852"),
    ("parallel-en-zh", "zh"): ("gb18030", "utf-16-le", "utf-16-be"),
}


def measure(scale: float = 1.0) -> list[Figure]:
    """The share of texts that come back as they were, for each language and encoding."""
    count = max(10, int(TEXTS * scale))
    data = shared_data()
    if data is None:
        return [seen("older encodings", "not measured: the data is not here")]
    figures = []
    for (name, language), encodings in ENCODINGS.items():
        texts = list(_texts(data / "texts" / f"{name}.jsonl.gz", language, 2 * count))
        for encoding in encodings:
            written = [found for text in texts if (found := _written(text, encoding))][:count]
            right = sum(_read(one) == one.decode(encoding) for one in written)
            share = 100 * right / len(written)
            figures.append(at_least(f"{language} in {encoding}, {len(written)} sentences", LEAST, share, "%"))
    return figures


def _texts(path: Path, language: str, count: int) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            text = json.loads(line).get(language) if number % EVERY == OFFSET else None
            if text and not text.isascii():
                yield text
                count -= 1
            if not count:
                return


def _written(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeError:
        return b""


def _read(data: bytes) -> str | None:
    from mmsearch.errors import MediaError
    from mmsearch.media.text.encoding import decode_text

    try:
        return decode_text(data)
    except MediaError:
        return None
