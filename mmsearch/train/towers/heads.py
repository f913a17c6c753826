"""Projection heads: from what a tower gives to the shared space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as functional
from torch import Tensor, nn

if TYPE_CHECKING:
    from mmsearch.train.recipe import HeadRecipe


class Head(nn.Module):  # type: ignore[misc]
    """Features (n, inputs) -> (n, outputs): a linear map plus, if wanted, a hidden layer beside it."""

    def __init__(self, inputs: int, outputs: int, recipe: HeadRecipe) -> None:
        super().__init__()
        self.dropout = nn.Dropout(recipe.dropout)
        self.linear = nn.Linear(inputs, outputs)
        self.hidden = nn.Linear(inputs, recipe.hidden) if recipe.hidden else None
        self.hidden_dropout = nn.Dropout(recipe.hidden_dropout)
        self.output = nn.Linear(recipe.hidden, outputs, bias=False) if recipe.hidden else None
        if inputs == outputs:  # keeps what the tower below knows until the data says otherwise
            nn.init.eye_(self.linear.weight)
            nn.init.zeros_(self.linear.bias)
            if self.output is not None:
                nn.init.normal_(self.output.weight, std=1e-3)

    def forward(self, features: Tensor) -> Tensor:
        dropped = self.dropout(features)
        result = self.linear(dropped)
        if self.hidden is None or self.output is None:
            return result
        return result + self.output(self.hidden_dropout(functional.gelu(self.hidden(dropped))))
