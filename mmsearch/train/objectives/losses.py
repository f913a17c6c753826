"""Contrastive losses over explicit pairs: which key belongs to a query, and which must not count.

``positive`` (q, k) says which keys belong to each query. ``ignored`` (q, k) marks false negatives: keys that
are neither right nor wrong (the same caption under another picture). A query may have several positives; each
is told from the negatives alone, so that the positives do not push each other away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as functional
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.train.recipe import LossRecipe
    from mmsearch.train.towers.build import Towers

NEVER = -1e4  # a logit that counts for nothing; finite, since the gradient of a sum of -inf is not a number


def info_nce(
    queries: Tensor, keys: Tensor, scale: Tensor, positive: Tensor, ignored: Tensor | None = None
) -> Tensor:
    """The mean over queries of -log p(positive | positive and negatives), averaged over a query's positives.

    ``queries`` (q, d) and ``keys`` (k, d) are unit rows, ``scale`` is 1 / temperature. Queries without a
    positive do not count. Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018.
    """
    logits = scale * (queries.float() @ keys.float().T)  # (q, k)
    excluded = positive if ignored is None else positive | ignored
    negatives = logits.masked_fill(excluded, NEVER).logsumexp(1, keepdim=True)  # (q, 1)
    losses = functional.softplus(negatives - logits)  # -log(e^s / (e^s + sum of e^negatives))
    counts = positive.sum(1)
    per_query = losses.masked_fill(~positive, 0.0).sum(1) / counts.clamp(min=1)
    return per_query.sum() / (counts > 0).sum().clamp(min=1)


def sigmoid(
    queries: Tensor,
    keys: Tensor,
    scale: Tensor,
    bias: Tensor,
    positive: Tensor,
    ignored: Tensor | None = None,
) -> Tensor:
    """The sum over pairs of -log sigmoid(± (scale * cosine + bias)), divided by the number of queries.

    Zhai et al., "Sigmoid Loss for Language Image Pre-Training", ICCV 2023.
    """
    logits = scale * (queries.float() @ keys.float().T) + bias  # (q, k)
    losses = -functional.logsigmoid(torch.where(positive, logits, -logits))
    if ignored is not None:
        losses = losses.masked_fill(ignored & ~positive, 0.0)
    return losses.sum() / queries.shape[0]


@dataclass(frozen=True, slots=True)
class Kin:
    """Numbers (pictures,) that are equal for pictures of one kind; -1 is like no other."""

    text: Tensor  # joined by a caption word for word
    label: Tensor  # of the same class


@dataclass(frozen=True, slots=True)
class Sides:
    """What a step contrasts: vectors, each with the pictures (rows) that they belong to.

    ``captions`` are those of ``pictures``, side by side ``captions_per_picture`` each; ``strangers`` and ``others``
    are further pictures and captions to tell them from. ``pairs`` (2m, d) are texts that mean the same, side by side.
    """

    pictures: tuple[Tensor, Tensor]
    captions: tuple[Tensor, Tensor]
    strangers: tuple[Tensor, Tensor]
    others: tuple[Tensor, Tensor]
    pairs: Tensor | None
    captions_per_picture: int

    def first(self, length: int) -> Sides:
        """The same with the first ``length`` dimensions alone, as unit rows."""

        def cut(side: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            return functional.normalize(side[0][:, :length], dim=-1), side[1]

        return Sides(
            pictures=cut(self.pictures),
            captions=cut(self.captions),
            strangers=cut(self.strangers),
            others=cut(self.others),
            pairs=None if self.pairs is None else functional.normalize(self.pairs[:, :length], dim=-1),
            captions_per_picture=self.captions_per_picture,
        )


def relations(recipe: LossRecipe, kin: Kin, queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
    """``positive`` and ``ignored`` (q, k) from the pictures (rows) that queries and keys belong to.

    A picture and its captions are positive; what shares a text or a class with it is what the recipe says.
    """
    positive = queries[:, None] == keys[None, :]
    ignored = torch.zeros_like(positive)
    for rule, numbers in ((recipe.same_text, kin.text), (recipe.same_class, kin.label)):
        if rule != "negative":
            same = (numbers[queries][:, None] == numbers[keys][None, :]) & (numbers[queries] >= 0)[:, None]
            if rule == "positive":
                positive = positive | same
            else:
                ignored = ignored | same
    return positive, ignored & ~positive


def contrast(recipe: LossRecipe, towers: Towers, sides: Sides, kin: Kin) -> Tensor:
    """The weighted sum of the recipe's directions, over all dimensions and over the first few (``nested``).

    Kusupati et al., "Matryoshka Representation Learning", NeurIPS 2022.
    """
    loss = _contrast(recipe, towers, sides, kin)
    for length in recipe.nested:
        loss = loss + _contrast(recipe, towers, sides.first(length), kin)
    return loss


def _contrast(recipe: LossRecipe, towers: Towers, sides: Sides, kin: Kin) -> Tensor:
    pictures, captions = sides.pictures, sides.captions

    keys = _joined(captions, _without(sides.others, captions[1]))
    positive, ignored = relations(recipe, kin, pictures[1], keys[1])
    if recipe.same_picture == "ignored":
        further = torch.arange(len(keys[1])) % sides.captions_per_picture > 0
        further &= torch.arange(len(keys[1])) < len(captions[1])
        own = (pictures[1][:, None] == keys[1][None, :]) & further
        positive, ignored = positive & ~own, ignored | own
    loss = recipe.picture_to_text * pairwise(recipe, towers, pictures[0], keys[0], positive, ignored)

    keys = _joined(pictures, _without(sides.strangers, pictures[1]))
    positive, ignored = relations(recipe, kin, captions[1], keys[1])
    loss = loss + recipe.text_to_picture * pairwise(recipe, towers, captions[0], keys[0], positive, ignored)

    if recipe.text_to_text:
        for left, right, positive, ignored in _text_pairs(recipe, sides, kin):
            for a, b in ((left, right), (right, left)):
                loss = loss + 0.5 * recipe.text_to_text * pairwise(recipe, towers, a, b, positive, ignored)
    return loss


def _text_pairs(
    recipe: LossRecipe, sides: Sides, kin: Kin
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Texts that mean the same, side by side, with ``positive`` and ``ignored`` between them."""
    each = sides.captions_per_picture
    if each > 1:
        vectors, owners = sides.captions
        yield vectors[::each], vectors[1::each], *relations(recipe, kin, owners[::each], owners[::each])
    if sides.pairs is not None:
        own = torch.eye(len(sides.pairs) // 2, dtype=torch.bool)
        yield sides.pairs[::2], sides.pairs[1::2], own, torch.zeros_like(own)


def pairwise(
    recipe: LossRecipe, towers: Towers, queries: Tensor, keys: Tensor, positive: Tensor, ignored: Tensor
) -> Tensor:
    """The recipe's loss of one direction at the towers' learned scale."""
    scale = towers.log_scale.exp()
    if recipe.kind == "sigmoid":
        return sigmoid(queries, keys, scale, towers.bias, positive, ignored)
    return info_nce(queries, keys, scale, positive, ignored)


def tell_apart(pictures: Tensor, true: Tensor, false: Tensor, scale: Tensor) -> Tensor:
    """The mean of -log p(true | true and false) for pictures (n, d), each with a true and a false caption (n, d)."""
    difference = (pictures.float() * (false.float() - true.float())).sum(1)
    return functional.softplus(scale * difference).mean()


def keep_similarities(vectors: Tensor, kept: Tensor) -> Tensor:
    """The mean squared change of the cosines between n texts, from ``kept`` (n, e) to ``vectors`` (n, d)."""
    return (vectors.float() @ vectors.float().T - kept @ kept.T).square().mean()


def _joined(*sides: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    vectors, owners = zip(*sides, strict=True)
    return torch.cat(vectors), torch.cat(owners)


def _without(keys: tuple[Tensor, Tensor], owners: Tensor) -> tuple[Tensor, Tensor]:
    """``keys`` that belong to none of ``owners``: the batch shows those already, with fresh vectors."""
    chosen = ~torch.isin(keys[1], owners)
    return keys[0][chosen], keys[1][chosen]
