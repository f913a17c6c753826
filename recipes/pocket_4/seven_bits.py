"""pocket 4.3: pocket 4.2 with weights of 7 bits, which no processor's arithmetic saturates with.

    python recipes/pocket_4/seven_bits.py --data DATA --encoder POCKET_4_2 --output encoders/pocket

What was trained is as it was: the integers of 4.2 count as exact, and are rounded anew by training pictures of all
kinds and texts in all its languages. An encoder that is compiled from its run has such weights to begin with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from languages import translations

from mmsearch.datasets.pairs import read_pairs
from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import amend_description
from mmsearch.train.compile.export import bank_texts, read_calibration
from mmsearch.train.compile.recompile import recompile

# How many pictures, and captions, of each collection.
COLLECTIONS = {
    "flickr8k-train": (160, 300),
    "textbook-photo-train": (48, 150),
    "textbook-drawing-train": (24, 50),
    "ebooks-train": (24, 50),
}
SENTENCES = {"zh": 200, "de": 100, "fr": 100, "es": 100}


def main() -> None:
    """Collect pictures and texts, round by them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("--data", "--encoder", "--output"):
        parser.add_argument(name, type=Path, required=True)
    chosen = parser.parse_args()
    spec = CompiledEncoder(chosen.encoder).picture
    pictures, texts = [], bank_texts()
    for name, (shown, told) in COLLECTIONS.items():
        path = chosen.data / f"{name}.zip"
        pictures.append(read_calibration(path, spec, shown))
        captions = [pair.captions[0] for pair in read_pairs(path)]
        texts += captions[:: len(captions) // told][:told]
    for code, count in SENTENCES.items():
        sentences = [translation for _, translation in translations(chosen.data, code)]
        texts += sentences[:: len(sentences) // count][:count]
    made = recompile(chosen.encoder, chosen.output, np.concatenate(pictures), texts)
    print(made.cosines, made.bytes)
    amend_description(chosen.output, name="pocket", version="4.3")


if __name__ == "__main__":
    main()
