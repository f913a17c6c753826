"""Texts by their likeness and by their words: two views of the same thing, of which one may contradict the other.

A text that says what a query says has some of the query's words. One that is as like but has none of them is like it
for another reason more often: its likeness tells less. So words speak against a text as well as for it, and in a list
of pictures and texts, where only texts have words, what they add to the right texts they take from the wrong ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.ranking.task import Column, Task
    from mmsearch.types import Matrix, Scores

# What the likeness of a text loses that has none of the query's words: of 0.1 to 0.5, on the dev collections; and how
# much more where the words by themselves say which text is meant: of 0, 0.3 and 0.5.
LACKING, LACKING_MORE = 0.2, 0.3
# So many times what is expected of a text that says the same, and it loses nothing: of 1, 2 and 4.
ENOUGH = 2.0


def losses(evidence: Matrix, task: Task) -> Matrix:
    """What share of their ``evidence`` (n, c) the columns of ``task`` lose for the words that documents lack: (n, c).

    Only the fusion by evidence knows it.
    """
    if task.fusion.name != "calibrated":
        return np.zeros(evidence.shape)
    words = max((column.weight for column in task.columns if column.expected > 0.0), default=0.0)
    return lacking(evidence, task.columns) * heard(task.weights, words)


def heard(weights: Sequence[float], words: float) -> Scores:
    """How far words of the weight ``words`` are listened to beside channels of ``weights`` (c,): 0 to 1 (c,).

    That is wholly where they weigh as much, and not at all once they are switched off; only ratios matter.
    """
    return np.minimum(words, weights) / np.maximum(weights, np.finfo(np.float64).tiny)


def lacking(evidence: Matrix, columns: Sequence[Column]) -> Matrix:
    """What share of their ``evidence`` (n, c) documents lose, (n, c), where the words are wholly heard.

    The likeness of texts loses most where the words say nothing, nothing where they tell as much as is expected
    of a text that says the same (`Column.expected`), and in between in proportion: the more words, the less is lost.
    """
    lost = np.zeros(evidence.shape)
    of_texts = [column.dense is not None and column.dense.item_modality == "text" for column in columns]
    for place, column in enumerate(columns):
        if column.expected > 0.0:
            told = np.nan_to_num(evidence[:, place], nan=0.0) / (ENOUGH * column.expected)
            most = LACKING + LACKING_MORE * column.authority
            lost[:, of_texts] = most * (1.0 - np.clip(told, 0.0, 1.0))[:, None]
    return lost
