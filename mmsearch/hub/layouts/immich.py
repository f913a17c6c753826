"""immich's exports of open_clip and M-CLIP models: one repository each.

``visual/model.onnx`` with ``preprocess_cfg.json``, ``textual/model.onnx`` with ``tokenizer.json`` and
``tokenizer_config.json``, ``config.json`` of open_clip beside them. Read as its own service does
(immich, machine-learning/immich_ml/models/clip): pictures as ``image``, texts as ``text`` in int32, or of M-CLIP as
``input_ids`` and ``attention_mask``, always filled up to the context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from mmsearch.errors import EncoderError
from mmsearch.hub.source import Source, read_json, triple
from mmsearch.hub.words import cleaned_tokenizer, padding_id
from mmsearch.types import PictureSpec, PixelFilter

if TYPE_CHECKING:
    from pathlib import Path

VISUAL, TEXTUAL = "visual/model.onnx", "textual/model.onnx"
FITS = {"squash": "squash", "shortest": "crop", "longest": "pad"}
CONTEXT = 77  # of models whose configuration has none


def is_immich(folder: Path) -> bool:
    """Whether ``folder`` has this layout."""
    return (folder / VISUAL).is_file() and (folder / TEXTUAL).is_file()


def read_immich(folder: Path) -> Source:
    """The encoder in ``folder``; EncoderError for one that lacks a file, or says what is not understood."""
    path = folder / "visual" / "preprocess_cfg.json"
    shown = read_json(path)
    words = read_json(folder / "config.json").get("text_cfg") or {}
    cleaning = (words.get("tokenizer_kwargs") or {}).get("clean", "whitespace")
    if cleaning not in {"whitespace", "lower", "canonicalize"}:
        raise EncoderError(f"{folder / 'config.json'} cleans texts by {cleaning!r}, which is not known here")
    tokenizer = cleaned_tokenizer(folder / "textual" / "tokenizer.json", cleaning)
    return Source(
        layout="immich",
        visual=folder / VISUAL,
        textual=folder / TEXTUAL,
        picture=_picture(shown, path),
        mean=triple(shown.get("mean"), "mean", path),
        deviation=triple(shown.get("std"), "std", path),
        tokenizer=tokenizer,
        context=int(words.get("context_length", CONTEXT)),
        padding=padding_id(tokenizer, folder / "textual" / "tokenizer_config.json"),
    )


def _picture(shown: dict[str, Any], path: Path) -> PictureSpec:
    size = shown.get("size")
    sides = size if isinstance(size, list) else [size, size]
    fit = FITS.get(shown.get("resize_mode", "shortest"))
    kind = shown.get("interpolation", "bicubic")
    square = len(sides) == 2 and sides[0] == sides[1] and isinstance(sides[0], int) and 0 < sides[0] <= 4096
    if not square or fit is None or kind not in get_args(PixelFilter):
        raise EncoderError(
            f"{path} wants pictures of size {size!r}, {fit or shown['resize_mode']!r}, {kind!r}: not known here"
        )
    return PictureSpec(sides[0], fit, kind)  # type: ignore[arg-type]
