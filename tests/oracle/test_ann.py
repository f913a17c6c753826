"""Every vector index against a slow loop over all rows."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsearch.ann.choose import WARM_SEARCHES, WarmingIndex
from mmsearch.ann.coarse import CoarseIndex, needs_codes, write_codes
from mmsearch.ann.codes import Codes
from mmsearch.ann.exact import ExactIndex
from mmsearch.ann.faiss import ScannedIndex
from mmsearch.ann.index import VectorIndex
from mmsearch.ann.placement import Placement, StoredRows
from mmsearch.ann.products import scan_error
from mmsearch.store.precision import PRECISIONS, HalfForm, Precision, center_of, row_form

DIMENSION = 24


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def slow_ranking(
    placement: Placement, vectors: np.ndarray, query: np.ndarray, depth: int, among: np.ndarray | None
) -> list[tuple[float, int]]:
    """(-score, id) of the answer: a plain sum in Python for each item."""
    scored = []
    for item, row in zip(placement.ids.tolist(), placement.rows.tolist(), strict=True):
        if among is None or item in among:
            products = (float(x) * float(y) for x, y in zip(vectors[row], query, strict=True))
            scored.append((-math.fsum(products), item))
    return sorted(scored)[:depth]


@cache
def corpus(
    seed: int, precision: Precision = "float16", rows: int = 3_000
) -> tuple[Placement, StoredRows, np.ndarray]:
    """Rows in two arrays, and the vectors that they stand for; a tenth of them belong to no item, some to two, and
    some are equal to others. All lie in a cone, and one in a hundred has one large float."""
    rng = np.random.default_rng(seed)
    vectors = unit(rng.standard_normal((rows, DIMENSION)) + 0.5 * rng.standard_normal(DIMENSION))
    vectors[::100] = unit(vectors[::100] + 3 * np.eye(DIMENSION)[seed])
    vectors[rows // 2 :: 7] = vectors[0]
    form = row_form(precision, DIMENSION, center_of(vectors[:50]))
    stored = form.encode(vectors)
    live = np.flatnonzero(rng.random(rows) < 0.9)
    item_rows = np.concatenate([live, rng.choice(live, rows // 20)])
    ids = np.sort(rng.choice(10 * rows, item_rows.size, replace=False)).astype(np.int64)
    placement = Placement(ids, rng.permutation(item_rows).astype(np.int64))
    cut = rows // 3
    return placement, StoredRows((stored[:cut], stored[cut:]), form), form.decode(stored)


def indexes(placement: Placement, rows: StoredRows) -> dict[str, VectorIndex]:
    return {"exact": ExactIndex(placement, rows), "scanned": ScannedIndex(placement, rows)}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", ["exact", "scanned"])
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2),
    depth=st.sampled_from([0, 1, 10, 500, 5_000]),
    share=st.sampled_from([None, 0.0, 0.01, 0.3, 0.8]),
)
def test_an_exact_index_ranks_as_a_slow_loop_does(
    precision: Precision, name: str, seed: int, depth: int, share: float | None
) -> None:
    placement, rows, vectors = corpus(seed, precision)
    rng = np.random.default_rng(seed + 100)
    query = vectors[0] if seed == 1 else unit(rng.standard_normal(DIMENSION))
    among = None if share is None else placement.ids[rng.random(placement.ids.size) < share]

    found = indexes(placement, rows)[name].search(query, depth, among)

    expected = slow_ranking(placement, vectors, query, depth, among)
    np.testing.assert_allclose(found.scores, [-negative for negative, _ in expected], atol=1e-6)
    # equal vectors are ordered by id, whatever float32 made of their products
    again = sorted(zip((-found.scores).tolist(), found.ids.tolist(), strict=True))
    assert [item for _, item in again] == found.ids.tolist()
    assert len(found) == len(expected)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_indexes_agree_to_the_last_bit(precision: Precision) -> None:
    placement, rows, _vectors = corpus(5, precision)
    exact, scanned = indexes(placement, rows).values()
    for query in unit(np.random.default_rng(0).standard_normal((20, DIMENSION))):
        for among in (None, placement.ids[::3], placement.ids[:50]):
            for depth in (3, 200):
                a, b = exact.search(query, depth, among), scanned.search(query, depth, among)
                assert a.ids.tolist() == b.ids.tolist()
                assert a.scores.tolist() == b.scores.tolist()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_scan_is_as_near_to_the_scores_as_it_says(precision: Precision) -> None:
    _placement, rows, _vectors = corpus(4, precision)
    for query in unit(np.random.default_rng(2).standard_normal((20, DIMENSION))):
        scores = rows.scores(query, np.arange(rows.rows))
        assert np.abs(rows.scan(query) - scores).max() <= scan_error(DIMENSION)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_what_faiss_leaves_out_is_no_better_than_what_it_finds(precision: Precision) -> None:
    """Also of rows whose scale or spread is unlike the others'."""
    _placement, rows, vectors = corpus(3, precision)
    codes = Codes(rows)
    answered = 0
    for query in [
        *unit(np.random.default_rng(6).standard_normal((20, DIMENSION))),
        vectors[0],
        -vectors[100],
    ]:
        for depth in (1, 30):
            for live in (None, np.flatnonzero(np.arange(rows.rows) % 3)):
                found = codes.nearest(query, depth, live)
                if found is not None:
                    answered += 1
                    everything = np.arange(rows.rows) if live is None else live
                    best = np.sort(rows.scores(query, everything))[-depth:]
                    candidates, scores = found
                    assert scores.tolist() == rows.scores(query, candidates).tolist()
                    assert np.sort(scores[np.isin(candidates, everything)])[-depth:].tolist() == best.tolist()
                    assert candidates.size == np.unique(candidates).size < rows.rows / 2
    assert answered > 40  # of 88: with so few rows, reading all is often better


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_score_does_not_depend_on_what_is_scored_beside_it(precision: Precision) -> None:
    placement, rows, _vectors = corpus(6, precision)
    query = unit(np.random.default_rng(1).standard_normal(DIMENSION))
    for index in indexes(placement, rows).values():
        ranking = index.search(query, 300)
        assert index.scores(query, ranking.ids).tolist() == ranking.scores.tolist()
        alone = [index.scores(query, ranking.ids[n : n + 1])[0] for n in range(300)]
        assert alone == ranking.scores.tolist()


