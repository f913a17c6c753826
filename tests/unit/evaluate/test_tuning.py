"""Weights learned from judgements, and that they replace the defaults only where they help."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmsearch
from mmsearch.cli.main import application
from mmsearch.errors import MmsearchError, UsageError
from mmsearch.evaluate import tuning
from mmsearch.evaluate.judged import Judged, judged_documents, read_queries
from mmsearch.evaluate.tuning import DEPTH, Proposals, learn, propose, tune
from mmsearch.search.query.value import Part, Query, Text

QUERIES = {
    "coffee": "a cup of coffee",
    "cat": "the face of a cat",
    "moon": "the moon",
    "horse": "a horse",
    "rocket": "a rocket is launched",
}


def made_up(seed: int, quality: dict[str, float], queries: int = 120, candidates: int = 60) -> Proposals:
    """Queries with three right documents each; a channel of quality 0 is noise, at 3 it is nearly sure."""
    random = np.random.default_rng(seed)
    gains = np.zeros((queries, candidates))
    for row in gains:
        row[random.choice(candidates, 3, replace=False)] = 1.0
    evidence = [
        np.maximum(random.standard_normal(gains.shape) + strength * gains + 2.0, 0.0)
        for strength in quality.values()
    ]
    ideal = np.full(queries, 1.0 + 1.0 / np.log2(3) + 1.0 / np.log2(4))
    names = tuple(f"q{number}" for number in range(queries))
    return Proposals(tuple(quality), names, np.stack(evidence, axis=2), gains, ideal)


def noise_beside(useful: float, seed: int) -> float:
    """What is learned for a channel of noise, as a share of the weight of a useful one."""
    weight, noise = learn(made_up(seed, {"useful": useful, "noise": 0.0}))
    return noise / weight


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), useful=st.sampled_from([1.5, 2.0, 3.0]))
def test_a_useless_channel_never_counts_for_much(seed: int, useful: float) -> None:
    assert noise_beside(useful, seed) ** 2 <= 0.25  # shares of a score go with squares


def test_a_useless_channel_nearly_always_gets_no_weight_at_all() -> None:
    assert [noise_beside(2.0, seed) for seed in range(20)].count(0.0) >= 16


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_throwing_noise_out_helps_on_queries_that_were_not_seen(seed: int) -> None:
    found = tune(made_up(seed, {"useful": 2.0, "noise": 0.0, "more noise": 0.0}))
    assert found.helps
    assert found.comparison.second > found.comparison.first + 0.02
    assert found.weights["noise"] <= 0.5 * found.weights["useful"]


def test_a_gain_where_all_channels_are_noise_is_claimed_no_more_often_than_chance_allows() -> None:
    # one in twenty may seem to help, as p ≤ 0.05 says; on the average nothing is gained on queries that were not seen,
    # and what was learned always looks better on those that it was learned from
    found = [tune(made_up(seed, {"a": 0.0, "b": 0.0}, queries=60)) for seed in range(100)]
    assert sum(one.helps for one in found) <= 5
    assert np.mean([one.comparison.second - one.comparison.first for one in found]) < 0.002
    assert all(one.trained >= one.comparison.first - 1e-9 for one in found)


def test_every_query_is_judged_by_weights_that_were_learned_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proposals = made_up(2, {"useful": 2.0, "noise": 0.0}, queries=23)
    taught: list[set[str]] = []
    judged: list[set[str]] = []

    def learn_and_tell(seen: Proposals) -> list[float]:
        taught.append(set(seen.queries))
        return learn(seen)

    quality = Proposals.quality

    def quality_and_tell(seen: Proposals, weights: Sequence[float]) -> np.ndarray:
        judged.append(set(seen.queries))
        return quality(seen, weights)

    monkeypatch.setattr(tuning, "learn", learn_and_tell)
    monkeypatch.setattr(Proposals, "quality", quality_and_tell)
    tune(proposals, folds=5)
    everything = set(proposals.queries)
    *folds, last = taught
    parts = [part for part in judged if part != everything]
    assert last == everything
    assert [fold | part for fold, part in zip(folds, parts, strict=True)] == [everything] * 5
    assert not any(fold & part for fold, part in zip(folds, parts, strict=True))
    assert sorted(map(len, parts)) == [4, 4, 5, 5, 5]


def test_channels_that_are_equally_good_keep_the_default() -> None:
    helped = [tune(made_up(seed, {"a": 2.0, "b": 2.0}), seed=seed).helps for seed in range(20)]
    assert sum(helped) <= 1  # 1 in 40 by chance, if anything was learned at all


def test_a_channel_that_says_nothing_keeps_its_weight_beside_the_others() -> None:
    found = made_up(1, {"a": 2.0, "b": 2.0})
    silent = np.concatenate([found.evidence, np.zeros((*found.gains.shape, 1))], axis=2)
    with_silent = Proposals((*found.channels, "silent"), found.queries, silent, found.gains, found.ideal)
    a, b, nothing = learn(with_silent)
    assert [a, b] == learn(found)
    scale = a / dict(zip("ab", learn(found), strict=True))["a"]
    assert nothing > 0
    assert scale == 1.0


def test_scaled_weights_leave_the_best_scores_as_high_as_they_were() -> None:
    proposals = made_up(5, {"useful": 2.0, "noise": 0.0})
    before = proposals.scores([1.0, 1.0]).max(axis=1).mean()
    after = proposals.scores(learn(proposals)).max(axis=1).mean()
    assert after == pytest.approx(before, rel=0.01)


def test_the_measure_is_that_of_ir_measures() -> None:
    ir_measures = pytest.importorskip("ir_measures", reason="comes with the evaluate extra")
    random = np.random.default_rng(3)
    proposals = made_up(3, {"a": 1.0, "b": 0.5}, queries=20)
    gains = random.integers(0, 3, proposals.gains.shape) * proposals.gains
    gains[:, 0] = 1.0
    discounts = 1.0 / np.log2(np.arange(2, 12))
    ideal = (-np.sort(-gains, axis=1)[:, :10] * discounts).sum(axis=1)
    proposals = Proposals(proposals.channels, proposals.queries, proposals.evidence, gains, ideal)
    scores = proposals.scores([1.0, 0.7])
    qrels = {
        q: {f"{n:02}": int(g) for n, g in enumerate(row)}
        for q, row in zip(proposals.queries, gains, strict=True)
    }
    run = {
        q: {f"{n:02}": float(s) for n, s in enumerate(row)}
        for q, row in zip(proposals.queries, scores, strict=True)
    }
    theirs = {
        metric.query_id: metric.value
        for metric in ir_measures.iter_calc([ir_measures.parse_measure("nDCG@10")], qrels, run)
    }
    ours = dict(zip(proposals.queries, proposals.quality([1.0, 0.7]).tolist(), strict=True))
    assert ours == pytest.approx(theirs)


@pytest.mark.parametrize(
    "weights",
    [
        {},
        {"words": 0.0},
        {"words": 0.4, "text→text": 0.8},
        {"text→image": 2.0, "text→text": 0.25, "name": 3.0},
    ],
)
def test_what_is_learned_from_is_what_a_search_shows(
    library: mmsearch.Library, weights: dict[str, float]
) -> None:
    one = library.catalogue.items(library.catalogue.select_items())[0].document_id
    proposals = propose(library, Judged(QUERIES, {query: {one: 1} for query in QUERIES}))
    by_name = {name: weights.get(name.removeprefix("pocket "), 1.0) for name in proposals.channels}
    scores = proposals.scores(list(by_name.values()))
    for row, text in enumerate(QUERIES.values()):
        hits = library.search(
            Query((Part(Text(text)),)), k=DEPTH, cutoff=None, weights=weights, duplicates="show"
        )
        expected = [hit.score for hit in hits if hit.score > 0]
        assert -np.sort(-scores[row])[: len(expected)] == pytest.approx(expected, abs=2e-6)


def test_too_few_queries_are_refused() -> None:
    with pytest.raises(UsageError, match="too few"):
        tune(made_up(0, {"a": 1.0}, queries=9))
    with pytest.raises(UsageError, match="at least 2 folds"):
        tune(made_up(0, {"a": 1.0}), folds=1)


# --- the command --------------------------------------------------------------------------------------

Tune = Callable[..., str]


@pytest.fixture
def command() -> Tune:
    """Runs a verb in this process and returns what it prints; errors come as they are."""
    from typer.testing import CliRunner

    def run(*arguments: str | Path) -> str:
        result = CliRunner().invoke(application(), list(map(str, arguments)))
        if isinstance(result.exception, MmsearchError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def index(tmp_path: Path, demo_index: Path) -> Path:
    """An index of the demo's corpus that a test may change."""
    return Path(shutil.copytree(demo_index, tmp_path / "index"))


