"""A text tower of recurrent layers: word vectors under bidirectional GRUs, the simplest that reads word order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from mmsearch.train.towers.heads import Head

if TYPE_CHECKING:
    from mmsearch.train.recipe import TextRecipe


class GruTower(nn.Module):  # type: ignore[misc]
    """Token ids and mask (n, t) -> vectors (n, dimension), not yet of unit length.

    The embedding table has the name that BERT gives it, so that a vocabulary can be cut in both alike. Cho et al.,
    "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014; pooling as in Faghri et al., "VSE++",
    BMVC 2018.
    """

    def __init__(self, recipe: TextRecipe, dimension: int) -> None:
        super().__init__()
        self.recipe = recipe
        self.embeddings = nn.ModuleDict({"word_embeddings": nn.Embedding(recipe.vocabulary, recipe.width)})
        half = recipe.width // 2
        self.layers = nn.ModuleList(
            nn.ModuleDict({way: nn.GRU(recipe.width, half, batch_first=True) for way in ("ahead", "back")})
            for _ in range(recipe.layers)
        )
        self.head = Head(2 * half, dimension, recipe.head)

    def features(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids and mask (n, t) int64, padded on the right -> unit rows (n, width)."""
        hidden = self.embeddings["word_embeddings"](ids)
        place = torch.arange(ids.shape[1], device=ids.device)[None, :]
        length = mask.sum(1, keepdim=True)
        mirrored = torch.where(place < length, length - 1 - place, place)[
            :, :, None
        ]  # (n, t, 1), padding stays
        for layer in self.layers:
            turned = hidden.gather(1, mirrored.expand(-1, -1, hidden.shape[2]))
            ahead, _ = layer["ahead"](hidden)
            back, _ = layer["back"](turned)
            hidden = torch.cat([ahead, back.gather(1, mirrored.expand(-1, -1, back.shape[2]))], dim=2)
        weights = mask[:, :, None].float()
        if self.recipe.pooling == "max":
            pooled = (hidden.float() - 1e4 * (1.0 - weights)).amax(1)
        else:
            pooled = (hidden.float() * weights).sum(1) / weights.sum(1).clamp(min=1.0)
        return functional.normalize(pooled, dim=-1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.head(self.features(ids, mask))

    def train_layers(self, count: int) -> None:
        """Let the last ``count`` layers train; -1 = all and the word vectors, 0 = only the head."""
        self.embeddings.requires_grad_(count < 0)
        for position, layer in enumerate(self.layers):
            layer.requires_grad_(count < 0 or position >= len(self.layers) - count)

    def set_training(self, trained: bool) -> None:
        """Dropout in the head on; the layers below have none."""
        self.train(trained)
