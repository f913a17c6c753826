"""``mmsearch index``: what a run says of itself."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Run


def test_a_run_counts_what_it_did(run: Run, small_corpus: Path, tmp_path: Path) -> None:
    first = run("index", small_corpus, "--index", "i")
    assert first.exit_code == 0
    assert first.stdout.startswith("i: 5 added\nencoded 3 images, 2 texts in ")
    (small_corpus / "texts" / "tea.txt").unlink()
    again = json.loads(run("index", small_corpus, "--index", "i", "--json").stdout)
    assert (again["removed"], again["unchanged"], again["added"]) == (1, 4, 0)


def test_skipped_files_make_another_status(run: Run, small_corpus: Path, tmp_path: Path) -> None:
    (small_corpus / "bad.jpg").write_bytes(b"no picture")
    assert run("index", small_corpus, "--index", "i", "--errors-to", "errors.tsv").exit_code == 3
    assert run("index", small_corpus, "--index", "i", "--strict").exit_code == 1
    assert (tmp_path / "errors.tsv").read_text(encoding="utf-8").startswith("bad.jpg\t")
