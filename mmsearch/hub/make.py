"""A foreign encoder -> an encoder directory: adapted, rounded to int8, measured against itself in floats."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from mmsearch.encoders.description import (
    BANK_LINES,
    BANK_TEXTS,
    IMAGE_TOWER,
    TEXT_TOWER,
    TOKENIZER,
    amend_description,
    seal,
    write_description,
)
from mmsearch.errors import UsageError
from mmsearch.hub.adapt import IDS, MASK, PIXELS, adapt_textual, adapt_visual, load_graph
from mmsearch.hub.graphs import Weights, is_integer, open_graph, save_graph
from mmsearch.hub.samples import leaf_pictures
from mmsearch.hub.words import WORLD, vocabulary_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mmsearch.hub.source import Source
    from mmsearch.types import Images, Modality, Vectors

Precision: TypeAlias = Literal["int8", "fp32"]
ROUNDED_BY, MEASURED_ON = 24, 16  # pictures
READ_BY, ASKED = 96, 48  # texts
GOOD = 0.995  # a mean cosine that needs no better rounding


@dataclass(frozen=True, slots=True)
class Named:
    """What an encoder is called, under which licence it is published, and where it came from (JSON values)."""

    name: str
    license: str
    recipe: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """What ``make_encoder`` wrote: bytes of the towers, mean cosines to them in floats, and those that can saturate."""

    directory: Path
    bytes: dict[str, int]
    cosines: dict[str, float]
    saturating: tuple[str, ...]


def make_encoder(
    source: Source,
    output: Path,
    named: Named,
    *,
    precision: str = "int8",
    limit: float | None = None,
    pieces: int | None = None,
    pictures: Images | None = None,
    notice: Callable[[str], None] | None = None,
) -> Made:
    """Write ``source`` as the encoder directory ``output``, which is replaced only when all went well.

    ``pictures`` (n, size, size, 3) uint8 are what its weights are rounded by and measured on; without any, drawn ones
    are. ``pieces`` cuts the vocabulary. A graph that is int8 already stays as it is. UsageError for another precision
    than int8 and fp32; EncoderError when a tower drifted further from its floats than ``limit`` (by precision, see
    `mmsearch.train.compile.export.LIMITS`) allows.
    """
    from mmsearch.train.compile.export import refuse_drift

    if precision not in {"int8", "fp32"}:
        raise UsageError(f"precision is int8 or fp32, not {precision}")
    tell = notice or (lambda _: None)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".get-") as name:
        folder = Path(name)
        shown = _pictures(source, pictures)
        tell("adapting and measuring the picture tower")
        image = _image_tower(source, folder, precision, shown)
        tell("adapting and measuring the text tower")
        text = _text_tower(source, folder, precision, pieces)
        cosines = {"image": image.cosine, "text": text.cosine}
        refuse_drift(cosines, precision, limit)  # type: ignore[arg-type]
        tell("measuring its banks, backgrounds and check vectors")
        saturating = _describe(source, folder, named, image, text, cosines, precision, shown)
        sizes = {"image": image.bytes, "text": text.bytes}
        output.mkdir(exist_ok=True)
        for file in folder.iterdir():
            file.replace(output / file.name)
    return Made(output, sizes, cosines, saturating)


@dataclass(frozen=True, slots=True)
class _Tower:
    """A tower that was written: its weights beside it, its mean cosine to the floats, what else is known of it."""

    weights: Weights
    cosine: float
    bytes: int
    dimension: int
    batch: int = 0


def _pictures(source: Source, given: Images | None) -> tuple[Images, Images]:
    """Pictures to round by, and others to measure on."""
    wanted = ROUNDED_BY + MEASURED_ON
    pictures = given if given is not None else leaf_pictures(wanted, source.picture.size)
    if len(pictures) < 2:
        raise UsageError("give at least two pictures to calibrate with")
    kept = pictures[:: max(1, len(pictures) // wanted)][:wanted]
    measured = max(1, len(kept) * MEASURED_ON // wanted)
    return kept[measured:], kept[:measured]


def _image_tower(source: Source, folder: Path, precision: str, pictures: tuple[Images, Images]) -> _Tower:
    from mmsearch.train.compile.floats import as_float32

    model = load_graph(source.visual)
    as_float32(model)
    batch = adapt_visual(model, source)
    shown, probes = ([{PIXELS: one} for one in _in_batches(part, batch or 4)] for part in pictures)
    return _tower(model, folder / IMAGE_TOWER, precision, shown, probes, len(pictures[1]), batch)


def _text_tower(source: Source, folder: Path, precision: str, pieces: int | None) -> _Tower:
    from tokenizers import Tokenizer

    from mmsearch.hub.vocabulary import cut_vocabulary
    from mmsearch.train.compile.export import bank_texts
    from mmsearch.train.compile.floats import as_float32

    model = load_graph(source.textual)
    as_float32(model)
    adapt_textual(model, source)
    words = source.tokenizer if pieces is None else cut_vocabulary(model, source, pieces)
    (folder / TOKENIZER).write_text(words, encoding="utf-8")
    tokenizer = Tokenizer.from_str(words)
    tokenizer.no_padding()
    tokenizer.enable_truncation(source.context)
    texts = bank_texts()
    chosen = texts[:: max(1, len(texts) // (READ_BY + ASKED))]
    rows = [np.array([one.ids], np.int64) for one in tokenizer.encode_batch(chosen)]
    batches = [{IDS: row, MASK: np.ones_like(row)} for row in rows if row.size]
    every = (READ_BY + ASKED) // ASKED
    asked, read = batches[::every], [one for number, one in enumerate(batches) if number % every]
    return _tower(model, folder / TEXT_TOWER, precision, read, asked, len(asked), 0)


def _tower(
    model: Any,
    path: Path,
    precision: str,
    samples: Sequence[Mapping[str, Any]],
    probes: Sequence[Mapping[str, Any]],
    count: int,
    batch: int,
) -> _Tower:
    """Write ``model`` to ``path``, rounded by ``samples``; compare it with itself on ``count`` rows of ``probes``."""
    from mmsearch.train.compile.running import run_graph

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        whole = Path(folder) / "whole.onnx"
        save_graph(model, whole)
        expected = run_graph(whole, probes)[:count]
    if precision == "int8" and not is_integer(model):
        _round(model, path, samples, lambda: _cosine(run_graph(path, probes)[:count], expected))
        weights = save_graph(open_graph(path), path)
    else:
        weights = save_graph(model, path)
    cosine = _cosine(run_graph(path, probes)[:count], expected)
    size = path.stat().st_size + (path.parent / weights).stat().st_size if weights else path.stat().st_size
    return _Tower(weights, cosine, size, int(expected.shape[1]), batch)


def _round(
    model: Any, path: Path, samples: Sequence[Mapping[str, Any]], measure: Callable[[], float]
) -> None:
    """Write ``model`` to ``path`` in int8 with weights of 7 bits; convolutions stay floats.

    Each weight goes to the nearest step. Where ``measure`` then finds less than GOOD, they are fitted to ``samples``,
    which takes minutes.
    """
    from mmsearch.train.compile.compress import quantize_matrices, quantize_to_nearest, strip
    from mmsearch.train.compile.evenness import even_out
    from mmsearch.train.compile.lookups import round_tables

    round_tables(model)
    even_out(model, samples)
    save_graph(model, path, apart=False)
    quantize_to_nearest(path)
    strip(path)
    if measure() < GOOD:
        save_graph(model, path, apart=False)
        quantize_matrices(path, list(samples))
        strip(path)


def _cosine(actual: Vectors, expected: Vectors) -> float:
    """The mean cosine of rows."""
    lengths = np.linalg.norm(actual, axis=1) * np.linalg.norm(expected, axis=1)
    return float(((actual * expected).sum(1) / np.maximum(lengths, 1e-12)).mean())


def _in_batches(pictures: Images, at_once: int) -> list[Images]:
    """``pictures`` so many at a time, the last ones once more where they don't come out even."""
    filled = np.concatenate([pictures, pictures[: -len(pictures) % at_once]])
    while len(filled) % at_once:
        filled = np.concatenate([filled, pictures[:1]])
    return [filled[start : start + at_once] for start in range(0, len(filled), at_once)]


