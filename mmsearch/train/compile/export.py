"""Compile an encoder to a directory of ONNX towers that ONNX Runtime runs without torch."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

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
from mmsearch.errors import EncoderError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

    from mmsearch.train.towers.pair import TowerPair
    from mmsearch.types import Images, PictureSpec

Precision: TypeAlias = Literal["fp32", "fp16", "int8"]

# The smallest mean cosine between the compiled towers' vectors and the torch towers'.
LIMITS: dict[str, float] = {"fp32": 0.999, "fp16": 0.999, "int8": 0.99}
OPSET = 18
CORRECTED = 64  # pictures that a transformer's activations are evened out on, and its weights rounded
PROBES = 64  # pictures, and texts, that the drift is measured on


@dataclass(frozen=True, slots=True)
class Compiled:
    """What ``compile_encoder`` wrote: bytes of the towers, and mean cosines to the towers that it came from."""

    directory: Path
    precision: Precision
    bytes: dict[str, int]
    cosines: dict[str, float]


def compile_encoder(
    source: str | Path,
    output: Path,
    precision: str = "fp32",
    *,
    calibration: Path | None = None,
    limit: float | None = None,
    prune: Sequence[str] = (),
) -> Compiled:
    """Compile ``source`` into the encoder directory ``output``, which is replaced only when all went well.

    ``source`` is the folder of a training run or ``openclip:ARCHITECTURE/PRETRAINED``. ``calibration`` holds
    captioned pictures that int8 is calibrated and its drift measured with; a run brings its own. ``prune`` says
    what to leave out (see `mmsearch.train.compile.prune`); drift is measured against the whole towers. EncoderError
    when a tower's vectors drifted: a mean cosine below ``limit`` (by precision, see ``LIMITS``).
    """
    if precision not in get_args(Precision):
        raise UsageError(f"precision is one of {', '.join(get_args(Precision))}, not {precision}")
    towers = load_towers(source)
    if calibration is not None:
        towers = replace(towers, calibration=read_calibration(calibration, towers.spec))
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".compile-") as folder:
        smaller = _pruned(towers, prune)
        compiled = write_towers(smaller, Path(folder), precision, limit, whole=towers)  # type: ignore[arg-type]
        output.mkdir(exist_ok=True)
        for file in Path(folder).iterdir():
            file.replace(output / file.name)
    return replace(compiled, directory=output)


def load_towers(source: str | Path) -> TowerPair:
    """The towers of a training run, or of an open_clip model, ready to be written."""
    if str(source).startswith("openclip:"):
        from mmsearch.train.towers.openclip import openclip_towers

        return openclip_towers(str(source))
    from mmsearch.train.compile.run import trained_towers

    return trained_towers(Path(source))


def write_towers(
    towers: TowerPair,
    folder: Path,
    precision: Precision,
    limit: float | None = None,
    *,
    whole: TowerPair | None = None,
) -> Compiled:
    """Write ``towers`` as an encoder directory; EncoderError when what was written drifted from ``whole`` or them."""
    from mmsearch.encoders.check_vectors import write_check_vectors
    from mmsearch.encoders.compiled import CompiledEncoder

    texts = bank_texts()
    _export(towers, folder, texts, precision)
    refuse_saturation(folder)
    (folder / TOKENIZER).write_text(towers.tokenizer, encoding="utf-8")
    shutil.copyfile(_bank_source(), folder / BANK_LINES)
    _describe(towers, folder, {})
    cosines = measure_drift(whole or towers, CompiledEncoder(folder), texts)
    refuse_drift(cosines, precision, limit)
    write_bank(CompiledEncoder(folder), texts, folder / BANK_TEXTS)
    sizes = {name: (folder / f"{name}.onnx").stat().st_size for name in ("image", "text")}
    figures = {"precision": precision, "cosine_to_fp32": cosines, "bytes": sizes}
    _describe(towers, folder, figures)
    amend_description(folder, bank={"text": BANK_TEXTS}, saturates=False)
    write_check_vectors(folder, CompiledEncoder(folder))
    seal(folder)
    return Compiled(folder, precision, sizes, cosines)


def refuse_saturation(folder: Path) -> None:
    """EncoderError when a product of a tower in ``folder`` can saturate, and so be wrong on some processors."""
    from mmsearch.encoders.saturation import saturating

    for file in (IMAGE_TOWER, TEXT_TOWER):
        if worst := saturating(folder / file):
            raise EncoderError(
                f"{file} can saturate on processors without VNNI, in {len(worst)} products ({worst[0]} most): "
                "keep its weights from -64 to 64"
            )


def refuse_drift(cosines: Mapping[str, float], precision: Precision, limit: float | None) -> None:
    """EncoderError when a tower's mean cosine to the whole one is below ``limit``, or what its precision may have."""
    smallest = LIMITS[precision] if limit is None else limit
    for tower, cosine in cosines.items():
        if not cosine >= smallest:
            raise EncoderError(
                f"the {tower} tower drifted: mean cosine {cosine:.4f} < {smallest} in {precision}; "
                "give more --calibration pictures, another --precision, or --prune less"
            )


def _pruned(towers: TowerPair, parts: Sequence[str]) -> TowerPair:
    if not parts:
        return towers
    from mmsearch.train.compile.prune import prune

    return prune(towers, parts)


def bank_texts() -> list[str]:
    """The shipped queries of many subjects that backgrounds are estimated from."""
    lines = _bank_source().read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip()]