@pytest.fixture
def judgements(tmp_path: Path, library: mmsearch.Library) -> tuple[str, ...]:
    """Twelve queries that find what they should already, as options."""
    documents = {item.document_id: item for item in library.catalogue.items(library.catalogue.select_items())}
    chosen = list(documents.values())[:12]
    lines = [f"q{number}\t{item.title or item.path}" for number, item in enumerate(chosen)]
    (tmp_path / "queries.tsv").write_text("\n".join(lines))
    judged = "".join(f"q{number}\t{item.path}\t1\n" for number, item in enumerate(chosen))
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + judged)
    return "--qrels", str(tmp_path / "qrels.tsv"), "--queries", str(tmp_path / "queries.tsv")


def test_weights_without_a_gain_are_not_kept(command: Tune, index: Path, judgements: tuple[str, ...]) -> None:
    found = json.loads(command("tune", "--index", index, *judgements, "--json"))
    assert (found["helps"], found["kept"], found["queries"]) == (False, False, 12)
    assert not (index / "weights.json").exists()
    assert "Not kept" in command("tune", "--index", index, *judgements)
    assert json.loads(command("stats", "--index", index, "--json"))["weights"] is None


def test_forced_weights_are_kept_shown_used_and_forgotten(
    command: Tune, index: Path, judgements: tuple[str, ...]
) -> None:
    found = json.loads(command("tune", "--index", index, *judgements, "--force", "--json"))
    assert found["kept"]
    shown = json.loads(command("stats", "--index", index, "--json"))["weights"]
    assert shown["values"] == found["weights"]
    assert shown["judgements"] == "qrels.tsv"
    assert "weights" in command("stats", "--index", index)
    with mmsearch.open(index) as library:
        assert library.learned_weights is not None
        assert library.search("a cup of coffee") == library.search(
            "a cup of coffee", weights=library.learned_weights.values
        )
    command("tune", "--index", index, "--forget")
    assert json.loads(command("stats", "--index", index, "--json"))["weights"] is None


