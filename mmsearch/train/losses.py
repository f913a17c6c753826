"""Contrastive losses over explicit pairs: which key belongs to a query, and which must not count.

``positive`` (q, k) says which keys belong to each query. ``ignored`` (q, k) marks false negatives: keys that
are neither right nor wrong (the same caption under another picture). A query may have several positives; each
is told from the negatives alone, so that the positives do not push each other away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as functional
from torch import Tensor

if TYPE_CHECKING:
    from mmsearch.train.recipe import LossRecipe
    from mmsearch.train.towers import Towers

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


def relations(
    query_groups: Tensor, key_groups: Tensor, query_clusters: Tensor, key_clusters: Tensor
) -> tuple[Tensor, Tensor]:
    """``positive`` and ``ignored`` (q, k) from group and cluster numbers.

    A group is one picture with its captions: all positive. A cluster joins pictures that share a caption word
    for word: neither right nor wrong.
    """
    positive = query_groups[:, None] == key_groups[None, :]
    return positive, (query_clusters[:, None] == key_clusters[None, :]) & ~positive


def contrast(
    recipe: LossRecipe,
    towers: Towers,
    *,
    pictures: tuple[Tensor, Tensor],
    captions: tuple[Tensor, Tensor],
    strangers: tuple[Tensor, Tensor],
    others: tuple[Tensor, Tensor],
    pairs: Tensor | None,
    cluster: Tensor,
    captions_per_picture: int,
) -> Tensor:
    """The weighted sum of the recipe's directions.

    Each tuple is (vectors, pictures that they belong to): a batch of pictures and of their captions, side by
    side ``captions_per_picture`` each, and further ones to tell them from. ``pairs`` (2m, d) are texts that
    mean the same, side by side. ``cluster`` (pictures,) joins pictures that share a text.
    """

    def direction(queries: tuple[Tensor, Tensor], *keys: tuple[Tensor, Tensor]) -> Tensor:
        vectors, owners = (torch.cat(column) for column in zip(*keys, strict=True))
        positive, ignored = relations(queries[1], owners, cluster[queries[1]], cluster[owners])
        return pairwise(recipe, towers, queries[0], vectors, positive, ignored)

    loss = recipe.picture_to_text * direction(pictures, captions, _without(others, captions[1]))
    loss = loss + recipe.text_to_picture * direction(captions, pictures, _without(strangers, pictures[1]))
    if recipe.text_to_text:
        sides = []
        if captions_per_picture > 1:
            owners = captions[1][::captions_per_picture]
            sides.append(
                (captions[0][::captions_per_picture], captions[0][1::captions_per_picture], owners, cluster)
            )
        if pairs is not None:
            own = torch.arange(len(pairs) // 2)
            sides.append((pairs[::2], pairs[1::2], own, own))
        for left, right, owners, joined in sides:
            positive, ignored = relations(owners, owners, joined[owners], joined[owners])
            for a, b in ((left, right), (right, left)):
                loss = loss + 0.5 * recipe.text_to_text * pairwise(recipe, towers, a, b, positive, ignored)
    return loss


def pairwise(
    recipe: LossRecipe, towers: Towers, queries: Tensor, keys: Tensor, positive: Tensor, ignored: Tensor
) -> Tensor:
    """The recipe's loss of one direction at the towers' learned scale."""
    scale = towers.log_scale.exp()
    if recipe.kind == "sigmoid":
        return sigmoid(queries, keys, scale, towers.bias, positive, ignored)
    return info_nce(queries, keys, scale, positive, ignored)


def keep_similarities(vectors: Tensor, kept: Tensor) -> Tensor:
    """The mean squared change of the cosines between n texts, from ``kept`` (n, e) to ``vectors`` (n, d)."""
    return (vectors.float() @ vectors.float().T - kept @ kept.T).square().mean()


def _without(keys: tuple[Tensor, Tensor], owners: Tensor) -> tuple[Tensor, Tensor]:
    """``keys`` that belong to none of ``owners``: the batch shows those already, with fresh vectors."""
    chosen = ~torch.isin(keys[1], owners)
    return keys[0][chosen], keys[1][chosen]
