from __future__ import annotations

import numpy as np
import pytest

from mmsearch.search.channels.dense import DenseChannel, dense_channels
from mmsearch.search.channels.probes import probes
from mmsearch.search.query.parse import parse
from tests.unit.search.conftest import ToyIndex


def channel(index: ToyIndex, query: str, modality: str = "image") -> DenseChannel:
    parts = probes(parse(query), index, index.encoder)
    [found] = [one for one in dense_channels(index, index.encoder, parts) if one.item_modality == modality]
    return found


def test_there_is_a_channel_for_each_kind_of_item_and_none_without_parts(pictures: ToyIndex) -> None:
    parts = probes(parse("dog @boat"), pictures, pictures.encoder)
    names = [one.name for one in dense_channels(pictures, pictures.encoder, parts)]
    assert names == ["toy text+image→image", "toy text+image→text"]
    assert dense_channels(pictures, pictures.encoder, ()) == ()


@pytest.mark.parametrize("query", ["red dog", "@boat", "(red dog) @boat", "2:dog 0.5:boat"])
def test_the_nearest_items_are_those_that_score_highest(pictures: ToyIndex, query: str) -> None:
    asked = channel(pictures, query)
    (ids, signals), following = asked.nearest(25, None)
    assert following is not None
    assert (following.evidence < signals.evidence).all()
    every = asked.score(asked.index.ids)
    assert np.sort(signals.evidence)[::-1] == pytest.approx(np.sort(every.evidence)[::-1][:25], abs=1e-3)
    again = asked.score(ids)
    np.testing.assert_allclose(again.evidence, signals.evidence, atol=1e-4)


def test_weights_of_parts_have_the_length_of_one(pictures: ToyIndex) -> None:
    asked = channel(pictures, "3:dog 4:boat")
    assert asked.weights == pytest.approx((0.6, 0.8))
    raw = asked.raw(asked.index.ids[:9])
    mixed = 0.6 * asked.scales(raw)[0] + 0.8 * asked.scales(raw)[1]
    np.testing.assert_allclose(asked.mixed(raw), mixed)


def test_a_score_does_not_depend_on_what_else_is_scored(pictures: ToyIndex) -> None:
    asked = channel(pictures, "2:dog 0.5:boat")
    ids = asked.index.ids[:40]
    whole = asked.score(ids)
    for place in (0, 17, 39):
        alone = asked.score(ids[place : place + 1])
        assert alone.evidence.tolist() == whole.evidence[place : place + 1].tolist()
        assert alone.surprise.tolist() == whole.surprise[place : place + 1].tolist()


def test_the_crowd_is_drawn_once_for_a_generation_of_the_index(
    pictures: ToyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = channel(pictures, "dog").standing

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(type(pictures.catalogue), "drawn", fail)
    assert channel(pictures, "dog").standing == first