def measure_drift(towers: TowerPair, encoder: Any, texts: Sequence[str]) -> dict[str, float]:
    """The mean cosine between the compiled and the torch vectors of probe pictures and texts."""
    import torch

    pictures = _probes(towers)
    chosen = list(texts)[:: max(1, len(texts) // PROBES)]
    with torch.inference_mode():
        expected = towers.picture(torch.from_numpy(pictures)).numpy()
        rows = _token_rows(towers, chosen)
        meant = np.concatenate([towers.text(row, torch.ones_like(row)).numpy() for row in rows])
    return {
        "image": float((expected * encoder.encode_images(pictures)).sum(1).mean()),
        "text": float((meant * encoder.encode_texts(chosen)).sum(1).mean()),
    }


def _token_rows(towers: TowerPair, texts: Sequence[str]) -> list[torch.Tensor]:
    """Ids (1, t) int64 of each text."""
    import torch
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(towers.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(towers.max_tokens)
    return [torch.tensor([tokenizer.encode(text).ids]) for text in texts]


def _export(towers: TowerPair, folder: Path, texts: Sequence[str], precision: Precision) -> None:
    import torch

    from mmsearch.train.compile import compress
    from mmsearch.train.compile.smoothquant import smooth_activations

    size = towers.spec.size
    image, text = folder / "image.onnx", folder / "text.onnx"
    pixels = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    length = min(7, towers.max_tokens)
    ids = torch.ones(2, length, dtype=torch.int64)
    n, t = torch.export.Dim("n", min=1), torch.export.Dim("t", min=1, max=towers.max_tokens)
    text_module, picture_module = towers.text, towers.picture
    convolutional = compress.is_convolutional(towers.picture)
    if precision == "int8":
        text_module = compress.quantize_embeddings(towers.text, towers.table_bits)
        rows = _token_rows(towers, texts)
        shown = np.zeros((0, size, size, 3), np.uint8)  # noise would not tell which channels are loud
        if towers.calibration is not None:
            shown = towers.calibration[:CORRECTED]
        text_module = smooth_activations(text_module, ((row, torch.ones_like(row)) for row in rows))
        picture_module = towers.pixel_picture or towers.picture
        if not convolutional and len(shown):
            picture_module = smooth_activations(picture_module, [(torch.from_numpy(shown),)])
    _to_onnx(picture_module, (pixels,), ("pixels",), {"pixels": {0: n}}, image)
    shapes = {"input_ids": {0: n, 1: t}, "attention_mask": {0: n, 1: t}}
    _to_onnx(text_module, (ids, torch.ones_like(ids)), ("input_ids", "attention_mask"), shapes, text)
    if precision == "fp16":
        compress.to_float16(image)
        compress.to_float16(text)
    elif precision == "int8":
        if convolutional:
            compress.quantize_convolutions(image, _calibration(towers), towers.percentile)
        else:
            compress.quantize_matrices(image, list(compress.picture_batches(shown)))
        inputs = [{"input_ids": row.numpy(), "attention_mask": np.ones_like(row.numpy())} for row in rows]
        compress.quantize_matrices(text, inputs)
    compress.strip(image)
    compress.strip(text)


def _to_onnx(
    module: torch.nn.Module,
    example: tuple[torch.Tensor, ...],
    names: tuple[str, ...],
    shapes: Any,
    path: Path,
) -> None:
    import logging
    import warnings

    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own notes on its dependencies
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        try:
            program = torch.onnx.export(
                module.eval(),
                example,
                input_names=list(names),
                output_names=["vectors"],
                dynamic_shapes=tuple(shapes.values()),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
        except ImportError as error:
            raise MissingExtraError("compiling an encoder", "torch") from error
    assert program is not None
    program.save(str(path), external_data=False)


def _describe(towers: TowerPair, folder: Path, figures: dict[str, Any]) -> None:
    write_description(
        folder,
        name=towers.name,
        version=towers.version,
        dimension=towers.dimension,
        picture=towers.spec,
        max_tokens=towers.max_tokens,
        license=towers.license,
        recipe=towers.recipe or {},
        figures=figures,
    )


def write_bank(encoder: Any, texts: Sequence[str], path: Path) -> None:
    """Store the vectors that ``encoder`` gives ``texts``."""
    np.save(path, encoder.encode_texts(list(texts)).astype(np.float16), allow_pickle=False)


def _bank_source() -> Path:
    from mmsearch.encoders import registry

    return registry.SHIPPED / "pocket" / BANK_LINES


def read_calibration(source: Path, spec: PictureSpec, most: int = 512) -> Images:
    """Pixels of up to ``most`` pictures, spread over a collection."""
    from mmsearch.datasets.pairs import read_pairs, read_pictures
    from mmsearch.media.picture import load_picture

    pairs = read_pairs(source)
    chosen = [pair.picture for pair in pairs[:: max(1, len(pairs) // most)]][:most]
    return np.stack([load_picture(content, spec).pixels for content in read_pictures(chosen)])


def _calibration(towers: TowerPair) -> Images:
    if towers.calibration is None:
        raise UsageError("int8 needs pictures to calibrate with: give --calibration FOLDER_OR_ZIP")
    return towers.calibration


def _probes(towers: TowerPair) -> Images:
    """Pictures to measure with: of the calibration set's end, or noise where there is none."""
    if towers.calibration is not None:
        return np.ascontiguousarray(towers.calibration[-PROBES:])
    shape = (4, towers.spec.size, towers.spec.size, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
