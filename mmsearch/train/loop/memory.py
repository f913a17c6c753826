"""Gradient checkpointing: layers' activations computed again in the backward pass instead of kept for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torch.utils.checkpoint import checkpoint

if TYPE_CHECKING:
    from torch import nn


def checkpoint_layers(towers: nn.Module, wanted: bool) -> None:
    """Switch checkpointing on or off, in what timm or open_clip built by their own switch, in the layers of ours.

    Batch norms whose statistics train see a picture twice then. Chen et al., "Training Deep Nets with Sublinear
    Memory Cost", 2016.
    """
    for module in towers.modules():
        if hasattr(module, "set_grad_checkpointing"):
            module.set_grad_checkpointing(wanted)
    if hasattr(towers.text, "encoder"):
        for layer in towers.text.encoder["layer"]:
            layer.__dict__.pop("forward", None)
            if wanted:
                layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
