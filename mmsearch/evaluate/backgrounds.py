"""Measure how an encoder scores strangers, once, when it is made: what a small index can't measure itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import AXES, BANK_PICTURES, amend_description
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.calibration.background import Background
    from mmsearch.types import Ids, Modality, Vectors

# As many pictures of each collection count, or the largest would be taken for the whole world.
PICTURES_EACH = 150
# So many of each stay with the encoder as its bank of pictures.
BANK_EACH = 100
BATCH = 32


def measure_backgrounds(
    encoder: Encoder, collections: Sequence[Path]
) -> tuple[dict[str, Background], Vectors, Vectors]:
    """``"text→image"`` and so on -> the background over the captioned pictures of ``collections`` together.

    And the vectors (m, dimension) of some of their pictures, for a bank; and the axes (dimension, dimension) along
    which pictures and captions lie.

    Text queries are the encoder's bank; picture queries are the pictures, each against the items that are not
    its own. Raises UsageError for a collection without captioned pictures.
    """
    from mmsearch.encoders.shortened import principal_axes
    from mmsearch.search.calibration.cohort import cohort_of
    from mmsearch.search.calibration.estimation import estimate

    pictures, captions, owners, counts = _encode(encoder, collections)
    bank = encoder.bank("text")
    cohort = cohort_of(encoder)
    queries: dict[Modality, Vectors] = {"image": pictures}
    if bank is not None:
        queries["text"] = bank
    groups: dict[Modality, Ids] = {"image": np.arange(len(pictures)), "text": owners}
    found: dict[str, Background] = {}
    encoded: dict[Modality, Vectors] = {"image": pictures, "text": captions}
    for query, vectors in queries.items():
        for item, items in encoded.items():
            of_queries = groups["image"] if query == "image" else None
            of_items = None if of_queries is None else groups[item]
            found[f"{query}→{item}"] = estimate(
                vectors,
                items,
                query_groups=of_queries,
                item_groups=of_items,
                asked=cohort.own(item) if query == "text" and cohort is not None else None,
            )
    return found, _bank_pictures(pictures, counts), principal_axes(pictures, captions)


def store_backgrounds(directory: Path, collections: Sequence[Path]) -> dict[str, Background]:
    """Measure the backgrounds of the compiled encoder in ``directory`` and write them into its description.

    Its bank of pictures and its axes are written beside that.
    """
    found, pictures, axes = measure_backgrounds(CompiledEncoder(directory), collections)
    np.save(directory / BANK_PICTURES, pictures.astype(np.float16), allow_pickle=False)
    np.save(directory / AXES, axes.astype(np.float16), allow_pickle=False)
    measured = {name: rounded(background) for name, background in found.items()}
    amend_description(directory, bank={"image": BANK_PICTURES}, axes=AXES, backgrounds=measured)
    return found


def _encode(encoder: Encoder, collections: Sequence[Path]) -> tuple[Vectors, Vectors, Ids, list[int]]:
    """Pictures (n, d), captions (m, d), the picture of each caption (m,), and how many are of each collection."""
    from mmsearch.datasets.collections import Captioned, Choice, open_collection
    from mmsearch.media.picture import load_picture

    pictures: list[Vectors] = []
    captions: list[Vectors] = []
    owners: list[int] = []
    count = 0
    counts: list[int] = []
    for path in collections:
        with open_collection(path, Choice(sample=PICTURES_EACH)) as collection:
            if not isinstance(collection, Captioned):
                raise UsageError(f"{path} holds no captioned pictures")
            for start in range(0, len(collection.pictures), BATCH):
                batch = collection.pictures[start : start + BATCH]
                pixels = [load_picture(picture.file, encoder.picture).pixels for picture in batch]
                pictures.append(encoder.encode_images(np.stack(pixels)))
                for picture in batch:
                    captions.append(encoder.encode_texts(picture.captions))
                    owners += [count] * len(picture.captions)
                    count += 1
            counts.append(len(collection.pictures))
    return np.concatenate(pictures), np.concatenate(captions), np.array(owners, np.int64), counts


def _bank_pictures(pictures: Vectors, counts: Sequence[int]) -> Vectors:
    """The first BANK_EACH of each collection's ``counts`` pictures (n, d)."""
    starts = np.cumsum([0, *counts[:-1]])
    kept = [pictures[at : at + min(n, BANK_EACH)] for at, n in zip(starts, counts, strict=True)]
    return np.concatenate(kept)


def rounded(background: Background) -> dict[str, object]:
    """Six digits are more than the measurement has, and keep the file readable."""
    values = asdict(background)
    for name in ("bulk", "usual_bulk", "keyword_bulk"):
        values[name] = [round(value, 6) for value in values[name]]
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}
