"""The steps that an explanation names lead from each raw score to the hit's."""

from __future__ import annotations

from collections import defaultdict
from math import hypot
from typing import TYPE_CHECKING, Any

import pytest

from mmsearch.search.channels.exclusions import FROM, LEAST_LIKE
from mmsearch.search.query.parse import parse
from mmsearch.search.ranking.fusion import FUSIONS
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search

if TYPE_CHECKING:
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.results.hit import Reason

QUERIES = [
    "a red dog",
    "2:boat 0.5:street",
    "@dog cake",
    "#7",
    "horse -bridge",
    "horse NOT river",
    '"red dog"',
]


def found(index: SearchIndex, text: str, **options: Any) -> Any:
    return search(SearchRequest(parse(text), k=40, cutoff=None, **options), index)


def columns(reasons: tuple[Reason, ...]) -> dict[tuple[str, int], list[Reason]]:
    """The parts of each channel, which are about one item."""
    parts: dict[tuple[str, int], list[Reason]] = defaultdict(list)
    for reason in reasons:
        parts[reason.channel.partition("→")[2] or reason.channel, reason.item_id].append(reason)
    return parts


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("text", QUERIES)
def test_contributions_add_up_to_the_score_exactly(pictures: SearchIndex, text: str, fusion: Any) -> None:
    for hit in found(pictures, text, fusion=fusion):
        assert sum(reason.contribution for reason in hit.explanation) == hit.score


@pytest.mark.parametrize("text", QUERIES)
def test_each_step_follows_from_the_one_before(pictures: SearchIndex, text: str) -> None:
    results = found(pictures, text)
    for hit in results:
        told = []
        for parts in columns(tuple(one for one in hit.explanation if one.channel != "exclusion")).values():
            for reason in parts:
                assert reason.scales == pytest.approx((reason.raw - reason.location) / reason.scale)
            weight = hypot(*(reason.weight for reason in parts))  # of the channel: its parts' squares add up
            if parts[0].deviations is not None:
                mixed = sum(reason.weight / weight * reason.scales for reason in parts)
                level, unit = parts[0].level, parts[0].deviation
                assert parts[0].deviations == pytest.approx((mixed - level) / unit)
            assert len({reason.evidence for reason in parts}) == 1
            contribution = sum(reason.contribution for reason in parts)
            told.append((weight * parts[0].evidence, contribution))
        norm = hypot(*(one for one, _ in told))
        for one, contribution in told:
            assert contribution == pytest.approx(one**2 / norm if norm else 0.0, abs=1e-5)
        taken = sum(reason.contribution for reason in hit.explanation if reason.channel == "exclusion")
        assert hit.score == pytest.approx(norm + taken, abs=1e-5)
        surprise = max(reason.surprise for reason in hit.explanation)
        assert hit.evalue == pytest.approx(results.searched * 10**-surprise)


def test_what_exclusions_take_is_counted_from_their_origin(pictures: SearchIndex) -> None:
    for text, origin in (("horse -bridge", FROM), ("horse NOT river", LEAST_LIKE)):
        reasons = [
            one for hit in found(pictures, text) for one in hit.explanation if one.channel == "exclusion"
        ]
        assert reasons
        for reason in reasons:
            assert (reason.location, reason.scales) == (origin, pytest.approx(reason.raw - origin))
            assert reason.contribution == pytest.approx(reason.weight * reason.scales, abs=1e-5)


def test_a_text_without_the_words_has_lost_a_fifth(pictures: SearchIndex) -> None:
    lost = {
        (reason.lost, "words" in {one.channel for one in hit.explanation})
        for hit in found(pictures, "dog", modality="text")
        for reason in hit.explanation
        if reason.deviations is not None
    }
    assert lost <= {(0.0, True), (0.2, False)}
    assert (0.2, False) in lost


def test_reasons_are_left_out_when_they_are_not_asked_for(pictures: SearchIndex) -> None:
    assert not any(hit.explanation for hit in found(pictures, "a red dog", explain=False))
