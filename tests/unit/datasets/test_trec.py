from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from mmsearch.datasets.trec import read_qrels, read_run, write_qrels, write_run
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = {"q1": [("b", 2.5), ("a", -1e-9)], "q2": [("c", 0.1)]}
    write_run(tmp_path / "a.run", run)
    assert read_run(tmp_path / "a.run") == run


def test_judgements_are_read_as_they_were_written(tmp_path: Path) -> None:
    qrels = {"q1": {"a": 1, "b": 0}, "q2": {"c": 3}}
    write_qrels(tmp_path / "a.qrels", qrels)
    assert read_qrels(tmp_path / "a.qrels") == qrels


def test_equal_scores_keep_their_order_for_tools_that_sort_by_score(tmp_path: Path) -> None:
    write_run(tmp_path / "a.run", {"q": [("z", 1.0), ("a", 1.0), ("m", 1.0), ("b", 0.5)]})
    rows = [line.split() for line in (tmp_path / "a.run").read_text().splitlines()]
    scores = [float(row[4]) for row in rows]
    assert [row[2] for row in rows] == ["z", "a", "m", "b"]
    assert all(before > after for before, after in pairwise(scores))
    assert scores == pytest.approx([1.0, 1.0, 1.0, 0.5])


def test_the_score_decides_and_not_the_order_of_the_lines(tmp_path: Path) -> None:
    (tmp_path / "a.run").write_text("q Q0 low 2 0.1 x\nq Q0 high 1 0.9 x\n")
    assert [name for name, _ in read_run(tmp_path / "a.run")["q"]] == ["high", "low"]


def test_a_name_with_blanks_stays_one_column(tmp_path: Path) -> None:
    write_run(tmp_path / "a.run", {"my query": [("Año\t100%.jpg", 1.0)]})
    assert (tmp_path / "a.run").read_text(
        encoding="utf-8"
    ) == "my%20query Q0 Año%09100%25.jpg 1 1.0 mmsearch\n"


def test_judgements_of_beir_with_their_header_are_read(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n")
    assert read_qrels(tmp_path / "test.tsv") == {"q1": {"d1": 2, "d2": 0}}


@pytest.mark.parametrize(
    "text", ["q1 0 d1 1\nq1 0 d2 much\n", "q1 0 d1 1\nq1\n", "", "one line of prose here indeed\n"]
)
def test_a_file_without_judgements_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.qrels").write_text(text)
    with pytest.raises(UsageError, match=r"a\.qrels"):
        read_qrels(tmp_path / "a.qrels")


@pytest.mark.parametrize("text", ["q Q0 d 1\n", "q Q0 d first 0.5 x\n", ""])
def test_a_file_without_rankings_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.run").write_text(text)
    with pytest.raises(UsageError, match=r"a\.run"):
        read_run(tmp_path / "a.run")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        read_run(tmp_path / "nowhere.run")
