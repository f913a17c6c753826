"""pocket 4.4: pocket 4.3 with a sound tower; its towers for pictures and texts stay as they are, byte for byte.

    python recipes/pocket_4/sound.py --data DATA --encoder ENCODER --sounds FOLDER [FOLDER …] [--dev]

YAMNet's network and classifier, then a head: its 521 scores, evened out and through a softmax, times a matrix into
pocket's space. No clip is captioned, so the matrix comes of texts alone: each text that is near the name of a class
wants a high product with that class and none with the others. That is a ridge regression over the names in FORMS,
AudioCaps' captions (the texts) and the lines of pocket's bank, which are about anything and want all classes alike.

How high each class's score usually is comes of the sounds in FOLDERs, of which only the score is used: those of
Debian's gcompris-qt-data (unpacked from its .rcc), tuxpaint-stamps-default, scratch, sonic-pi-samples, minetest-data,
sound-theme-freedesktop, freecol, lincity-ng-data, simutrans-pak64, unknown-horizons, colobot-common-sounds,
pingus-data, heroes-sound-effects, wesnoth-1.16-data, widelands-data and hedgewars-data. ``--dev`` scores the head by
those whose file names say what they are (named_sounds.py) and writes nothing. A quarter of an hour.
"""

from __future__ import annotations

import argparse
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from named_sounds import measure, name_of
from onnx import checker, save
from yamnet import CLASSES, Graph, add_network, read_network

from mmsearch.encoders.check_vectors import write_check_vectors
from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import (
    BANK_SOUNDS,
    SOUND_TOWER,
    amend_description,
    read_description,
    read_recipe,
    seal,
)
from mmsearch.encoders.spectrogram import log_mel
from mmsearch.errors import MediaError
from mmsearch.evaluate.backgrounds import rounded
from mmsearch.media.sound.containers import SOUND_SUFFIXES
from mmsearch.media.sound.decode import open_sound
from mmsearch.media.sound.stretches import stretches, windows
from mmsearch.search.calibration.cohort import cohort_of
from mmsearch.search.calibration.estimation import estimate
from mmsearch.types import SoundSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mmsearch.types import Vectors

FORMS = (
    "{}",
    "the sound of {}",
    "{} sound",
    "a recording of {}",
    "{} can be heard",
    "{} in the background",
    "somebody hears {}",
)
# How a text is shared out among the classes: by a softmax over this times the cosine to the name of each.
SHARPNESS = 20.0
# What is taken off each class's score, of its usual one, and how much wider the softmax is than the classifier's.
EVENED, WIDTH = 0.5, 2.5
CAPTION_WEIGHT, RIDGE = 0.2, 1.0
SECONDS = 15  # of each sound
BANK = 300
SPEC = SoundSpec()


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """``weights`` (521, 1024) and ``biases`` (521,) of the classifier, evened out; ``matrix`` (521, d)."""

    weights: Any
    biases: Any
    matrix: Any

    def __call__(self, embeddings: Any) -> Vectors:
        """Unit vectors (n, d) of embeddings (n, 1024)."""
        scores = embeddings @ self.weights.T + self.biases
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return unit(shares / shares.sum(axis=1, keepdims=True) @ self.matrix)


