"""Write an adapted encoder: the old towers with heads on top, its own bank and backgrounds, where it came from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import DESCRIPTION, seal
from mmsearch.evaluate.backgrounds import store_backgrounds
from mmsearch.train.adapt.taps import add_head
from mmsearch.train.compile.export import BANK_FILE, bank_texts
from mmsearch.train.pairs import read_pictures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.train.adapt.tapped import TappedEncoder
    from mmsearch.train.adapt.taps import HeadWeights
    from mmsearch.train.pairs import Pair

BANK_VECTORS = "bank-text.npy"


def write_encoder(towers: TappedEncoder, picture: HeadWeights, text: HeadWeights, folder: Path) -> None:
    """Write ``towers`` with a head on each, and the vectors of the shipped queries, to the new ``folder``."""
    import onnx

    folder.mkdir()
    files = towers.description.files
    for role, head in (("image", picture), ("text", text)):
        model = onnx.load(towers.directory / files[role])
        add_head(model, head)
        onnx.save(model, folder / files[role])
    shutil.copyfile(towers.directory / files["tokenizer"], folder / files["tokenizer"])
    texts = bank_texts()
    (folder / BANK_FILE).write_text("\n".join(texts) + "\n", encoding="utf-8")
    record = json.loads((towers.directory / DESCRIPTION).read_text(encoding="utf-8"))
    record |= {"name": folder.name, "bank": {"text": None, "image": None}, "axes": None}
    record |= {"sha256": {}, "backgrounds": {}}
    _write(folder, record)
    np.save(folder / BANK_VECTORS, CompiledEncoder(folder).encode_texts(texts).astype(np.float16))
    record["bank"] = {"text": BANK_VECTORS, "image": None}
    _write(folder, record)


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
    record = json.loads((made / DESCRIPTION).read_text(encoding="utf-8"))
    before = record.get("recipe") or {}
    record["recipe"] = {**recipe, "before": before}
    towers = {role: (made / record[role]["file"]).stat().st_size for role in ("image", "text")}
    record["figures"] = {**figures, "bytes": towers}
    _write(made, record)
    seal(made)
    output.mkdir(exist_ok=True)
    for file in made.iterdir():
        file.replace(output / file.name)


def _write(folder: Path, record: Mapping[str, Any]) -> None:
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")
