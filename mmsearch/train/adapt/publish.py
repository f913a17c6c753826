"""Write an adapted encoder: the old towers with heads on top, its own bank and backgrounds, where it came from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.datasets.pairs import read_pictures
from mmsearch.encoders.check_vectors import write_check_vectors
from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import (
    BANK_LINES,
    BANK_TEXTS,
    NAMED,
    amend_description,
    copy_description,
    read_description,
    read_recipe,
    seal,
)
from mmsearch.encoders.naming import count_named, pictures_named, read_named, write_named
from mmsearch.evaluate.backgrounds import store_backgrounds
from mmsearch.train.adapt.taps import add_head
from mmsearch.train.compile.export import bank_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.datasets.pairs import Pair
    from mmsearch.train.adapt.tapped import TappedEncoder
    from mmsearch.train.adapt.taps import HeadWeights


def write_encoder(
    towers: TappedEncoder,
    picture: HeadWeights,
    text: HeadWeights,
    captions: Sequence[Sequence[str]],
    folder: Path,
) -> None:
    """Write ``towers`` with a head on each, and the vectors of the shipped queries, to the new ``folder``.

    If they know how often training named pictures by a word, the ``captions`` of each picture that the heads were
    fitted to count as well.
    """
    import onnx

    folder.mkdir()
    files = towers.description.files
    for role, head in (("image", picture), ("text", text)):
        model = onnx.load(towers.directory / files[role])
        add_head(model, head)
        onnx.save(model, folder / files[role])
    shutil.copyfile(towers.directory / files["tokenizer"], folder / files["tokenizer"])
    texts = bank_texts()
    (folder / BANK_LINES).write_text("\n".join(texts) + "\n", encoding="utf-8")
    copy_description(towers.directory, folder, folder.name)
    np.save(folder / BANK_TEXTS, CompiledEncoder(folder).encode_texts(texts).astype(np.float16))
    amend_description(folder, bank={"text": BANK_TEXTS})
    if "named" in files:
        _name(folder, towers.directory / files["named"], captions)


def _name(folder: Path, before: Path, captions: Sequence[Sequence[str]]) -> None:
    """Write what was named in training ``before``, and in ``captions``, for the encoder in ``folder``."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / read_description(folder).files["tokenizer"]))
    tokenizer.no_padding()
    counts, known = pictures_named(read_named(before))
    fresh, _ = count_named(tokenizer, captions)
    fresh[: counts.size] += np.where(known, counts, 0.0)
    known = np.concatenate([known, np.zeros(fresh.size - known.size, dtype=bool)]) | (fresh > 0)
    write_named(folder / NAMED, fresh, known)
    amend_description(folder, named=NAMED)


def measure_backgrounds(folder: Path, collections: Sequence[Sequence[Pair]]) -> None:
    """Store how the encoder in ``folder`` scores strangers among ``collections`` of captioned pictures."""
    written = []
    for number, pairs in enumerate(collections):
        place = folder.parent / f"collection-{number}"
        place.mkdir()
        records = []
        for row, content in enumerate(read_pictures(pair.picture for pair in pairs)):
            name = f"{row}{Path(pairs[row].picture.path).suffix}"
            (place / name).write_bytes(content)
            records.append(json.dumps({"path": name, "captions": pairs[row].captions}))
        (place / "records.jsonl").write_text("\n".join(records) + "\n", encoding="utf-8")
        written.append(place)
    store_backgrounds(folder, written)


def publish(made: Path, output: Path, recipe: Mapping[str, Any], figures: Mapping[str, Any]) -> None:
    """Describe where the encoder in ``made`` came from, seal it, and put it in the place of ``output``."""
    description = read_description(made)
    sizes = {role: (made / description.files[role]).stat().st_size for role in ("image", "text")}
    amend_description(
        made, recipe={**recipe, "before": read_recipe(made)}, figures={**figures, "bytes": sizes}
    )
    write_check_vectors(made, CompiledEncoder(made))
    seal(made)
    output.mkdir(exist_ok=True)
    for file in made.iterdir():
        file.replace(output / file.name)
