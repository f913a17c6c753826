"""The first hits scored anew from vectors in full precision."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mmsearch
from mmsearch.ingest.pipeline import IndexOptions
from mmsearch.search.query.value import Item, Part, Query

QUERIES = ("a cup of coffee", "tea -coffee")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, demo_corpus: Path) -> Path:
    """The demo's corpus, with files that a test may change."""
    return Path(shutil.copytree(demo_corpus, tmp_path_factory.mktemp("coarse") / "corpus"))


@pytest.fixture(scope="module")
def coarse(corpus: Path) -> Iterator[mmsearch.Library]:
    """An index with one bit for each float."""
    with mmsearch.index(corpus, corpus.parent / "index", options=IndexOptions(vectors="binary")) as library:
        yield library


def test_cosines_are_those_of_the_encoder(coarse: mmsearch.Library) -> None:
    rough, right = [], []
    for text in ("a cup of coffee", "the face of a cat"):
        query = mmsearch.embed([text])[0]
        for how, errors in ((None, rough), ("exact", right)):
            for hit in coarse.search(text, k=20, cutoff=None, rerank=how):
                thing = Path(hit.file) if hit.modality == "image" else str(hit.text)
                assert hit.cosine is not None
                errors.append(abs(hit.cosine - float(mmsearch.embed([thing])[0] @ query)))
    # a text's last bits depend on the texts that go through the tower beside it
    assert max(right) < 0.02
    assert np.mean(right) < 0.1 * np.mean(rough)


def test_contributions_add_up_and_scores_fall(coarse: mmsearch.Library) -> None:
    for text in QUERIES:
        hits = coarse.search(text, k=30, cutoff=None, rerank="exact", rerank_depth=20)
        scores = [hit.score for hit in hits][:20]
        assert scores == sorted(scores, reverse=True)
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        for hit in hits:
            assert sum(reason.contribution for reason in hit.explanation) == hit.score


def test_any_page_is_a_part_of_the_whole_list(coarse: mmsearch.Library) -> None:
    def found(text: str, k: int, offset: int = 0) -> list[tuple[int, int, float]]:
        results = coarse.search(text, k=k, offset=offset, cutoff=None, rerank="exact", rerank_depth=15)
        return [(hit.rank, hit.item_id, hit.score) for hit in results]

    whole = found("a cup of coffee", 40)
    assert found("a cup of coffee", 10) == whole[:10]
    assert found("a cup of coffee", 9, 11) == whole[11:20]


def test_an_index_in_halves_hardly_changes(library: mmsearch.Library) -> None:
    for text in QUERIES:
        plain = library.search(text, k=20, cutoff=None)
        exact = library.search(text, k=20, cutoff=None, rerank="exact")
        before = {hit.item_id: hit.score for hit in plain}
        after = {hit.item_id: hit.score for hit in exact}
        common = before.keys() & after.keys()
        assert len(common) >= 19
        assert all(before[item] == pytest.approx(after[item], abs=0.1) for item in common)


def test_the_line_is_drawn_anew(coarse: mmsearch.Library) -> None:
    for text in QUERIES:
        results = coarse.search(text, k=50, cutoff=0.5, rerank="exact")
        assert results.total >= len(results.matches)
        assert [hit.beyond_chance for hit in results] == sorted(hit.beyond_chance for hit in results)


def test_a_picture_whose_file_has_changed_keeps_its_stored_vector(
    coarse: mmsearch.Library, corpus: Path
) -> None:
    plain = {hit.path: hit.cosine for hit in coarse.search("a rocket", k=60, cutoff=None, modality="image")}
    gone, changed = sorted(path for path in plain if (corpus / path).is_file())[:2]
    contents = {path: (corpus / path).read_bytes() for path in (gone, changed)}
    try:
        (corpus / gone).unlink()
        (corpus / changed).write_bytes(b"no picture any more")
        exact = coarse.search("a rocket", k=60, cutoff=None, modality="image", rerank="exact")
    finally:
        for path, content in contents.items():
            (corpus / path).write_bytes(content)
    same = {hit.path for hit in exact if hit.cosine == plain[hit.path]}
    assert {gone, changed} <= same
    assert len(same) < len(exact) / 2


def test_an_item_of_the_index_and_a_filter_alone_can_be_asked_for(coarse: mmsearch.Library) -> None:
    first = coarse.search("a cup of coffee", modality="image").hits[0]
    query = Query((Part(Item(first.item_id)),))
    hits = coarse.search(query, k=10, cutoff=None, rerank="exact")
    assert len(hits) == 10
    assert len(coarse.search("modality:image", k=5, rerank="exact")) == 5


def test_a_search_that_finds_nothing_says_so(coarse: mmsearch.Library) -> None:
    results = coarse.search("a cup of coffee", cutoff=1e-30, rerank="exact")
    assert results.nothing_matches
    assert results.guesses
