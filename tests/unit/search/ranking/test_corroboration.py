"""Words speak against a text that is like the query and has none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.search.channels.signals import Signals
from mmsearch.search.query.parse import parse
from mmsearch.search.ranking.corroboration import LACKING, LACKING_MORE, heard, lacking, losses
from mmsearch.search.ranking.fusion import FUSIONS, Fusion, contributions
from mmsearch.search.ranking.scoring import scored
from mmsearch.search.ranking.task import prepare
from mmsearch.search.ranking.weights import WORDS
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search

if TYPE_CHECKING:
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.ranking.fusion import FusionName
    from mmsearch.search.ranking.task import Task

EVERYTHING = 2_000


def task_of(index: SearchIndex, text: str, fusion: FusionName = "calibrated", **weights: float) -> Task:
    return prepare(parse(text), index, group="document", fusion=Fusion(fusion), weights=weights).task


def told(index: SearchIndex, text: str, **weights: float) -> dict[tuple[str, str], float]:
    """What each channel contributes to each document, by path and channel."""
    hits = search(SearchRequest(text, k=EVERYTHING, cutoff=None, weights=weights), index)
    return {(hit.path, reason.channel): reason.contribution for hit in hits for reason in hit.explanation}


def test_a_text_without_the_words_loses_a_fifth_of_its_likeness_and_one_with_them_nothing(
    pictures: SearchIndex,
) -> None:
    with_words, without = told(pictures, "dog"), told(pictures, "dog", words=0.0, name=0.0)
    texts = [path for path, channel in without if path.startswith("notes/") and channel == "toy text→text"]
    about = {
        path: "dog" in (item.text or "")
        for item in pictures.catalogue.items(pictures.documents.ids.tolist())
        if (path := item.path) in texts
    }
    assert len(texts) > 100
    assert {False, True} == set(about.values())
    for path in texts:
        alone = without[path, "toy text→text"]
        if about[path]:
            assert with_words[path, WORDS] > 0
        else:
            assert (path, WORDS) not in with_words
            assert with_words[path, "toy text→text"] == pytest.approx((1 - LACKING) * alone, abs=2e-6)


def test_pictures_lose_nothing(pictures: SearchIndex) -> None:
    task = task_of(pictures, "a red dog")
    lost = lacking(np.full((1, len(task.columns)), np.nan), task.columns)[0]
    assert {column.name for column, share in zip(task.columns, lost, strict=True) if share} == {
        "toy text→text"
    }


@pytest.mark.parametrize("text", ["zeppelin", "zeppelin xylophone", "@dog"])
def test_nothing_is_lost_where_no_word_is_known(pictures: SearchIndex, text: str) -> None:
    columns = task_of(pictures, text).columns
    assert not lacking(np.zeros((3, len(columns))), columns).any()


@given(
    likeness=st.floats(0, 20),
    words=st.floats(0, 20),
    more=st.floats(0, 5),
    weights=st.tuples(st.floats(0, 4), st.floats(0, 4)),
)
def test_more_words_never_make_less_and_without_them_a_text_is_never_worth_more(
    pictures: SearchIndex, likeness: float, words: float, more: float, weights: tuple[float, float]
) -> None:
    task = task_of(pictures, "a red dog", **{"text→text": weights[0], "words": weights[1]})
    names = [column.name for column in task.columns]

    def score(words: float, *, heard: bool = True) -> float:
        evidence = np.full((1, len(names)), np.nan)
        evidence[0, names.index("toy text→text")], evidence[0, names.index(WORDS)] = likeness, words
        none = np.full_like(evidence, np.nan)
        signals = Signals(evidence, none, none)
        parts = scored(task, signals)[0] if heard else contributions(signals, task.weights, task.fusion)
        return float(parts.sum())

    assert score(words) <= score(words + more)
    assert score(words) <= score(words, heard=False)
    assert score(words) >= (1 - LACKING - LACKING_MORE) * score(words, heard=False) - 1e-5


def test_how_far_words_are_heard_is_a_matter_of_ratios() -> None:
    weights = [0.5, 1.0, 2.0, 0.0]
    assert heard(weights, 1.0).tolist() == [1.0, 1.0, 0.5, 0.0]
    assert heard([3 * weight for weight in weights], 3.0).tolist() == heard(weights, 1.0).tolist()
    assert heard(weights, 0.0).tolist() == [0.0] * 4


@pytest.mark.parametrize("fusion", [name for name in FUSIONS if name != "calibrated"])
def test_other_fusions_do_as_their_formulas_say(pictures: SearchIndex, fusion: FusionName) -> None:
    task = task_of(pictures, "a red dog", fusion)
    assert not losses(np.zeros((1, len(task.columns))), task).any()
