"""Encode pixels.npy and texts.txt of a folder with an encoder, and write encoded.npz: ``encode.py FOLDER ENCODER``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from mmsearch.encoders.registry import load_encoder

folder, encoder = Path(sys.argv[1]), load_encoder(sys.argv[2])
pixels = np.load(folder / "pixels.npy")
texts = (folder / "texts.txt").read_text(encoding="utf-8").splitlines()
encoder.encode_images(pixels[:1])
encoder.encode_texts(texts[:1])
started = time.process_time()
pictures = encoder.encode_images(pixels)
between = time.process_time()
vectors = encoder.encode_texts(texts)
ended = time.process_time()
np.savez(
    folder / "encoded.npz",
    pictures=pictures,
    texts=vectors,
    pictures_seconds=between - started,
    texts_seconds=ended - between,
)