def test_ties_at_the_cut_go_to_the_lower_ids() -> None:
    halves = np.tile(unit(np.ones(DIMENSION)).astype(np.float16), (5_000, 1))
    placement = Placement(np.arange(5_000) * 2, np.random.default_rng(0).permutation(5_000))
    rows = StoredRows((halves,), HalfForm(DIMENSION))
    for index in indexes(placement, rows).values():
        found = index.search(unit(np.ones(DIMENSION)), 10)
        assert found.ids.tolist() == list(range(0, 20, 2))


def test_the_first_ten_of_a_hundred_are_the_answer_for_ten() -> None:
    placement, rows, _ = corpus(7)
    query = unit(np.random.default_rng(3).standard_normal(DIMENSION))
    for index in indexes(placement, rows).values():
        assert index.search(query, 10).ids.tolist() == index.search(query, 100).ids[:10].tolist()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_an_index_that_warms_up_goes_on_giving_the_same_answer(precision: Precision) -> None:
    placement, rows, _ = corpus(8, precision)
    index = WarmingIndex(placement, rows)
    query = unit(np.random.default_rng(4).standard_normal(DIMENSION))
    answers = [index.search(query, 50) for _ in range(WARM_SEARCHES + 2)]
    assert len({tuple(answer.ids.tolist()) for answer in answers}) == 1
    assert len({tuple(answer.scores.tolist()) for answer in answers}) == 1


# --- codes of a large index ------------------------------------------------------------------------------


def state(rows: int) -> str:
    return f"the first {rows}"


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Placement, StoredRows, Path]:
    """60,000 clustered rows, of which the first 50,000 have saved codes."""
    rng = np.random.default_rng(11)
    centers = rng.standard_normal((300, DIMENSION))
    points = centers[rng.integers(300, size=60_000)] + 0.5 * rng.standard_normal((60_000, DIMENSION))
    halves = unit(points).astype(np.float16)
    path = tmp_path_factory.mktemp("ann") / "pocket" / "image.codes"
    queries = unit(rng.standard_normal((100, DIMENSION)))
    write_codes(StoredRows((halves[:50_000],), HalfForm(DIMENSION)), queries, path, state)
    ids = np.arange(60_000, dtype=np.int64)
    return Placement(ids, ids), StoredRows((halves,), HalfForm(DIMENSION)), path


def opened(coded: tuple[Placement, StoredRows, Path]) -> CoarseIndex:
    index = CoarseIndex.open(*coded, state)
    assert index is not None
    return index


