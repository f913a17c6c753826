"""An encoder on its way to a directory of compiled towers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from mmsearch.types import Images, PictureSpec


@dataclass(frozen=True, slots=True)
class TowerPair:
    """An encoder on its way to a directory: torch modules that take the arrays that the directory's towers take.

    ``picture``: uint8 (n, size, size, 3) -> unit rows; ``text``: ids and mask (n, t) int64 -> unit rows.
    """

    name: str
    version: str
    dimension: int
    spec: PictureSpec
    max_tokens: int
    picture: torch.nn.Module
    text: torch.nn.Module
    tokenizer: str  # JSON of the tokenizers library
    license: str = ""
    recipe: dict[str, Any] | None = None
    calibration: Images | None = None
    pixel_picture: torch.nn.Module | None = None  # as ``picture``, its first layer fit for int8 pixels
    table_bits: int = 8  # of the vocabulary in int8: 8 or 4
    percentile: float | None = None  # of activations that int8 covers; None = all
