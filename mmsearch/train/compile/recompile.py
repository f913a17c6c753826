"""Round the weights of an int8 encoder anew, whose float weights are gone: what its integers stand for counts as exact.

For encoders whose weights have all 8 bits, and so saturate on some processors.
"""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.datasets.pairs import read_pairs
from mmsearch.encoders.check_vectors import write_check_vectors
from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import (
    BANK_LINES,
    BANK_TEXTS,
    amend_description,
    copy_description,
    seal,
)
from mmsearch.errors import EncoderError, UsageError
from mmsearch.train.compile.compress import picture_batches
from mmsearch.train.compile.export import (
    Compiled,
    bank_texts,
    read_calibration,
    refuse_drift,
    refuse_saturation,
    write_bank,
)
from mmsearch.train.compile.products import find_products
from mmsearch.train.compile.rounding import round_products
from mmsearch.train.compile.walk import run_exactly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.types import Images, Vectors

PROBES = 64  # pictures, and texts, that nothing is rounded by and the drift is measured on
PICTURES = 256
TEXTS = 1024


def recompile_encoder(
    source: Path, output: Path, calibration: Path | None, *, limit: float | None = None
) -> Compiled:
    """Write the int8 encoder in ``source`` to ``output``, rounded by the captioned pictures in ``calibration``."""
    if calibration is None:
        raise UsageError("weights are rounded by what is encoded: give --calibration FOLDER_OR_ZIP")
    spec = CompiledEncoder(source).picture
    captions = [caption for pair in read_pairs(calibration) for caption in pair.captions]
    texts = captions[:: max(1, len(captions) // TEXTS)]
    return recompile(source, output, read_calibration(calibration, spec, PICTURES), texts, limit=limit)


def recompile(
    source: Path, output: Path, pictures: Images, texts: Sequence[str], *, limit: float | None = None
) -> Compiled:
    """The same by ``pictures`` (n, size, size, 3) uint8 and ``texts``, of each of which the drift is measured on some.

    What was measured with the encoder goes (backgrounds, axes, the bank of pictures): calibrate it again. EncoderError
    when a tower is not int8, or drifted further than ``limit`` allows from what its integers stood for.
    """
    encoder = CompiledEncoder(source)
    if not {"image", "text"} <= encoder.modalities:
        raise UsageError(f"{encoder.name} lacks a tower: compile an encoder of pictures and texts")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".compile-") as name:
        folder = Path(name)
        files = encoder.description.files
        shutil.copyfile(source / files["tokenizer"], folder / files["tokenizer"])
        shown, probes = (pictures[rows] for rows in _apart(len(pictures)))
        read, spoken = ([texts[row] for row in rows] for rows in _apart(len(texts)))
        samples: dict[str, list[list[dict[str, Any]]]] = {
            "image": [list(picture_batches(part)) for part in (shown, probes)],
            "text": [list(encoder.inputs(part)) for part in (read, spoken)],
        }
        with ThreadPoolExecutor() as threads:  # a core for each tower
            vectors = threads.map(lambda role: _round(source, folder, files[role], *samples[role]), samples)
            expected = dict(zip(samples, vectors, strict=True))
        refuse_saturation(folder)
        copy_description(source, folder, output.name)
        made = CompiledEncoder(folder)
        actual = {"image": made.encode_images(probes), "text": made.encode_texts(spoken)}
        cosines = {role: float((actual[role] * expected[role]).sum(axis=1).mean()) for role in actual}
        refuse_drift(cosines, "int8", limit)
        lines = encoder.bank_lines() or bank_texts()
        (folder / BANK_LINES).write_text("\n".join(lines) + "\n", encoding="utf-8")
        write_bank(made, lines, folder / BANK_TEXTS)
        sizes = {role: (folder / files[role]).stat().st_size for role in actual}
        figures = {"precision": "int8", "cosine_to_fp32": cosines, "bytes": sizes}
        figures = {**encoder.description.figures, **figures}
        amend_description(folder, bank={"text": BANK_TEXTS}, figures=figures, saturates=False)
        write_check_vectors(folder, made)
        seal(folder)
        output.mkdir(exist_ok=True)
        for file in folder.iterdir():
            file.replace(output / file.name)
    return Compiled(output, "int8", sizes, cosines)


def _round(
    source: Path,
    folder: Path,
    file: str,
    inputs: Sequence[Mapping[str, Any]],
    probes: Sequence[Mapping[str, Any]],
) -> Vectors:
    """Write the tower ``file`` of ``source`` to ``folder``, rounded by ``inputs``; what ``probes`` should get of it."""
    import onnx

    model = onnx.load(source / file)
    if not any(find_products(model.graph)):
        raise EncoderError(f"{source / file} has no products in int8: compile the encoder from its run")
    expected = np.concatenate(run_exactly(model, probes))
    round_products(model, inputs)
    onnx.save(model, folder / file)
    return expected


def _apart(count: int) -> tuple[list[int], list[int]]:
    """Numbers below ``count`` to round by, and others to measure with: at most PROBES, from all over."""
    step = max(2, count // PROBES)
    return [row for row in range(count) if row % step], list(range(0, count, step))[:PROBES]
