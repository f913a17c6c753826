"""What a query does not want: minus parts lower a document, NOT removes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mmsearch.search.channels.exclusions import (
    FROM,
    LEAST_LIKE,
    NOT_WEIGHT,
    WITH_WORDS,
    Minus,
    Not,
    exclude,
    exclusions,
)
from mmsearch.search.channels.probes import probes
from mmsearch.search.query.parse import parse

if TYPE_CHECKING:
    from mmsearch.search.channels.exclusions import Exclusion
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Ids


def unwanted(index: SearchIndex, query: str) -> tuple[Exclusion, ...]:
    return exclusions(index, index.encoders, [probes(parse(query), index, one) for one in index.encoders])


def everything(index: SearchIndex) -> tuple[Ids, Ids]:
    """All items, and all documents."""
    return index.documents.ids, np.unique(index.documents.documents)


def named(index: SearchIndex, path: str) -> int:
    return index.catalogue.find(path)[0]


def test_parts_are_taken_in_order_each_as_what_it_is(pictures: SearchIndex) -> None:
    first, second = unwanted(pictures, "horse -0.5:bridge NOT river")
    assert isinstance(first, Minus)
    assert isinstance(second, Not)
    assert (first.label, first.weight, first.origin) == ("-0.5:(bridge)", 0.5, FROM)
    assert (second.label, second.weight, second.origin) == ("NOT river", NOT_WEIGHT, LEAST_LIKE)


def test_a_minus_part_takes_its_weight_for_each_decade_beyond_what_half_of_all_reach(
    pictures: SearchIndex,
) -> None:
    items, documents = everything(pictures)
    for weight in (1.0, 0.5):
        [minus] = unwanted(pictures, f"horse -{weight}:(bridge)")
        found = exclude([minus], items, documents, pictures.documents)
        levels = found.levels[:, 0]
        np.testing.assert_allclose(found.penalties[:, 0], weight * np.maximum(0.0, levels - FROM))
        assert not found.removed.any()
        assert pictures.documents.of(found.items[:, 0]).tolist() == documents.tolist()
        assert (levels > 2.0).any()


def test_words_count_as_likeness(pictures: SearchIndex) -> None:
    items, documents = everything(pictures)
    [minus] = unwanted(pictures, "horse -bridge")
    found = exclude([minus], items, documents, pictures.documents)
    with_words = np.isin(documents, pictures.documents.of(minus.with_words))
    assert with_words.any()
    assert found.levels[with_words, 0].min() >= WITH_WORDS


def test_not_removes_what_has_the_words_and_what_is_clearly_like_it(pictures: SearchIndex) -> None:
    items, documents = everything(pictures)
    [not_river] = unwanted(pictures, "horse NOT river")
    removed = exclude([not_river], items, documents, pictures.documents).removed
    gone = set(documents[removed].tolist())
    assert set(pictures.documents.of(not_river.with_words).tolist()) <= gone
    assert named(pictures, "photos/river/12-12.jpg") in gone
    assert named(pictures, "photos/dog/0-1.jpg") not in gone


@pytest.mark.parametrize("query", ["horse -zeppelin", "horse NOT zeppelin"])
def test_what_is_said_of_documents_does_not_depend_on_the_others(pictures: SearchIndex, query: str) -> None:
    items, documents = everything(pictures)
    wanted = unwanted(pictures, query)
    whole = exclude(wanted, items, documents, pictures.documents)
    some = np.arange(0, documents.size, 3)
    part = exclude(wanted, pictures.documents.items_of(documents[some]), documents[some], pictures.documents)
    np.testing.assert_array_equal(part.penalties, whole[some].penalties)
    np.testing.assert_array_equal(part.items, whole[some].items)
    np.testing.assert_array_equal(part.removed, whole[some].removed)


def test_nothing_unwanted_takes_nothing(pictures: SearchIndex) -> None:
    items, documents = everything(pictures)
    found = exclude((), items, documents, pictures.documents)
    assert found.penalties.shape == (documents.size, 0)
    assert not found.removed.any()