def main() -> None:
    """Build, fit, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--sounds", type=Path, nargs="+", required=True)
    parser.add_argument("--dev", action="store_true")
    chosen = parser.parse_args()
    weights = chosen.data / "weights"
    layers, classifier, biases = read_network(weights / "yamnet.tflite")
    heard = dict(hear(layers, chosen.sounds))
    scores = {file: (some @ classifier.T + biases).mean(axis=0) for file, some in heard.items()}
    usual = np.mean(list(scores.values()), axis=0)
    encoder = CompiledEncoder(chosen.encoder)
    names = (weights / "yamnet-labels.txt").read_text(encoding="utf-8").splitlines()
    matrix = fit(encoder, names, captions(chosen.data))
    head = Head(classifier / WIDTH, (biases - EVENED * usual) / WIDTH, matrix)
    vectors = {file: unit(head(some).mean(axis=0, keepdims=True))[0] for file, some in heard.items()}
    named = {file: name for file in vectors if (name := name_of(str(file))) is not None}
    figures = measure(encoder, np.stack([vectors[file] for file in named]), list(named.values()))
    print(f"{len(heard)} sounds, {len(named)} of them named: {figures}")
    if not chosen.dev:
        write(chosen.encoder, layers, head, np.stack(list(vectors.values())), figures)


def hear(layers: list[dict[str, Any]], folders: Sequence[Path]) -> Iterator[tuple[Path, Any]]:
    """The embeddings (windows, 1024) of every sound below ``folders``; spoken ones of letters and words left out."""
    import onnxruntime

    graph = Graph()
    model = graph.model(add_network(graph, layers), 1024)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    network = onnxruntime.InferenceSession(model.SerializeToString(), options)
    files = sorted(
        {file for folder in folders for file in folder.rglob("*") if file.suffix in SOUND_SUFFIXES}
    )
    spoken = ("desc_", "_desc", "/Voices/", "/symbols/", "/i18n/")
    for file in files:
        if any(mark in str(file) for mark in spoken):
            continue
        try:
            with open_sound(file) as recording:
                beginning = next(recording.pieces(SPEC.rate, SECONDS * SPEC.rate))
        except (MediaError, StopIteration) as error:
            print(f"{file}: {error}")
            continue
        found = [windows(one.samples, SPEC) for one in stretches([beginning], SPEC.rate)]
        if found:
            levels = log_mel(np.concatenate(found))[:, None]
            yield file, np.concatenate([network.run(None, {"levels": one[None]})[0] for one in levels])


def captions(data: Path) -> list[str]:
    """AudioCaps' training captions, each once."""
    with gzip.open(data / "texts" / "audiocaps.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return sorted({record["caption"] for record in records if record["split"] == "train"})


def fit(encoder: CompiledEncoder, names: Sequence[str], captions: Sequence[str]) -> Any:
    """The matrix (521, d): what each class adds to a sound's vector."""
    written = [encoder.encode_texts([form.format(name.lower()) for name in names]) for form in FORMS]
    told = np.concatenate(written)
    middle = told.mean(axis=0)
    centered = [unit(some - middle) for some in written[:3]]

    def shares(texts: Vectors) -> Any:
        near = np.max([unit(texts - middle) @ names.T for names in centered], axis=0) * SHARPNESS
        near = np.exp(near - near.max(axis=1, keepdims=True))
        return near / near.sum(axis=1, keepdims=True)

    bank, said = encoder.bank("text"), encoder.encode_texts(captions)
    assert bank is not None
    anything = np.full((len(bank), CLASSES), 1 / CLASSES)
    parts = [(told, shares(told), 1.0), (bank, anything, 1.0), (said, shares(said), CAPTION_WEIGHT)]
    moment = RIDGE * np.eye(encoder.dimension)
    crossed = np.zeros((encoder.dimension, CLASSES))
    for texts, wanted, weight in parts:
        rows = (texts - middle).astype(np.float64)
        moment += weight * rows.T @ rows
        crossed += weight * rows.T @ wanted
    matrix = np.linalg.solve(moment, crossed)
    # what all texts share says nothing of any of them: without it no sound is near to everything
    matrix -= np.outer(middle, middle @ matrix) / (middle @ middle)
    return np.ascontiguousarray(matrix.T, dtype=np.float32)


def write(
    folder: Path, layers: list[dict[str, Any]], head: Head, sounds: Vectors, figures: Mapping[str, float]
) -> None:
    """Put the tower beside the others, with what is measured of it."""
    graph = Graph()
    embedding = add_network(graph, layers)
    graph.add("MatMul", [embedding, _stored(graph, "classifier", head.weights.T)], "scores")
    graph.add("Add", ["scores", graph.constant("biases", head.biases.astype(np.float32))], "evened")
    graph.add("Softmax", ["evened"], "shares", axis=1)
    graph.add("MatMul", ["shares", _stored(graph, "matrix", head.matrix)], "vectors")
    model = graph.model("vectors", head.matrix.shape[1])
    checker.check_model(model)
    save(model, folder / SOUND_TOWER)
    chosen = np.linspace(0, len(sounds) - 1, min(BANK, len(sounds))).astype(int)
    np.save(folder / BANK_SOUNDS, sounds[chosen].astype(np.float16), allow_pickle=False)
    amend_description(folder, sound=SPEC, bank={"audio": BANK_SOUNDS}, version="4.4")
    encoder = CompiledEncoder(folder)
    description = read_description(folder)
    kept = {name: json.loads(value) for name, value in description.backgrounds.items() if "audio" not in name}
    size = (folder / SOUND_TOWER).stat().st_size
    told = {**description.figures, "sounds_named_by_their_files": dict(figures)}
    told["bytes"] = {**description.figures["bytes"], "sound": size}
    recipe = {**read_recipe(folder), "sound": {"network": "YAMNet", "sounds": len(sounds)}}
    amend_description(
        folder, backgrounds={**kept, **backgrounds(encoder, sounds)}, figures=told, recipe=recipe
    )
    write_check_vectors(folder, encoder)
    seal(folder)


def backgrounds(encoder: CompiledEncoder, sounds: Vectors) -> dict[str, Any]:
    """How queries of one kind score items of another that have nothing to do with them, where either is a sound."""
    banks = {kind: encoder.bank(kind) for kind in ("audio", "image", "text")}  # type: ignore[arg-type]
    cohort, found = cohort_of(encoder), {}
    for query, item in (
        ("text", "audio"), ("image", "audio"), ("audio", "audio"), ("audio", "image"), ("audio", "text")
    ):  # fmt: skip
        items = sounds if item == "audio" else banks[item]
        same = query == item
        known = cohort.own("audio") if query == "text" and cohort is not None else None
        apart = (
            np.linspace(0, len(sounds) - 1, len(banks["audio"])).astype(np.int64),
            np.arange(len(sounds)),
        )
        background = estimate(
            banks[query],
            items,
            query_groups=apart[0] if same else None,
            item_groups=apart[1] if same else None,
            asked=known,
        )
        found[f"{query}→{item}"] = rounded(background)
    return found


def _stored(graph: Graph, name: str, matrix: Any) -> str:
    """``matrix`` (k, n) in bytes, with a scale for each column; read as floats."""
    scales = (np.abs(matrix).max(axis=0) / 127).astype(np.float32)
    integers = np.rint(matrix / scales).astype(np.int16) + 128
    return graph.integers(
        name, integers.astype(np.uint8), scales, np.full(len(scales), 128, np.uint8), axis=1
    )


def unit(rows: Any) -> Vectors:
    """At unit length."""
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


if __name__ == "__main__":
    main()
