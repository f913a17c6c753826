"""A cluster against one index directory: the same documents in the same order, with the same scores and reasons."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmsearch
from benchmarks.shared.same import SCORES, differences, plain
from mmsearch.cluster.building import finish, opened
from mmsearch.cluster.library import ClusterLibrary
from mmsearch.cluster.splitting import split
from mmsearch.search.ranking import threshold
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search
from mmsearch.store.directory import BACKGROUNDS


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, demo_corpus: Path) -> Path:
    """An index with copies, a renamed, a removed and a changed file, fields and vectors of whole documents."""
    corpus = tmp_path_factory.mktemp("cluster") / "corpus"
    shutil.copytree(demo_corpus, corpus)
    photos = sorted((corpus / "photos").glob("*.png"))
    for number, photo in enumerate(photos[:4]):
        (corpus / f"copies/{number}").mkdir(parents=True)
        shutil.copy(photo, corpus / f"copies/{number}/{photo.name}")
        if photo.with_suffix(".txt").exists():
            shutil.copy(photo.with_suffix(".txt"), corpus / f"copies/{number}/{photo.stem}.txt")
    records = [
        f'{{"id": "record-{n}", "captions": ["a {thing} in the kitchen", "{thing}"], "year": {1990 + n % 5}, '
        f'"colour": "{("red", "Green", "green", "blue; red")[n % 4]}"}}'
        for n, thing in enumerate(("cup", "kettle", "spoon", "teapot", "cat", "moon", "bicycle") * 3)
    ]
    options = mmsearch.IndexOptions(fuse="mean")
    index = corpus.parent / "one"
    with mmsearch.index(corpus, index, options=options):
        pass
    photos[-1].rename(photos[-1].with_name("renamed.png"))
    sorted((corpus / "texts").rglob("*.txt"))[0].unlink()
    changed = sorted((corpus / "texts").rglob("*.txt"))[1]
    changed.write_text(changed.read_text() + "\n\nA paragraph about a teapot was added.\n")
    with mmsearch.index(corpus, index, options=options):
        pass
    manifest = corpus.parent / "records.jsonl"
    manifest.write_text("\n".join(records) + "\n")
    with mmsearch.index(manifest, index, options=options) as library:
        assert library.statistics().documents > len(records)
    return index


@pytest.fixture(scope="module", params=[1, 2, 3, 5])
def both(
    request: pytest.FixtureRequest, one: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[mmsearch.Library, ClusterLibrary]]:
    directory = split(one, tmp_path_factory.mktemp("shards") / "cluster", request.param)
    with mmsearch.open(one) as library, opened(directory) as cluster:
        yield library, cluster


WORDS = [
    "a tabby cat", "a cup of coffee", "tea", "green tea", "how bees dance", "penguins in Antarctica", "the moon",
    "red", "teapot in the kitchen", '"a cup"', '"in the kitchen"', "cat -coffee", "a red bicycle NOT cat",
    "2:cat 0.5:coffee", "rocket -0.5:moon", "bicyc", "rock", "photo", "IMG_20", "猫", "一只猫", "eine Katze", "teapto",
    "cat modality:image", "cat year:1992", "kitchen colour:red", "xyzzy unheard of",
]  # fmt: skip


def queries() -> Iterator[tuple[str, Callable[[mmsearch.Library], Any]]]:
    """Requests of every kind, by name."""
    for text in WORDS:
        yield f"search {text}", lambda library, text=text: library.search(text, k=30)
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("a cat", {"group": "item"}), ("a cat", {"group": "item", "modality": "text"}),
        ("a cat", {"modality": "image"}), ("cat", {"path": "copies/**"}),
        ("a cat", {"duplicates": "show"}), ("a cat", {"strict": True}), ("a cat", {"cutoff": 0.01}),
        ("a cat", {"cutoff": None, "k": 200}), ("tea", {"offset": 5, "k": 5}), ("tea", {"context": 2}),
        ("kitchen", {"sort": "year"}), ("kitchen", {"sort": "-year", "cutoff": None, "k": 100}),
        ("kitchen", {"sort": "path"}), ("kitchen", {"facets": ["colour", "year"], "cutoff": 100.0}),
        ("a cat", {"where": "year >= 1991 and year < 1994"}), ("a cat", {"where": "colour = red or colour = green"}),
        ("a cat", {"where": "not year = 1990", "path": "records*"}), ("a cat", {"path": "photos/**"}),
        ("a cat", {"fusion": "rrf"}), ("a cat", {"fusion": "combmnz"}), ("a cat", {"weights": {"words": 0.2}}),
        ("a cat", {"minus": "a kettle"}), ("a cat", {"exclude": "a kettle"}), ("a dog", {"exclude": ["cat", "moon"]}),
        ("a cat", {"explain": False}), ("a cat", {"rerank": "exact", "rerank_depth": 5}),
    ]  # fmt: skip
    for text, options in kinds:
        yield (
            f"search {text} {options}",
            lambda library, text=text, options=options: library.search(text, **options),
        )
    for options in (
        {"path": "photos/*"}, {"where": "year > 1990", "k": 50}, {"where": "colour = red", "facets": ["colour"]},
        {"path": "**", "k": 200, "duplicates": "show"}, {"where": "colour = violet"},
    ):  # fmt: skip
        yield f"filter {options}", lambda library, options=options: library.search(**options)
    for question in (
        "how long does the guarantee last?",
        "what do penguins eat?",
        "who was the emperor of Rome?",
    ):
        yield f"ask {question}", lambda library, question=question: library.ask(question, cutoff=None)
    for method in ("average", "best", "per-document"):
        yield (
            f"recommend {method}",
            lambda library, method=method: library.recommend(
                ["photos/photo-04.png", "tea.txt"], ["photos/photo-01.png"], 20, method=method
            ),
        )
    yield "recommend diverse", lambda library: library.recommend("photos/photo-04.png", diverse=0.4)
    yield (
        "recommend filtered",
        lambda library: library.recommend("photos/photo-04.png", modality="image", where="path ~ o"),
    )
    yield "find", lambda library: library.find("photo-04.png")
    yield "facets", lambda library: library.facets("colour")
    yield "fields", lambda library: sorted(library.fields())
    yield "statistics", lambda library: (library.statistics().documents, library.statistics().items)


QUERIES = dict(queries())


@pytest.mark.parametrize("name", QUERIES)
def test_answers_are_those_of_one_index(both: tuple[mmsearch.Library, ClusterLibrary], name: str) -> None:
    library, cluster = both
    expected, actual = (plain(QUERIES[name](one)) for one in (library, cluster))
    assert list(differences(expected, actual)) == []


MISTAKES: dict[str, Callable[[mmsearch.Library], Any]] = {
    "unknown field": lambda library: library.search("a cat", where="size > 3"),
    "unknown order": lambda library: library.search("a cat", sort="size"),
    "unknown facet": lambda library: library.facets("size"),
    "several documents": lambda library: library.recommend("photo-04.png"),
    "no such item": lambda library: library.search(item=2**52),
    "nothing to look for": lambda library: library.search("-cat"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_in_the_same_words(
    both: tuple[mmsearch.Library, ClusterLibrary], name: str
) -> None:
    told = []
    for one in both:
        with pytest.raises(mmsearch.UsageError) as caught:
            MISTAKES[name](one)
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_a_usual_query_waits_for_the_shards_at_most_four_times(
    both: tuple[mmsearch.Library, ClusterLibrary],
) -> None:
    _, cluster = both
    for text in ("a tabby cat", "a cup of coffee", "how bees dance", "green tea"):
        cluster.search(text)  # what is made once for a generation
        with cluster.reading() as reading:
            search(SearchRequest(text), reading)
            assert reading.route.trips <= 4, reading.route.asked


@pytest.mark.parametrize("name", ["search a tabby cat", "search tea", "search a cat {'fusion': 'rrf'}"])
def test_the_same_when_channels_are_asked_again_for_more(
    both: tuple[mmsearch.Library, ClusterLibrary], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threshold, "FIRST_DEPTH", 3)
    monkeypatch.setattr(threshold, "CHUNK", 4)
    library, cluster = both
    expected, actual = (plain(QUERIES[name](one)) for one in (library, cluster))
    assert list(differences(expected, actual)) == []


def test_an_item_is_found_by_its_number_on_the_cluster(both: tuple[mmsearch.Library, ClusterLibrary]) -> None:
    library, cluster = both
    numbers = [one.search("a tabby cat", modality="image", duplicates="show")[0].item_id for one in both]
    found = [one.search(item=number, k=20) for one, number in zip((library, cluster), numbers, strict=True)]
    assert [(hit.path, str(hit.locator)) for hit in found[0]] == [
        (hit.path, str(hit.locator)) for hit in found[1]
    ]
    np.testing.assert_allclose([h.score for h in found[0]], [h.score for h in found[1]], atol=SCORES)


def test_a_shard_that_holds_nothing_changes_nothing(one: Path, tmp_path: Path) -> None:
    directory = split(one, tmp_path / "cluster", 3)
    copy = shutil.copytree(one, tmp_path / "one")
    emptied = directory.shard_path(directory.read().shards[1])
    with mmsearch.open(emptied) as shard, mmsearch.open(copy) as library:
        paths = [path for _, _, path in shard.catalogue.document_paths()]
        assert shard.remove(paths) == library.remove(paths) == len(paths) > 0
    finish(directory, directory.read())
    (copy / BACKGROUNDS).unlink()  # made of what is there now, as the cluster's are
    assert [shard.documents > 0 for shard in directory.read().shards] == [True, False, True]
    with mmsearch.open(copy) as library, opened(directory) as cluster:
        for name, ask in QUERIES.items():
            told = []
            for each in (library, cluster):
                try:
                    told.append(plain(ask(each)))
                except mmsearch.UsageError as error:
                    told.append(str(error))
            assert list(differences(*told)) == [], name
