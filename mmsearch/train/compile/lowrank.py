"""Heads of low rank: each matrix as the product of two thin ones, by its singular values."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import nn

from mmsearch.errors import UsageError
from mmsearch.train.towers.heads import Head

if TYPE_CHECKING:
    from torch import Tensor


def shorten_heads(tower: nn.Module, rank: int) -> nn.Module:
    """A copy of ``tower`` whose heads' matrices have at most ``rank``; those that would not shrink stay whole.

    The nearest matrix of that rank, by the squares of its entries' changes (Eckart and Young 1936). UsageError for a
    tower without a head of `mmsearch.train.towers.heads`.
    """
    if rank < 1:
        raise UsageError(f"a rank is 1 or more, not {rank}")
    result = copy.deepcopy(tower)
    heads = [module for module in result.modules() if isinstance(module, Head)]
    if not heads:
        raise UsageError(
            "this model has no heads to shorten: leave out --prune heads, or train it by a recipe"
        )
    for head in heads:
        for name, layer in list(head.named_children()):
            if isinstance(layer, nn.Linear) and rank * sum(layer.weight.shape) < layer.weight.numel():
                setattr(head, name, _thin(layer, rank))
    return result


def _thin(layer: nn.Linear, rank: int) -> nn.Sequential:
    outputs, inputs = layer.weight.shape
    first = nn.Linear(inputs, rank, bias=False)
    second = nn.Linear(rank, outputs, bias=layer.bias is not None)
    left, right = _factors(layer.weight.detach(), rank)
    with torch.no_grad():
        first.weight.copy_(right)
        second.weight.copy_(left)
        if layer.bias is not None:
            second.bias.copy_(layer.bias)
    return nn.Sequential(first, second).train(layer.training)


def _factors(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """(outputs, rank) and (rank, inputs) whose product is nearest to ``matrix``, with rows and columns of like size."""
    left, values, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    root = values[:rank].sqrt()
    return (left[:, :rank] * root).to(matrix.dtype), (root[:, None] * right[:rank]).to(matrix.dtype)
