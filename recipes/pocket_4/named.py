"""How often pocket's training named pictures by each word: the table beside its towers, and its bank encoded anew.

    python recipes/pocket_4/named.py --data DATA --encoder ENCODER

Counted are the pictures of the captions that pocket was trained on, English ones as they are; those of another language
as if it had as many pictures, since pocket learned it by what it says in English. Spanish it learned without captions:
what only Spanish is written with stays unknown. A minute. `mmsearch encoder calibrate` comes after it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import BANK_TEXTS, NAMED, amend_description, read_description
from mmsearch.encoders.naming import count_named, write_named
from mmsearch.train.languages.lexicon import own_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COLLECTIONS = ("flickr8k-train", "textbook-photo-train", "textbook-drawing-train", "ebooks-train")
COCO_HELD_OUT = 2500
TRANSLATED = ("de", "fr")


def main() -> None:
    """Count, write the table, encode the bank."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    chosen = parser.parse_args()
    folder: Path = chosen.encoder
    tokenizer = Tokenizer.from_file(str(folder / read_description(folder).files["tokenizer"]))
    tokenizer.no_truncation()
    counts, pictures = count_named(tokenizer, english(chosen.data))
    print(f"{pictures:,} pictures with English captions")
    for code, captions in others(chosen.data):
        found, many = count_named(tokenizer, captions)
        counts = np.maximum(counts, found * (pictures / many))
        print(f"{many:,} with captions in {code}")
    pairs = [(record["en"], record["es"]) for record in lines(chosen.data, "parallel-en-es")]
    known = np.ones(len(counts), dtype=bool)
    known[own_pieces(tokenizer, pairs)] = False
    known |= counts > 0
    write_named(folder / NAMED, counts, known)
    encoder = CompiledEncoder(folder)
    np.save(folder / BANK_TEXTS, encoder.encode_texts(encoder.bank_lines()).astype(np.float16))
    amend_description(folder, named=NAMED, bank={"text": BANK_TEXTS})
    print(
        f"{int((counts > 0).sum()):,} of {len(counts):,} entries named a picture, {int((~known).sum()):,} unknown"
    )


def english(data: Path) -> Iterator[Sequence[str]]:
    """The English captions of each picture."""
    for name in COLLECTIONS:
        with zipfile.ZipFile(data / f"{name}.zip") as archive:
            yield from (json.loads(line)["captions"] for line in archive.read("records.jsonl").splitlines())
    yield from (record["captions"] for record in list(lines(data, "coco-captions"))[COCO_HELD_OUT:])
    yield from ((record["en"], *record.get("more", ())) for record in lines(data, "multi30k"))


def others(data: Path) -> Iterator[tuple[str, Iterator[Sequence[str]]]]:
    """The captions of each picture in each further language."""
    for code in TRANSLATED:
        yield code, ((record[code],) for record in lines(data, "multi30k"))
    chinese = (record for record in lines(data, "flickr8k-cn") if record["split"] == "train")
    yield "zh", (record["zh"] for record in chinese if record["engine"].startswith("baidu"))


def lines(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """The records of a text collection."""
    with gzip.open(data / "texts" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    main()
