"""Places on a map."""

from __future__ import annotations

import numpy as np

from mmsearch.search.results.places import merged


def test_near_ones_are_one_place_named_by_the_best() -> None:
    places = merged(np.array([7, 3, 5]), np.array([48.1, 10.0, 48.1]), np.array([11.5, 20.0, 11.5]))
    assert [(one.item_id, one.documents) for one in places] == [(7, 2), (3, 1)]
    assert (places[0].latitude, places[0].longitude) == (48.1, 11.5)


def test_a_million_places_become_few_that_hold_all() -> None:
    rng = np.random.default_rng(1)
    places = merged(np.arange(20_000), rng.uniform(-90, 90, 20_000), rng.uniform(-180, 180, 20_000), most=500)
    assert len(places) <= 500
    assert sum(one.documents for one in places) == 20_000


def test_what_is_nowhere_on_the_earth_is_left_out() -> None:
    assert merged(np.array([1]), np.array([99.0]), np.array([0.0])) == ()
