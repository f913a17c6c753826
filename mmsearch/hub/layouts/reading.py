"""A folder of a foreign encoder -> what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.errors import EncoderError, UsageError
from mmsearch.hub.layouts.immich import is_immich, read_immich
from mmsearch.hub.layouts.rclip import rclip_folder, read_rclip
from mmsearch.hub.layouts.transformersjs import is_transformersjs, read_transformersjs

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.hub.source import Source


def read_source(folder: Path, variant: str | None = None) -> Source:
    """The encoder in ``folder``, in the precision ``variant`` where the layout has several.

    EncoderError for a folder of no layout that is known, or one that lacks a file.
    """
    if is_transformersjs(folder):
        return read_transformersjs(folder, variant)
    if variant is not None:
        raise UsageError(f"{folder} has one precision: leave out --variant {variant}")
    if is_immich(folder):
        return read_immich(folder)
    if place := rclip_folder(folder):
        return read_rclip(place)
    raise EncoderError(
        f"{folder} holds no encoder that can be read: wanted are visual/model.onnx and textual/model.onnx (immich), "
        "onnx/vision_model.onnx and onnx/text_model.onnx (transformers.js), or visual.onnx and textual.onnx (rclip)"
    )
