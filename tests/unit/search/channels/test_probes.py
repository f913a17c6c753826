from __future__ import annotations

import numpy as np
import pytest

from mmsearch.errors import UsageError
from mmsearch.search.channels.probes import given_items, picture_vector, probes
from mmsearch.search.query.parse import parse
from mmsearch.search.query.value import Item, Picture, Text
from tests.unit.search.conftest import DIMENSION, ToyIndex


def test_each_part_has_a_vector_its_label_and_its_kind(pictures: ToyIndex) -> None:
    [text, picture, item, minus] = probes(parse("(red dog) @boat #5 -snow"), pictures, pictures.encoder)
    assert [one.label for one in (text, picture, item, minus)] == ["red dog", "@boat", "#5", "-snow"]
    assert (text.modality, picture.modality) == ("text", "image")
    np.testing.assert_array_equal(text.vector, pictures.encoder.encode_texts(["red dog"])[0])
    np.testing.assert_array_equal(picture.vector, pictures.encoder.show("boat"))
    stored = pictures.vector_index(pictures.encoder, item.modality)
    assert stored is not None
    np.testing.assert_array_equal(item.vector, stored.vectors(np.array([5]))[0])


def test_a_vector_of_any_length_is_a_picture_and_one_of_another_shape_is_refused(pictures: ToyIndex) -> None:
    direction = np.zeros(DIMENSION)
    direction[3] = 7.0
    assert picture_vector(pictures, pictures.encoder, direction)[3] == 1.0
    for wrong in (np.ones(DIMENSION + 1), np.zeros(DIMENSION), np.ones((1, DIMENSION))):
        with pytest.raises(UsageError, match=f"has shape \\({DIMENSION},\\)"):
            picture_vector(pictures, pictures.encoder, wrong)


def test_an_item_that_is_not_there_is_refused(pictures: ToyIndex) -> None:
    with pytest.raises(UsageError, match="there is no item #999999"):
        probes(parse("#999999"), pictures, pictures.encoder)


def test_the_items_that_a_query_names() -> None:
    assert given_items([Text("dog"), Item(7), Picture("a.jpg"), Item(3)]) == (7, 3)
