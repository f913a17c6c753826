from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mmsearch.search.query.parse import parse
from mmsearch.search.ranking.fusion import Fusion
from mmsearch.search.ranking.pages import EVERY, Page, page
from mmsearch.search.ranking.scoring import Scoring
from mmsearch.search.ranking.task import prepare
from mmsearch.search.ranking.threshold import Ranker
from tests.unit.search.conftest import Doc, ToyIndex


def cut(
    index: ToyIndex, text: str, *, first: int, count: int, collapse: bool = False
) -> tuple[Page, list[int]]:
    """A page of a ranking, and how many documents the ranking was asked for."""
    task = prepare(parse(text), index, group="document", fusion=Fusion(), weights={}).task
    ranker, asked = Ranker(task), list[int]()

    def ranked(top: int) -> tuple[Scoring, int]:
        asked.append(top)
        return ranker.best(top, None)

    found = page(ranked, task, index, first=first, count=count, everything=False, collapse=collapse)
    return found, asked


@pytest.fixture
def copies(build: Callable[[Sequence[Doc]], ToyIndex]) -> ToyIndex:
    """One picture twenty times, and thirty others."""
    documents = [Doc(f"{n}.jpg", shows="a red dog", content="dog") for n in range(20)]
    return build([*documents, *(Doc(f"o{n}.jpg", shows=f"thing{n} other{n}") for n in range(30))])


def test_pages_are_cut_out_of_one_ranking(pictures: ToyIndex) -> None:
    whole = cut(pictures, "a red dog", first=0, count=30)[0].shown.documents.tolist()
    for first in (0, 7, 25):
        assert (
            cut(pictures, "a red dog", first=first, count=5)[0].shown.documents.tolist()
            == whole[first : first + 5]
        )


def test_no_more_is_ranked_than_is_shown(pictures: ToyIndex) -> None:
    found, asked = cut(pictures, "a red dog", first=10, count=5)
    assert asked == [15]
    assert not found.exact
    assert found.total > 15


def test_where_copies_fill_the_page_more_is_asked_for(copies: ToyIndex) -> None:
    found, asked = cut(copies, "a red dog", first=0, count=10, collapse=True)
    assert asked == sorted(asked)
    assert len(asked) > 1
    assert max(asked) < EVERY
    assert found.shown.documents.size == 10
    assert found.copies[0] == 19
    assert np.unique(found.shown.documents).size == 10


def test_a_page_beyond_the_end_is_empty_and_the_total_exact(pictures: ToyIndex) -> None:
    found, _ = cut(pictures, "a red dog", first=10_000, count=5)
    assert found.shown.documents.size == 0
    assert found.exact
    assert found.total == np.unique(pictures.documents.documents).size