def test_a_collection_of_captioned_pictures_teaches_weights_for_another_index(
    command: Tune, index: Path, tmp_path: Path, photographs: Path
) -> None:
    captions = {
        "chelsea.png": ["The face of a cat.", "A ginger cat."],
        "coffee.png": ["A cup of coffee.", "Coffee with a spoon beside it."],
        "rocket.jpg": ["A rocket on its launch pad.", "A rocket is launched."],
        "astronaut.png": ["A woman in a space suit.", "An astronaut before a flag."],
    }
    folder = tmp_path / "captioned"
    folder.mkdir()
    for name in captions:
        shutil.copyfile(photographs / name, folder / name)
    records = [{"path": name, "captions": found} for name, found in captions.items()]
    (folder / "records.jsonl").write_text("\n".join(map(json.dumps, records)))
    found = json.loads(command("tune", folder, "--index", index, "--folds", "2", "--json"))
    assert found["queries"] == 4
    assert set(found["weights"]) == {"pocket text→image", "pocket text→text", "words", "name"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "--qrels FILE with --queries"),
        (["--qrels", "a"], "--qrels FILE with --queries"),
        (["--forget", "a.zip"], "--qrels FILE with --queries"),
        (["--qrels", "nowhere", "--queries", "nowhere"], "nowhere can't be read"),
        (["nowhere.zip"], "there is no collection"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(
    command: Tune, demo_index: Path, arguments: list[str], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint) as caught:
        command("tune", "--index", demo_index, *arguments)
    assert "\n" not in str(caught.value)


# --- judgements ---------------------------------------------------------------------------------------


def test_documents_are_named_by_path_file_name_or_item(library: mmsearch.Library) -> None:
    items = library.catalogue.items(library.catalogue.select_items())
    photo = next(item for item in items if item.path.startswith("photos/"))
    stem = photo.path.removeprefix("photos/").rpartition(".")[0]
    names = (
        photo.path,
        f"{photo.path}".replace(" ", "%20"),
        photo.path.rpartition("/")[2],
        stem,
        f"#{photo.item_id}",
    )
    for name in names:
        judged = judged_documents(library, {"q": "anything"}, {"q": {name: 2, "elsewhere": 1}})
        assert judged.relevance == {"q": {photo.document_id: 2}}
        assert any("not in the index: 1 (elsewhere" in note for note in judged.notes)


def test_judgements_of_another_corpus_are_refused(library: mmsearch.Library) -> None:
    with pytest.raises(UsageError, match="'elsewhere' is not known"):
        judged_documents(library, {"q": "anything"}, {"q": {"elsewhere": 1}})
    with pytest.raises(UsageError, match="queries by the ids"):
        judged_documents(library, {"another": "anything"}, {"q": {"photos": 1}})


def test_queries_are_read_as_json_lines_or_with_tabs(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"_id": 1, "text": "a cat"}\n{"id": "2", "query": "a dog"}\n')
    (tmp_path / "a.tsv").write_text("1\ta cat\n\n2\ta dog\r\n")
    assert (
        read_queries(tmp_path / "a.jsonl") == read_queries(tmp_path / "a.tsv") == {"1": "a cat", "2": "a dog"}
    )
    (tmp_path / "b.tsv").write_text("1\ta cat\n2 a dog\n")
    with pytest.raises(UsageError, match="line 2"):
        read_queries(tmp_path / "b.tsv")
    (tmp_path / "b.jsonl").write_text('{"_id": "1"}\n')
    with pytest.raises(UsageError, match="a query is"):
        read_queries(tmp_path / "b.jsonl")
