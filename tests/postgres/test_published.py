"""Vectors on PostgreSQL: the same answers to the last digit, and nothing lost when a server is away."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import mmsearch
from mmsearch.ann.exact import ExactIndex
from mmsearch.ann.placement import Placement, StoredRows
from mmsearch.cli.main import application
from mmsearch.errors import DatabaseError, StoreWarning, UsageError
from mmsearch.library.published import attach, detach, publish, published_to
from mmsearch.postgres.index import PostgresIndex
from mmsearch.postgres.server import Server, server
from mmsearch.postgres.table import LIST, Table, drop
from mmsearch.postgres.table import publish as bring
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.directory import IndexDirectory
from mmsearch.store.precision import HalfForm
from mmsearch.wire.answers import answers_as_json

pytestmark = pytest.mark.postgres
SEARCHES: list[tuple[str | None, dict[str, Any]]] = [
    (text, options)
    for text in (
        "a tabby cat",
        "green tea -coffee",
        '"the moon"',
        "a rocket without people",
        "茶",
        "photo-04",
    )
    for options in (
        {},
        {"k": 30, "offset": 2},
        {"modality": "image"},
        {"where": "width >= 300", "facets": ["format"]},
        {"minus": ["snow"], "exclude": "tea"},
        {"group": "item", "duplicates": "show"},
        {"sort": "-width", "cutoff": None, "k": 50},
    )
]
SEARCHES += [(None, {"item": [3, 4]}), (None, {"item": 7, "minus": ["sea"]})]


def changed(index: Path, change: Any) -> Any:
    directory = IndexDirectory.open(index)
    with directory.write_lock(), Catalogue.open(directory.catalogue_path) as catalogue:
        return change(directory, catalogue)


@pytest.fixture
def own_index(demo_index: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo_index, tmp_path / "own"))


def answers(index: Path) -> list[dict[str, Any]]:
    """What is found, without what may differ: how long it took, and the name of the generation."""
    with mmsearch.open(index) as library:
        found = [library.search(text, **options).to_dict(explain=True) for text, options in SEARCHES]
        found += [
            library.recommend([3, 8], k=20).to_dict(explain=True),
            answers_as_json(library.ask("How hot is the tea?")),
        ]
    return [{k: v for k, v in one.items() if k not in {"seconds", "generation", "index"}} for one in found]


@pytest.mark.parametrize("servers", [1, 2])
def test_answers_are_those_of_the_index_alone(
    demo_index: Path, own_index: Path, addresses: list[str], servers: int
) -> None:
    sent = changed(own_index, lambda d, c: attach(d, c, addresses[:servers]))
    assert sent == sum(mmsearch.open(own_index).statistics().vectors.values())
    shutil.rmtree(own_index / "vectors")  # nothing of it is read
    assert answers(own_index) == answers(demo_index)


def test_what_is_new_is_found_at_once_and_brought_with_the_next_run(
    small_corpus: Path, tmp_path: Path, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    index, alone = tmp_path / "index", tmp_path / "alone"
    mmsearch.index(small_corpus, index).close()
    changed(index, lambda d, c: attach(d, c, addresses))
    (small_corpus / "snow.txt").write_text("Snow lies on the roofs.\n", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(Server, "asking", _away)
        with pytest.warns(StoreWarning) as told:
            mmsearch.index(small_corpus, index).close()
    assert any("postgres push" in str(one.message) for one in told)
    assert changed(index, lambda d, _: _rows(d, addresses)) == 5  # of the run before
    mmsearch.index(small_corpus, alone).close()
    assert _hits(index) == _hits(alone)  # the newest from here
    assert changed(index, publish) == 1
    assert _hits(index) == _hits(alone)
    assert changed(index, publish) == 0  # all of it is there
    (small_corpus / "texts" / "moon.txt").unlink()
    mmsearch.index(small_corpus, index).close()
    mmsearch.index(small_corpus, alone).close()
    assert _hits(index) == _hits(alone)
    with mmsearch.open(index) as library:
        library.compact()  # rows have other numbers: other tables
    assert changed(index, lambda d, _: _rows(d, addresses)) == 5
    assert _hits(index) == _hits(alone)
    assert CliRunner().invoke(application("check"), ["check", "--index", str(index)]).exit_code == 0


def test_a_server_that_is_away_is_named(
    own_index: Path, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(own_index, lambda d, c: attach(d, c, addresses))
    with mmsearch.open(own_index) as library:
        with monkeypatch.context() as patch:
            patch.setattr(Table, "vectors", lambda self, rows: _away(self.servers[0]))
            with pytest.raises(DatabaseError, match="is away"):
                library.search("a cat")
        wanted = library.search("a cat").hits  # it is back
        assert wanted
    monkeypatch.setattr(Server, "asking", _away)
    with (
        mmsearch.open(own_index) as library,
        pytest.warns(StoreWarning, match="is away; the vectors that are here"),
    ):
        assert library.search("a cat").hits == wanted
    shutil.rmtree(own_index / "vectors")
    with mmsearch.open(own_index) as library, pytest.raises(DatabaseError, match="is away"):
        library.search("a cat")


def test_no_server_at_an_address(own_index: Path) -> None:
    with pytest.raises(DatabaseError, match="can't be reached"):
        changed(own_index, lambda d, c: attach(d, c, ["postgresql://postgres@/postgres?host=/nowhere"]))
    assert published_to(IndexDirectory.open(own_index)) is None


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:secret@host/db",
        "postgresql://host/db?password=secret",
        "mysql://host/db",
        "http://[",
        "db",
    ],
)
def test_addresses_that_are_refused(own_index: Path, address: str) -> None:
    with pytest.raises(UsageError) as error:
        changed(own_index, lambda d, c: attach(d, c, [address]))
    assert "secret" not in str(error.value)


def test_what_is_other_on_a_server_is_told_and_mended(own_index: Path, addresses: list[str]) -> None:
    changed(own_index, lambda d, c: attach(d, c, addresses))
    one = server(addresses[0])
    with one.asking() as connection:
        (relation,) = connection.execute(
            f"select relation from {LIST} order by changed desc limit 1"
        ).fetchone()
        connection.execute(
            f"update {relation} set vector = (select vector from {relation} where row = 2) where row = 0"
        )
    run = CliRunner().invoke(application("check"), ["check", "--index", str(own_index)])
    assert run.exit_code == 4
    assert "postgres push --anew" in run.output
    changed(own_index, lambda d, c: publish(d, c, anew=True))
    assert CliRunner().invoke(application("check"), ["check", "--index", str(own_index)]).exit_code == 0


def test_leaving_deletes_what_is_there(own_index: Path, demo_index: Path, addresses: list[str]) -> None:
    changed(own_index, lambda d, c: attach(d, c, addresses))
    attachment = published_to(IndexDirectory.open(own_index))
    assert attachment is not None
    assert changed(own_index, lambda d, _: detach(d)) == 2 * len(addresses)
    assert drop([server(one) for one in addresses], attachment.name) == 0
    assert answers(own_index) == answers(demo_index)


def test_a_snapshot_is_on_no_server(own_index: Path, addresses: list[str], tmp_path: Path) -> None:
    changed(own_index, lambda d, c: attach(d, c, addresses))
    with mmsearch.open(own_index) as library:
        library.snapshot(tmp_path / "copy")
    assert published_to(IndexDirectory.open(tmp_path / "copy")) is None


def test_vectors_that_are_no_halves_are_refused(
    small_corpus: Path, tmp_path: Path, addresses: list[str]
) -> None:
    run = CliRunner().invoke(
        application("index"),
        ["index", str(small_corpus), "--index", str(tmp_path / "i"), "--vectors", "int8"],
    )
    assert run.exit_code == 0
    with pytest.raises(UsageError, match="holds halves"):
        changed(tmp_path / "i", lambda d, c: attach(d, c, addresses))


DIMENSION = 16


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 900), depth=st.integers(0, 400), share=st.floats(0, 1))
def test_any_rows_are_ranked_as_by_the_exact_index(
    addresses: list[str], seed: int, rows: int, depth: int, share: float
) -> None:
    """With equal rows, rows of several items, rows of none, rows that are not there yet, and any items allowed."""
    chance = np.random.default_rng(seed)
    stored = _unit(chance.normal(size=(rows, DIMENSION)))
    stored[chance.integers(rows, size=rows // 4)] = stored[0]
    items = np.sort(chance.choice(10 * rows, size=int(1.2 * rows), replace=False))
    placement = Placement(items, chance.integers(rows, size=items.size))
    there = int(chance.integers(1, rows + 1))
    servers = [server(one) for one in addresses]
    bring(
        servers,
        "test",
        StoredRows((stored[:there],), HalfForm(DIMENSION)),
        str,
        approximate=False,
        index="",
        anew=True,
    )
    table = Table.open(servers, "test", DIMENSION)
    assert table is not None
    newer = StoredRows((stored[there:],), HalfForm(DIMENSION)) if there < rows else None
    index = PostgresIndex(placement, table, newer)
    exact = ExactIndex(placement, StoredRows((stored,), HalfForm(DIMENSION)))
    among = items[chance.random(items.size) < share] if share < 0.9 else None
    for query in _unit(chance.normal(size=(3, DIMENSION))).astype(np.float32):
        found, wanted = index.search(query, depth, among), exact.search(query, depth, among)
        assert found.ids.tolist() == wanted.ids.tolist()
        assert found.scores.tobytes() == wanted.scores.tobytes()
        assert index.scores(query, items).tobytes() == exact.scores(query, items).tobytes()
    assert index.vectors(items).tobytes() == exact.vectors(items).tobytes()


def test_hnsw_finds_nearly_all_and_scores_them_exactly(addresses: list[str]) -> None:
    chance = np.random.default_rng(0)
    stored = _unit(chance.normal(size=(3000, DIMENSION)))
    servers = [server(one) for one in addresses]
    bring(
        servers,
        "near",
        StoredRows((stored,), HalfForm(DIMENSION)),
        str,
        approximate=True,
        index="",
        anew=True,
    )
    table = Table.open(servers, "near", DIMENSION)
    assert table is not None
    placement = Placement(np.arange(3000), np.arange(3000))
    index, exact = (
        PostgresIndex(placement, table),
        ExactIndex(placement, StoredRows((stored,), HalfForm(DIMENSION))),
    )
    assert not index.exact
    same = 0
    for query in _unit(chance.normal(size=(30, DIMENSION))).astype(np.float32):
        found, wanted = index.search(query, 10), exact.search(query, 10)
        assert found.scores.tobytes() == exact.scores(query, found.ids).tobytes()
        same += np.isin(found.ids, wanted.ids).sum()
        some = index.search(query, 10, np.arange(0, 3000, 7))  # goes on until a filter is satisfied
        assert len(some) == 10
    assert same >= 0.95 * 300


def _unit(vectors: Any) -> Any:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def _rows(directory: IndexDirectory, addresses: list[str]) -> int:
    attachment = published_to(directory)
    assert attachment is not None
    with server(addresses[0]).asking() as connection:
        found = connection.execute(
            f"select sum(rows) from {LIST} where starts_with(name, %s)", [attachment.name]
        ).fetchone()
    return int(found[0])


def _hits(index: Path) -> list[tuple[str, float]]:
    with mmsearch.open(index) as library:
        return [
            (hit.path, hit.score) for text in ("snow", "the moon", "a cat") for hit in library.search(text)
        ]


def _away(self: Server) -> Any:
    raise DatabaseError(f"{self.place} is away")