def test_codes_find_nearly_all_and_score_exactly(coded: tuple[Placement, StoredRows, Path]) -> None:
    index, exact = opened(coded), ExactIndex(*coded[:2])
    found = 0
    for query in unit(np.random.default_rng(12).standard_normal((100, DIMENSION))):
        ranking = index.search(query, 10)
        truth = exact.search(query, 10)
        found += len(set(ranking.ids.tolist()) & set(truth.ids.tolist()))
        assert ranking.scores.tolist() == exact.scores(query, ranking.ids).tolist()
    assert found >= 980


def test_rows_that_came_after_the_codes_are_found(coded: tuple[Placement, StoredRows, Path]) -> None:
    _, rows, _ = coded
    assert opened(coded).search(rows.read(np.array([59_999]))[0], 1).ids.tolist() == [59_999]


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5])
def test_codes_find_nearly_all_that_a_filter_passes_and_nothing_else(
    coded: tuple[Placement, StoredRows, Path], share: float
) -> None:
    placement, rows, _ = coded
    rng = np.random.default_rng(13)
    among = placement.ids[rng.random(placement.ids.size) < share]
    found = 0
    for query in unit(rng.standard_normal((10, DIMENSION))):
        truth = ExactIndex(placement, rows).search(query, 100, among)
        ranking = opened(coded).search(query, 100, among)
        assert np.isin(ranking.ids, among).all()
        found += np.isin(ranking.ids, truth.ids).sum()
    assert found == 1000 if share < 0.33 else found >= 980


def test_newer_rows_get_codes_without_the_others_being_made_anew(
    coded: tuple[Placement, StoredRows, Path], tmp_path: Path
) -> None:
    placement, rows, path = coded
    for name in (path.name, f"{path.name}.json"):
        (tmp_path / name).write_bytes(path.with_name(name).read_bytes())
    copy = tmp_path / path.name
    first = StoredRows((rows.arrays[0][:50_400],), rows.form)
    assert not needs_codes(copy, first, state), "they are few"
    assert needs_codes(copy, rows, state)
    write_codes(rows, np.empty((0, DIMENSION), np.float32), copy, state)  # the queries are not asked again
    assert not needs_codes(copy, rows, state)
    index = CoarseIndex.open(placement, rows, copy, state)
    assert index is not None
    exact = ExactIndex(placement, rows)
    queries = unit(np.random.default_rng(14).standard_normal((50, DIMENSION)))
    found = sum(
        len({*index.search(query, 10).ids.tolist()} & {*exact.search(query, 10).ids.tolist()})
        for query in queries
    )
    assert found >= 490


def test_codes_of_other_rows_and_damaged_ones_are_not_used(
    coded: tuple[Placement, StoredRows, Path], tmp_path: Path
) -> None:
    placement, rows, path = coded
    ids = np.arange(10, dtype=np.int64)
    fewer = StoredRows((rows.arrays[0][:10],), HalfForm(DIMENSION))
    assert CoarseIndex.open(Placement(ids, ids), fewer, path, state) is None
    assert CoarseIndex.open(placement, rows, path, lambda rows: f"other {rows}") is None
    assert needs_codes(path, rows, lambda rows: f"other {rows}")
    for name in (path.name, f"{path.name}.json"):
        (tmp_path / name).write_bytes(path.with_name(name).read_bytes())
    for name in (path.name, f"{path.name}.json"):
        whole = (tmp_path / name).read_bytes()
        for place in (len(whole) // 3, len(whole) - 20):
            damaged = bytearray(whole)
            damaged[place] ^= 1
            (tmp_path / name).write_bytes(damaged)
            assert CoarseIndex.open(placement, rows, tmp_path / path.name, state) is None
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        assert CoarseIndex.open(placement, rows, tmp_path / path.name, state) is None
        (tmp_path / name).write_bytes(whole)
    assert CoarseIndex.open(placement, rows, tmp_path / path.name, state) is not None


@pytest.mark.parametrize(
    ("dimension", "precision"), [(7, "float16"), (24, "int8"), (24, "binary"), (30, "float16")]
)
def test_codes_serve_any_dimension_and_form(dimension: int, precision: Precision, tmp_path: Path) -> None:
    rng = np.random.default_rng(15)
    vectors = unit(rng.standard_normal((3_000, dimension)))
    form = row_form(precision, dimension, center_of(vectors[:50]))
    rows = StoredRows((form.encode(vectors),), form)
    write_codes(rows, vectors[:20], tmp_path / "image.codes", state)
    ids = np.arange(3_000, dtype=np.int64)
    index = CoarseIndex.open(Placement(ids, ids), rows, tmp_path / "image.codes", state)
    assert index is not None
    index._rows_near(vectors[0], 10, index._placement)
    assert 5 in index._rows_near(form.decode(rows.arrays[0][5:6])[0], 50, index._placement)
