"""Text towers as modules."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch.nn.functional as functional
from torch import Tensor, nn

from mmsearch.train.towers.heads import Head

if TYPE_CHECKING:
    from mmsearch.train.recipe import TextRecipe


class Attention(nn.Module):  # type: ignore[misc]
    """Multi-head self-attention with the parameter names of Hugging Face's BERT."""

    def __init__(self, recipe: TextRecipe) -> None:
        super().__init__()
        width = recipe.width
        self.heads = recipe.heads
        self.self = nn.ModuleDict({name: nn.Linear(width, width) for name in ("query", "key", "value")})
        self.output = nn.ModuleDict(
            {"dense": nn.Linear(width, width), "LayerNorm": nn.LayerNorm(width, eps=1e-12)}
        )

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        n, t, width = hidden.shape

        def split(name: str) -> Tensor:
            return self.self[name](hidden).view(n, t, self.heads, width // self.heads).transpose(1, 2)

        scores = split("query") @ split("key").transpose(2, 3) / math.sqrt(width // self.heads) + bias
        mixed = (scores.softmax(-1) @ split("value")).transpose(1, 2).reshape(n, t, width)
        return self.output["LayerNorm"](self.output["dense"](mixed) + hidden)


class Layer(nn.Module):  # type: ignore[misc]
    """One transformer layer, normalized after each sum (BERT)."""

    def __init__(self, recipe: TextRecipe) -> None:
        super().__init__()
        self.attention = Attention(recipe)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(recipe.width, recipe.intermediate)})
        self.output = nn.ModuleDict(
            {
                "dense": nn.Linear(recipe.intermediate, recipe.width),
                "LayerNorm": nn.LayerNorm(recipe.width, eps=1e-12),
            }
        )

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        hidden = self.attention(hidden, bias)
        inner = self.output["dense"](functional.gelu(self.intermediate["dense"](hidden)))
        return self.output["LayerNorm"](inner + hidden)


class TextTower(nn.Module):  # type: ignore[misc]
    """Token ids and mask (n, t) -> vectors (n, dimension), not yet of unit length."""

    def __init__(self, recipe: TextRecipe, dimension: int) -> None:
        super().__init__()
        self.recipe = recipe
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(recipe.vocabulary, recipe.width),
                "position_embeddings": nn.Embedding(recipe.positions, recipe.width),
                "token_type_embeddings": nn.Embedding(2, recipe.width),
                "LayerNorm": nn.LayerNorm(recipe.width, eps=1e-12),
            }
        )
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(recipe) for _ in range(recipe.layers))})
        self.head = Head(recipe.width, dimension, recipe.head)

    def features(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids and mask (n, t) int64 -> unit rows (n, width): what the tower gives without its head."""
        first_position = self.embeddings["position_embeddings"].weight[: ids.shape[1]]
        kind = self.embeddings["token_type_embeddings"].weight[0]
        hidden = self.embeddings["LayerNorm"](self.embeddings["word_embeddings"](ids) + first_position + kind)
        bias = (1.0 - mask[:, None, None, :].to(hidden.dtype)) * -1e4
        for layer in self.encoder["layer"]:
            hidden = layer(hidden, bias)
        weights = mask[:, :, None].float()
        return functional.normalize((hidden.float() * weights).sum(1) / weights.sum(1), dim=-1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.head(self.features(ids, mask))

    def train_layers(self, count: int) -> None:
        """Let the last ``count`` layers train; -1 = all and the embeddings, 0 = only the head."""
        layers = self.encoder["layer"]
        for parameter in self.embeddings.parameters():
            parameter.requires_grad_(count < 0)
        for position, layer in enumerate(layers):
            layer.requires_grad_(count < 0 or position >= len(layers) - count)

    def set_training(self, trained: bool) -> None:
        """Dropout in the head on; the layers below have none."""
        self.train(trained)
