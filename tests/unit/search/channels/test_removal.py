"""NOT: which items it removes, beside what they are looked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mmsearch.search.channels.dense import dense_channels
from mmsearch.search.channels.probes import probes
from mmsearch.search.channels.removal import Removal
from mmsearch.search.query.parse import parse
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search
from tests.unit.search.conftest import Doc, ToyEncoder, ToyIndex

Build = Callable[[Sequence[Doc]], ToyIndex]
OTHERS = [f"stone{n} wall{n}" for n in range(40)]


@pytest.fixture
def index(build: Build, monkeypatch: pytest.MonkeyPatch) -> ToyIndex:
    """Animals of three kinds, some of which look a little like others, and much else; with a bank of queries."""
    monkeypatch.setattr(
        ToyEncoder, "bank", lambda self, kind: self.encode_texts(OTHERS) if kind == "text" else None
    )
    animals = [Doc(f"{kind}.jpg", shows=f"animal creature {kind}") for kind in ("dog", "horse", "cat")]
    hound = Doc("hound.jpg", shows="dog stone1 wall2 thing3")
    return build([*animals, hound, *(Doc(f"{n}.jpg", shows=f"stone{n} wall{n} thing{n}") for n in range(40))])


def removal(index: ToyIndex, query: str) -> Removal:
    """How the pictures of ``index`` are scored for the excluded part of ``query``."""
    found = probes(parse(query), index, index.encoder)
    excluded = [probe for probe in found if probe.part.kind == "not"]
    (channel,) = (
        one for one in dense_channels(index, index.encoder, excluded) if one.item_modality == "image"
    )
    return Removal.of(index, index.encoder, channel, [probe for probe in found if probe.part.kind == "plus"])


def test_what_is_like_the_excluded_thing_because_it_is_like_the_wanted_one_stays(index: ToyIndex) -> None:
    paths = [
        hit.path
        for hit in search(
            SearchRequest("animal creature NOT (animal creature dog)", k=50, cutoff=None), index
        )
    ]
    assert {"horse.jpg", "cat.jpg"} <= set(paths)
    assert "dog.jpg" not in paths
    # looked for as something else, all animals are too like a dog
    paths = [
        hit.path
        for hit in search(SearchRequest("stone1 NOT (animal creature dog)", k=50, cutoff=None), index)
    ]
    assert not {"horse.jpg", "cat.jpg", "dog.jpg"} & set(paths)


def test_nothing_is_removed_for_being_unlike_the_wanted_thing(index: ToyIndex) -> None:
    scored = removal(index, "animal creature NOT (animal creature dog)")
    (hound,) = (item.item_id for item in search(SearchRequest("path:hound.jpg", k=1), index))
    ids = np.array([hound])
    assert scored.slope > 0.5
    np.testing.assert_allclose(scored.surprise(ids), scored.excluded.score(ids).surprise)


def test_parts_that_have_nothing_in_common_are_compared_with_all_strangers(index: ToyIndex) -> None:
    ids = index.documents.modalities["image"]
    scored = removal(index, "stone1 NOT dog")
    assert scored.slope == pytest.approx(0.0, abs=0.15)
    np.testing.assert_allclose(scored.surprise(ids), scored.excluded.score(ids).surprise, atol=0.35)


def test_an_encoder_without_a_bank_compares_with_all_strangers(
    index: ToyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ToyEncoder, "bank", lambda self, kind: None)
    scored = removal(index, "animal creature NOT (animal creature dog)")
    assert (scored.slope, scored.left) == (0.0, 1.0)


def test_excluding_what_is_looked_for_divides_by_nothing(index: ToyIndex) -> None:
    scored = removal(index, "animal NOT animal")
    assert np.isfinite(scored.surprise(index.documents.modalities["image"])).all()
    assert scored.left > 0.3
