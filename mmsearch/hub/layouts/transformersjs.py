"""Exports for transformers.js: ``onnx/vision_model.onnx`` and ``onnx/text_model.onnx``, each in several precisions.

``preprocessor_config.json``, ``tokenizer.json`` with ``tokenizer_config.json`` and ``config.json`` lie beside the
folder ``onnx``. Pictures go in as ``pixel_values``, texts as ``input_ids`` in int64; CLIP gives ``image_embeds`` and
``text_embeds``, SigLIP ``pooler_output``, which has no more layer after it. SigLIP reads texts in small letters filled
up to 64 tokens, as it was trained, whatever the tokenizer says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mmsearch.errors import EncoderError, UsageError
from mmsearch.hub.source import Source, read_json, triple
from mmsearch.hub.words import cleaned_tokenizer, padding_id
from mmsearch.types import PictureSpec

if TYPE_CHECKING:
    from pathlib import Path

Variant: TypeAlias = Literal["fp32", "fp16", "quantized", "int8", "uint8"]
# In the order in which they are taken where none is asked for: weights are rounded best from the whole.
SUFFIXES: dict[str, str] = {
    "fp32": "",
    "fp16": "_fp16",
    "quantized": "_quantized",
    "int8": "_int8",
    "uint8": "_uint8",
}
FILTERS = {1: "lanczos", 2: "bilinear", 3: "bicubic"}  # PIL's numbers
CONTEXTS = {"siglip": 64, "siglip2": 64, "clip": 77}


def vision_file(suffix: str) -> str:
    """Where the picture tower of the precision that ``suffix`` stands for lies."""
    return f"onnx/vision_model{suffix}.onnx"


def text_file(suffix: str) -> str:
    """Where the text tower lies."""
    return f"onnx/text_model{suffix}.onnx"


def is_transformersjs(folder: Path) -> bool:
    """Whether ``folder`` has this layout."""
    return any((folder / vision_file(suffix)).is_file() for suffix in SUFFIXES.values())


def read_transformersjs(folder: Path, variant: str | None = None) -> Source:
    """The encoder in ``folder`` in the precision ``variant``, by default the best of those that are there.

    UsageError for a precision that there is not, EncoderError for an encoder that lacks a file or is not understood.
    """
    suffix = _suffix(folder, variant)
    settings, path = read_json(folder / "config.json"), folder / "preprocessor_config.json"
    shown, kind = read_json(path), str(settings.get("model_type", ""))
    if kind not in CONTEXTS:
        raise EncoderError(f"{folder / 'config.json'} is of a {kind!r}: read are {', '.join(CONTEXTS)}")
    is_siglip = kind.startswith("siglip")
    tokenizer = cleaned_tokenizer(folder / "tokenizer.json", "lower" if is_siglip else "whitespace")
    words = settings.get("text_config") or {}
    if shown.get("do_normalize", True):
        mean = triple(shown.get("image_mean"), "image_mean", path)
        deviation = triple(shown.get("image_std"), "image_std", path)
    else:
        mean, deviation = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return Source(
        layout="transformers.js",
        visual=folder / vision_file(suffix),
        textual=folder / text_file(suffix),
        picture=_picture(shown, path),
        mean=mean,
        deviation=deviation,
        tokenizer=tokenizer,
        context=int(words.get("max_position_embeddings", CONTEXTS[kind])),
        padding=padding_id(tokenizer, folder / "tokenizer_config.json") if is_siglip else None,
    )


def _suffix(folder: Path, variant: str | None) -> str:
    there = {
        name: suffix
        for name, suffix in SUFFIXES.items()
        if (folder / vision_file(suffix)).is_file() and (folder / text_file(suffix)).is_file()
    }
    if not there:
        raise EncoderError(
            f"{folder}/onnx lacks the text tower of its picture tower: copy text_model*.onnx too"
        )
    if variant is None:
        return next(iter(there.values()))
    if variant not in there:
        raise UsageError(f"{folder} has the precisions {', '.join(there)}, not {variant!r}")
    return there[variant]


def _picture(shown: dict[str, Any], path: Path) -> PictureSpec:
    size, cut = shown.get("size"), shown.get("crop_size")
    kind = FILTERS.get(shown.get("resample", 3))
    factor = shown.get("rescale_factor", 1 / 255)
    whole = _side(size, "height") if _side(size, "height") == _side(size, "width") else None
    shortest = size.get("shortest_edge") if isinstance(size, dict) else None
    kept = _side(cut, "height") if shown.get("do_center_crop") and cut is not None else None
    side = kept or whole or shortest
    if kind is None or not isinstance(side, int) or not 0 < side <= 4096 or abs(factor * 255 - 1) > 1e-3:
        raise EncoderError(
            f"{path} wants pictures of size {size!r} by {shown.get('resample')!r}: not known here"
        )
    if whole and not kept:
        return PictureSpec(side, "squash", kind)  # type: ignore[arg-type]
    return PictureSpec(side, "crop", kind, min(1.0, side / (shortest or whole or side)))  # type: ignore[arg-type]


def _side(size: Any, name: str) -> int | None:
    if isinstance(size, dict):
        size = size.get(name)
    return size if isinstance(size, int) else None
