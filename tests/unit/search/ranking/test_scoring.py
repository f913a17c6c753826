from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.channels.signals import Signals
from mmsearch.search.query.parse import parse
from mmsearch.search.ranking.corroboration import LACKING, LACKING_MORE
from mmsearch.search.ranking.fusion import GRID, Fusion
from mmsearch.search.ranking.scoring import Scoring, expected_counts, highest, most_of, scored
from mmsearch.search.ranking.task import Task, prepare
from mmsearch.search.ranking.threshold import Ranker

if TYPE_CHECKING:
    from mmsearch.search.index.protocol import SearchIndex


def task(index: SearchIndex, text: str) -> Task:
    return prepare(parse(text), index, group="document", fusion=Fusion(), weights={}).task


def test_a_score_is_the_norm_of_what_the_words_leave(pictures: SearchIndex) -> None:
    asked = task(pictures, "a red dog")
    names = [column.name for column in asked.columns]
    evidence = np.full((2, len(names)), np.nan)
    evidence[:, names.index("toy text→text")] = 3.0
    evidence[1, names.index("words")] = 4.0
    told = np.where(np.isnan(evidence), np.nan, 1.0)
    parts, lost = scored(asked, Signals(evidence, told, told))
    left = 1.0 - lost[0, names.index("toy text→text")]
    assert 1.0 - LACKING - LACKING_MORE <= left <= 1.0 - LACKING
    np.testing.assert_allclose(parts.sum(axis=1), [3.0 * left, 5.0], atol=2 * GRID)


def test_no_score_exceeds_the_highest_that_is_possible(pictures: SearchIndex) -> None:
    asked = task(pictures, "a red dog")
    shape = (50, len(asked.columns))
    random = np.random.default_rng(0)
    said = Signals(*random.uniform(0.0, 6.0, (3, *shape)))
    missing = random.random(shape) < 0.5
    less = said.where(~missing)
    most = highest(asked, less.filled(said))
    assert (scored(asked, said)[0].sum(axis=1) <= most).all()


def test_the_most_surprising_channel_counts_for_chance() -> None:
    surprise = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]])
    assert most_of(surprise).tolist() == [3.0, 0.0]
    assert expected_counts(Signals(surprise, surprise, surprise), 500).tolist() == [0.5, 500.0]


def test_parts_of_a_scoring_put_together_are_the_scoring(pictures: SearchIndex) -> None:
    whole, _ = Ranker(task(pictures, "a red dog -bridge NOT river")).best(30, None)
    again = Scoring.concatenate([whole[:7], whole[np.arange(7, 30)]])
    assert again.documents.tolist() == whole.documents.tolist()
    assert again.scores.tolist() == whole.scores.tolist()
    np.testing.assert_array_equal(again.evidence, whole.evidence)
    np.testing.assert_array_equal(again.excluded.levels, whole.excluded.levels)
