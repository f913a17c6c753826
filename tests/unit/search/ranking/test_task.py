from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmsearch.errors import UsageError
from mmsearch.search.query.parse import parse
from mmsearch.search.query.value import Query
from mmsearch.search.ranking.fusion import Fusion
from mmsearch.search.ranking.task import Task, prepare
from tests.unit.search.conftest import ToyIndex


def task(index: ToyIndex, text: str, **options: Any) -> Task:
    settings: dict[str, Any] = {"group": "document", "fusion": Fusion(), "weights": {}} | options
    return prepare(parse(text), index, **settings).task


def test_columns_are_the_channels_by_the_names_that_explanations_use(pictures: ToyIndex) -> None:
    weights = {"text→image": 2.0, "toy text→text": 3.0, "words": 0.5}
    asked = task(pictures, "red dog", weights=weights)
    assert {column.name: column.weight for column in asked.columns} == {
        "toy text→image": 2.0,
        "toy text→text": 3.0,
        "words": 0.5,
        "name": 1.0,
    }
    assert asked.weights == (2.0, 3.0, 0.5, 1.0)


def test_a_column_says_what_it_knows_of_the_items_that_are_asked_about(pictures: ToyIndex) -> None:
    asked = task(pictures, "red dog")
    items = pictures.documents.ids[::7]
    for column in asked.columns:
        ids, signals = column.said(items)
        known = column.dense.index.ids if column.dense is not None else column.listed[0]  # type: ignore[index]
        assert ids.tolist() == [item for item in items.tolist() if item in set(known.tolist())]
        assert signals.evidence.shape == ids.shape
        assert not np.isnan(signals.evidence).any()


def test_filters_and_exact_phrases_say_which_items_are_ranked(pictures: ToyIndex) -> None:
    assert task(pictures, "dog").among is None
    among = task(pictures, "dog thing=boat modality:image").among
    assert among is not None
    assert task(pictures, "dog thing=boat modality:image").searched == among.size == 15
    phrase = task(pictures, '"old dog"').among
    assert phrase is not None
    items = pictures.catalogue.items(phrase.tolist())
    texts = {item.document_id: "" for item in items}
    for item in items:
        texts[item.document_id] += f" {item.text}"
    assert all("old dog" in text for text in texts.values())


def test_what_a_query_names_must_not_be_found(pictures: ToyIndex) -> None:
    item = int(pictures.documents.ids[4])
    assert task(pictures, f"#{item}").left_out == {int(pictures.documents.of(np.array([item]))[0])}
    assert task(pictures, f"#{item}", group="item").left_out == {item}


@pytest.mark.parametrize(
    ("query", "complaint"), [(Query(), "the query is empty"), (parse("-dog"), "only says what to leave out")]
)
def test_a_query_that_looks_for_nothing_is_refused(pictures: ToyIndex, query: Query, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        prepare(query, pictures, group="document", fusion=Fusion(), weights={})
