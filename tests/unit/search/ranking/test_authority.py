"""When the words of a query decide by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.search.query.parse import parse
from mmsearch.search.ranking.authority import ALL, BESIDE_PICTURES, COUNTING_MORE, FROM, authority
from mmsearch.search.ranking.fusion import Fusion
from mmsearch.search.ranking.task import WORDS, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.ranking.task import Column

SAID = st.floats(0, 1.2)
FLUENCY = st.floats(0.2, 1)


def words_column(index: SearchIndex, text: str) -> Column:
    task = prepare(parse(text), index, group="document", fusion=Fusion(), weights={}).task
    return next(column for column in task.columns if column.name == WORDS)


@given(said=SAID, more=SAID, fluency=FLUENCY, less=FLUENCY, beside=st.booleans())
def test_the_more_words_say_and_the_less_is_understood_the_more_they_decide(
    said: float, more: float, fluency: float, less: float, beside: bool
) -> None:
    decided = authority(said, fluency, beside_pictures=beside)
    assert 0 <= decided <= 1
    assert authority(said + more, fluency, beside_pictures=beside) >= decided
    assert authority(said, min(fluency, less), beside_pictures=beside) >= decided
    assert authority(said, fluency, beside_pictures=True) <= authority(said, fluency, beside_pictures=False)


def test_it_begins_and_ends_where_it_was_measured() -> None:
    assert authority(FROM, 1.0, beside_pictures=False) == 0
    assert authority(ALL, 1.0, beside_pictures=False) == 1
    assert authority(BESIDE_PICTURES * ALL, 1.0, beside_pictures=True) == 1


@pytest.fixture
def texts(build: Callable[[Sequence[Any]], SearchIndex], doc: Any) -> SearchIndex:
    common = [doc(f"{n}.txt", passages=[f"a dog and a ball near the river number{n}"]) for n in range(40)]
    return build([*common, doc("one.txt", passages=["the quarterback won the trophy"])])


def test_words_that_single_out_a_text_tell_more(texts: SearchIndex) -> None:
    alone, crowded = words_column(texts, "quarterback trophy"), words_column(texts, "dog river")
    assert alone.authority == 1
    assert crowded.authority == 0
    assert alone.weight == crowded.weight == 1
    matches = prepare(
        parse("quarterback trophy"), texts, group="document", fusion=Fusion(), weights={}
    ).matches
    assert matches is not None
    assert alone.listed is not None
    assert alone.listed[1].evidence.tolist() == ((1 + COUNTING_MORE) * matches.signals.evidence).tolist()
    assert alone.listed[1].surprise.tolist() == matches.signals.surprise.tolist()  # chance stays what it is


def test_pictures_in_the_list_ask_more_of_words(pictures: SearchIndex) -> None:
    everything = words_column(pictures, "a red dog")
    only_texts = words_column(pictures, "a red dog modality:text")
    assert everything.authority <= only_texts.authority
