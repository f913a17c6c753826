"""The two files that rclip has fetched: ``visual.onnx`` and ``textual.onnx`` of ViT-B-32-256 (DataComp).

They lie in a folder of their own in rclip's data directory, its merges in ``tokenizer/`` beside that. What it does with
pictures and texts stands in its code alone (rclip, rclip/utils/preprocess.py and tokenizer.py): 256 pixels of the
middle, CLIP's colors, 77 tokens filled up with zeros.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from mmsearch.errors import EncoderError
from mmsearch.hub.source import Source
from mmsearch.types import PictureSpec

if TYPE_CHECKING:
    from pathlib import Path

VISUAL, TEXTUAL = "visual.onnx", "textual.onnx"
MODEL = "ViT-B-32-256-datacomp_s34b_b86k"
MERGES = "tokenizer/bpe_simple_vocab_16e6.txt.gz"
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
SIZE, CONTEXT = 256, 77
LARGEST_MERGES = 20_000_000  # bytes; they have 3.2 million


def rclip_folder(folder: Path) -> Path | None:
    """Where in ``folder``, rclip's data directory or the model's own within it, the two files lie; None elsewhere."""
    for place in (folder, folder / MODEL):
        if (place / VISUAL).is_file() and (place / TEXTUAL).is_file():
            return place
    return None


def read_rclip(folder: Path) -> Source:
    """The encoder whose two files lie in ``folder``; EncoderError when its merges are missing or damaged."""
    from mmsearch.train.towers.clip_words import clip_tokenizer, read_merges

    path = next((place / MERGES for place in (folder, folder.parent) if (place / MERGES).is_file()), None)
    if path is None:
        raise EncoderError(
            f"{MERGES} lies neither in {folder} nor beside it: copy it from rclip's data directory"
        )
    try:
        with gzip.open(path) as file:
            content = file.read(LARGEST_MERGES + 1)
        if len(content) > LARGEST_MERGES:
            raise ValueError("it is too large")
        tokenizer = clip_tokenizer(*read_merges(content.decode("utf-8")))
    except Exception as error:  # of the file, of gzip, and of the tokenizers library, which raises plain ones
        raise EncoderError(f"{path} can't be read ({error}): let rclip fetch it again") from error
    return Source(
        layout="rclip",
        visual=folder / VISUAL,
        textual=folder / TEXTUAL,
        picture=PictureSpec(SIZE, "crop"),
        mean=MEAN,
        deviation=DEVIATION,
        tokenizer=tokenizer,
        context=CONTEXT,
        padding=0,
    )
