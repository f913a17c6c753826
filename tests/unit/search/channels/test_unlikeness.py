"""How NOT ranks what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mmsearch.search.channels.dense import DenseChannel, dense_channels
from mmsearch.search.channels.exclusions import LEAST_LIKE, NOT_WEIGHT
from mmsearch.search.channels.probes import Probe, probes
from mmsearch.search.channels.unlikeness import likeness
from mmsearch.search.index.protocol import SearchIndex
from mmsearch.search.query.parse import parse
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search

Build = Callable[[list[Any]], SearchIndex]


@pytest.fixture
def landscape(build: Build, doc: Any) -> SearchIndex:
    """Mountains are mostly shown with snow, beaches with sand; one of each alone."""
    documents = [doc(f"a{n}.jpg", shows=f"mountain snow thing{n}") for n in range(60)]
    documents += [doc(f"b{n}.jpg", shows=f"beach sand other{n}") for n in range(60)]
    return build([*documents, doc("peak.jpg", shows="mountain"), doc("shore.jpg", shows="beach")])


def channel(index: SearchIndex, query: str) -> DenseChannel:
    """How the index's pictures are scored for the excluded part of ``query``."""
    (encoder,) = index.encoders
    excluded = [probe for probe in probes(parse(query), index, encoder) if probe.part.kind == "not"]
    (found,) = [one for one in dense_channels(index, encoder, excluded) if one.item_modality == "image"]
    return found


def wanted(index: SearchIndex, query: str) -> list[Probe]:
    """What ``query`` looks for."""
    return [probe for probe in probes(parse(query), index, index.encoders[0]) if probe.part.kind == "plus"]


def item(index: SearchIndex, path: str) -> int:
    (found,) = search(SearchRequest(f"path:{path}", k=1), index)
    return found.item_id


def test_an_item_is_as_like_the_excluded_thing_as_its_neighbors_are(landscape: SearchIndex) -> None:
    snow = channel(landscape, "picture NOT snow")
    alone = np.array([item(landscape, "peak.jpg"), item(landscape, "shore.jpg")])
    shown = np.array([item(landscape, "a0.jpg"), item(landscape, "b0.jpg")])
    (raw,) = snow.raw(np.concatenate([alone, shown]))
    peak, shore, snowy, sandy = likeness(landscape, landscape.encoders[0], snow).standing(
        np.concatenate([alone, shown])
    )
    assert snowy > peak > max(shore, sandy)
    # by itself a mountain is hardly more like snow than a beach is; among its neighbors it is
    assert (peak - shore) / (snowy - sandy) > 0.02 + (raw[0] - raw[1]) / (raw[2] - raw[3])


def test_not_takes_from_what_it_leaves_for_how_like_it_is(landscape: SearchIndex) -> None:
    hits = search(SearchRequest("beach NOT snow", k=200, cutoff=None), landscape)
    paths = [hit.path for hit in hits]
    assert paths.index("shore.jpg") < [*paths, "peak.jpg"].index("peak.jpg")
    assert not [path for path in paths[:40] if path.startswith("a")]
    query = "beach NOT snow"
    like = likeness(landscape, landscape.encoders[0], channel(landscape, query), wanted(landscape, query))
    explained = 0
    for hit in hits[:5]:
        above = max(0.0, float(like.standing(np.array([hit.item_id]))[0]) - LEAST_LIKE)
        reasons = [reason for reason in hit.explanation if reason.channel == "exclusion"]
        assert -sum(reason.contribution for reason in reasons) == pytest.approx(NOT_WEIGHT * above, abs=1e-5)
        assert sum(reason.contribution for reason in hit.explanation) == hit.score
        for reason in reasons:
            explained += 1
            assert (reason.part, reason.item_id, reason.location) == ("NOT snow", hit.item_id, LEAST_LIKE)
            assert reason.scales == pytest.approx(reason.raw - LEAST_LIKE)
            assert reason.weight * reason.scales == pytest.approx(reason.contribution, abs=1e-5)
    assert explained


def test_what_the_excluded_thing_shares_with_the_wanted_one_is_not_held_against_an_item(
    build: Build, doc: Any
) -> None:
    documents = [
        doc(f"{kind}{n}.jpg", shows=f"animal {kind} thing{n}") for kind in ("dog", "cat") for n in range(40)
    ]
    index = build([*documents, *(doc(f"s{n}.jpg", shows=f"stone wall thing{n}") for n in range(40))])
    query = "animal NOT (animal dog)"
    ids = np.array([item(index, path) for path in ("dog0.jpg", "cat0.jpg", "s0.jpg")])
    alone = likeness(index, index.encoders[0], channel(index, query)).standing(ids)
    beside = likeness(index, index.encoders[0], channel(index, query), wanted(index, query)).standing(ids)
    assert beside[0] - beside[1] > alone[0] - alone[1] > 0  # a dog stands out more among animals
    assert beside[1] - beside[2] < alone[1] - alone[2]  # and that a cat is an animal counts less


def test_a_heavier_wanted_part_counts_for_more_of_the_contrast(landscape: SearchIndex) -> None:
    ids = np.array([item(landscape, "shore.jpg"), item(landscape, "peak.jpg")])

    def gap(query: str) -> float:
        like = likeness(landscape, landscape.encoders[0], channel(landscape, query), wanted(landscape, query))
        standing = like.standing(ids)
        return float(standing[1] - standing[0])

    assert gap("9:beach 1:mountain NOT snow") > gap("1:beach 9:mountain NOT snow")


def test_one_item_is_neither_like_nor_unlike(build: Build, doc: Any) -> None:
    index = build([doc("only.jpg", shows="a dog in the snow")])
    only = np.array([item(index, "only.jpg")])
    assert likeness(index, index.encoders[0], channel(index, "dog NOT cat")).standing(only) == pytest.approx(
        0.0
    )


def test_a_description_is_excluded_by_its_own_vector(landscape: SearchIndex) -> None:
    described = likeness(
        landscape,
        landscape.encoders[0],
        channel(landscape, "beach NOT (an old mountain covered by snow)"),
    )
    word = likeness(landscape, landscape.encoders[0], channel(landscape, "beach NOT (mountain)"))
    ids = np.array([item(landscape, "peak.jpg"), item(landscape, "shore.jpg")])
    for one in (described, word):
        assert one.standing(ids)[0] > one.standing(ids)[1]
