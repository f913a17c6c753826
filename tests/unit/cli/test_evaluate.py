"""``mmsearch evaluate`` as it is typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmsearch.cli.main import application
from mmsearch.datasets.trec import read_qrels, read_run
from mmsearch.errors import MmsearchError, UsageError

Evaluate = Callable[..., str]


@pytest.fixture
def evaluate() -> Evaluate:
    """Runs the command in this process and returns what it prints; errors come as they are."""
    from typer.testing import CliRunner

    def run(*arguments: str | Path) -> str:
        result = CliRunner().invoke(application(), ["evaluate", *map(str, arguments)])
        if isinstance(result.exception, MmsearchError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def folder(tmp_path: Path, photographs: Path) -> Path:
    """Two photographs with a caption each."""
    folder = tmp_path / "captioned"
    folder.mkdir()
    captions = {"chelsea.png": "The face of a cat.", "rocket.jpg": "A rocket on its launch pad."}
    for name, caption in captions.items():
        shutil.copyfile(photographs / name, folder / name)
        (folder / name).with_suffix(".txt").write_text(caption)
    return folder


def test_one_table_shows_both_directions_with_their_measures_and_times(
    evaluate: Evaluate, folder: Path
) -> None:
    lines = {line[:15].strip(): line[15:].split() for line in evaluate(folder).splitlines()}
    assert lines[""] == ["text→image", "image→text"]
    assert lines["R@1"] == ["100.0"]
    assert lines["Success@1"] == ["100.0"]
    assert lines["queries"] == lines["indexed"] == ["2", "2"]
    assert all(float(value) > 0 for value in lines["ms a query, p95"])


def test_json_has_the_same_for_programs(evaluate: Evaluate, folder: Path) -> None:
    found = json.loads(evaluate(folder, "--json"))
    assert (found["collection"], found["encoder"]) == ("captioned", "pocket")
    assert [task["task"] for task in found["tasks"]] == ["text-to-image", "image-to-text"]
    assert found["tasks"][0]["measures"]["R@10"] == 1.0
    assert found["tasks"][1]["milliseconds_p50"] > 0


def test_run_and_judgements_can_be_written_and_measured_again(
    evaluate: Evaluate, folder: Path, tmp_path: Path
) -> None:
    run, qrels = tmp_path / "a.run", tmp_path / "a.qrels"
    evaluate(folder, "--task", "text-to-image", "--run", run, "--write-qrels", qrels, "--depth", "1")
    assert read_qrels(qrels) == {"chelsea.png#0": {"chelsea.png": 1}, "rocket.jpg#0": {"rocket.jpg": 1}}
    assert {query: len(ranked) for query, ranked in read_run(run).items()} == dict.fromkeys(
        read_qrels(qrels), 1
    )
    found = json.loads(evaluate("--score", run, "--qrels", qrels, "-m", "R@1", "--json"))
    assert found["measures"] == {"R@1": 1.0}


def test_only_the_measures_that_are_asked_for_are_shown(evaluate: Evaluate, folder: Path) -> None:
    found = json.loads(evaluate(folder, "-m", "Success@3", "-m", "R@2", "--json"))
    assert [list(task["measures"]) for task in found["tasks"]] == [["Success@3", "R@2"]] * 2


def test_each_query_can_be_written_to_a_file(evaluate: Evaluate, folder: Path, tmp_path: Path) -> None:
    evaluate(folder, "--per-query", tmp_path / "queries.jsonl")
    written = (tmp_path / "queries.jsonl").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = [json.loads(line) for line in written.splitlines()]
    assert [row["rank"] for row in rows] == [1, 1, 1, 1]
    assert {row["task"] for row in rows} == {"text-to-image", "image-to-text"}


def test_two_runs_are_compared_query_by_query(evaluate: Evaluate, tmp_path: Path) -> None:
    queries = [f"q{number}" for number in range(10)]
    (tmp_path / "q.qrels").write_text("".join(f"{query} 0 right 1\n" for query in queries))
    (tmp_path / "a.run").write_text("".join(f"{query} Q0 wrong 1 0.9 a\n" for query in queries))
    (tmp_path / "b.run").write_text("".join(f"{query} Q0 right 1 0.9 b\n" for query in queries[:8]))
    files = ("--compare", tmp_path / "a.run", tmp_path / "b.run", "--qrels", tmp_path / "q.qrels")
    [found] = json.loads(evaluate(*files, "-m", "R@1", "--json"))["measures"]
    assert (found["first"], found["second"], found["difference"]) == (0.0, 0.8, 0.8)
    assert (found["better"], found["equal"], found["worse"]) == (8, 2, 0)
    assert found["p"] == 2 / 2**8
    assert "+80.00" in evaluate(*files, "-m", "R@1")


def test_a_comparison_prints_the_paired_test(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "q.qrels").write_text("".join(f"q{number} 0 right 1\n" for number in range(8)))
    for name, found in (("a", "wrong"), ("b", "right")):
        lines = (f"q{number} Q0 {found} 1 0.9 {name}\n" for number in range(8))
        (tmp_path / f"{name}.run").write_text("".join(lines))
    shown = evaluate(
        "--compare", tmp_path / "a.run", tmp_path / "b.run", "--qrels", tmp_path / "q.qrels", "-m", "R@1"
    )
    heading, row, last = (line.split() for line in shown.splitlines())
    assert heading == ["a.run", "b.run", "difference", "p", "better", "equal", "worse"]
    assert row == ["R@1", "0.00", "100.00", "+100.00", f"{2 / 2**8:.4f}", "8", "0", "0"]
    assert " ".join(last).startswith("8 queries; p of the paired randomization test")


def test_fusion_and_weights_can_be_chosen(evaluate: Evaluate, folder: Path, tmp_path: Path) -> None:
    (folder / "chelsea.txt").write_text("The face of a cat.\nA ginger cat.")
    scores = {}
    for name, options in {
        "default": [],
        "rrf": ["--fusion", "rrf"],
        "half": ["--weights", "text->image=0.5"],
    }.items():
        evaluate(folder, "--task", "mixed", *options, "--run", tmp_path / name)
        scores[name] = dict(read_run(tmp_path / name)["chelsea.png"])
    assert scores["rrf"]["chelsea.png"] == pytest.approx(1 / 61 + 0, abs=0.02)
    assert scores["half"]["chelsea.png"] == pytest.approx(scores["default"]["chelsea.png"] / 2, rel=1e-3)
    assert scores["half"]["chelsea.png#0"] == scores["default"]["chelsea.png#0"]


def test_texts_in_beirs_layout_are_evaluated(evaluate: Evaluate, tmp_path: Path) -> None:
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    documents = {"tea": "Green tea turns bitter in hot water.", "moon": "The Moon is far from the Earth."}
    with (folder / "corpus.jsonl").open("w") as file:
        file.writelines(json.dumps({"_id": name, "text": text}) + "\n" for name, text in documents.items())
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "how far is the moon"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\tmoon\t1\n")
    found = json.loads(evaluate(folder, "-m", "Success@1", "--json"))
    assert [(task["task"], task["measures"]) for task in found["tasks"]] == [
        ("text-to-text", {"Success@1": 1.0})
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name a collection"),
        (["nowhere"], "there is no collection"),
        (["--compare", "a.run", "b.run"], "--qrels"),
        (["--score", "a.run", "--qrels", "nowhere.qrels"], "nowhere.qrels"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(
    evaluate: Evaluate, arguments: list[str], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint) as caught:
        evaluate(*arguments)
    assert "\n" not in str(caught.value)


def test_an_unknown_measure_is_refused_before_anything_is_indexed(
    evaluate: Evaluate, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ir_measures", reason="comes with the evaluate extra")
    with pytest.raises(UsageError, match="no measure 'best@3'"):
        evaluate(folder, "-m", "best@3", "--index", tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