def _describe(
    source: Source,
    folder: Path,
    named: Named,
    image: _Tower,
    text: _Tower,
    cosines: dict[str, float],
    precision: str,
    pictures: tuple[Images, Images],
) -> tuple[str, ...]:
    from mmsearch.encoders.check_vectors import write_check_vectors
    from mmsearch.encoders.compiled import CompiledEncoder
    from mmsearch.encoders.saturation import saturating
    from mmsearch.train.compile.export import bank_texts, write_bank

    towers: dict[Modality, _Tower] = {"image": image, "text": text}
    worst = {file: saturating(folder / file) for file in (IMAGE_TOWER, TEXT_TOWER)}
    figures = {
        "precision": precision,
        "cosine_to_fp32": cosines,
        "bytes": {role: tower.bytes for role, tower in towers.items()},
    }
    write_description(
        folder,
        name=named.name,
        version=str(named.recipe.get("revision", ""))[:12] or "1",
        dimension=image.dimension,
        picture=source.picture,
        max_tokens=source.context,
        license=named.license,
        recipe={**named.recipe, "layout": source.layout},
        figures=figures,
        batch=image.batch,
        reads_everything=vocabulary_size(source.tokenizer) > WORLD,
        weights={role: tower.weights for role, tower in towers.items() if tower.weights},
    )
    amend_description(folder, saturates=any(worst.values()))
    encoder = CompiledEncoder(folder)
    lines = bank_texts()
    (folder / BANK_LINES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_bank(encoder, lines, folder / BANK_TEXTS)
    amend_description(folder, bank={"text": BANK_TEXTS})
    amend_description(folder, backgrounds=_backgrounds(folder, pictures))
    write_check_vectors(folder, CompiledEncoder(folder))
    seal(folder)
    return tuple(file for file, nodes in worst.items() if nodes)


def _backgrounds(folder: Path, pictures: tuple[Images, Images]) -> dict[str, dict[str, object]]:
    """How lines of the bank score each other and the pictures: what an index of a few items leans on."""
    from mmsearch.encoders.compiled import CompiledEncoder
    from mmsearch.evaluate.backgrounds import rounded
    from mmsearch.search.calibration.estimation import estimate

    encoder = CompiledEncoder(folder)
    bank = encoder.bank("text")
    assert bank is not None
    shown = encoder.encode_images(np.concatenate(pictures))
    lines = np.arange(len(bank))
    found = {
        "text→text": estimate(bank, bank, query_groups=lines, item_groups=lines),
        "text→image": estimate(bank, shown),
        "image→text": estimate(shown, bank),
    }
    return {name: rounded(background) for name, background in found.items()}
