"""``mmsearch query``: words without quotes, the index of a folder above, contact sheets."""

from __future__ import annotations

import json
import os
import shutil
import webbrowser
from pathlib import Path

import pytest

import mmsearch
from mmsearch.errors import UsageError
from tests.unit.cli.conftest import Run


def test_words_need_no_quotation_marks(run: Run, demo_index: Path) -> None:
    asked = ("--index", demo_index, "--json", "-k", "3")
    apart = json.loads(run("query", "a", "tabby", "cat", *asked).stdout)
    together = json.loads(run("query", "a tabby cat", *asked).stdout)
    assert apart["query"] == together["query"] == "a tabby cat"
    assert apart["hits"] == together["hits"] != []
    assert run("query", *asked, "green", "tea").stdout


def test_the_index_of_a_folder_above_is_found(
    run: Run, demo_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(demo_index, tmp_path / "indexes" / "default")
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    for verb in (("query", "a", "cat"), ("stats",), ("show", "#4"), ("ask", "what", "do", "bees", "eat?")):
        found = run(*verb)
        assert found.exit_code == 0, found.exception
        assert found.stdout
    assert run("stats").stdout.startswith("../../indexes/default: ")
    # the nearest goes before, and what is given before all
    shutil.copytree(demo_index, tmp_path / "a" / "indexes" / "default")
    assert run("stats").stdout.startswith("../indexes/default: ")
    assert run("stats", "--index", "nowhere").exit_code != 0
    monkeypatch.setenv("MMSEARCH_INDEX", "nowhere")
    assert run("stats").exit_code != 0


def test_an_index_that_somebody_else_put_above_is_passed_over(
    run: Run, demo_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(demo_index, tmp_path / "indexes" / "default")
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    owner = (tmp_path / "indexes" / "default").stat().st_uid
    assert (run("stats").exit_code == 0) == (owner == 0)


def test_a_new_index_is_made_here_and_not_above(
    run: Run, demo_index: Path, small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(demo_index, tmp_path / "indexes" / "default")
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert run("index", small_corpus / "texts").exit_code == 0
    with mmsearch.open(tmp_path / "a" / "indexes" / "default") as library:
        assert library.statistics().documents == 2


def test_a_contact_sheet_is_written_and_opened(
    run: Run, demo_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: not opened.append(address))
    asked = ("query", "a cat <b>", "--index", demo_index, "--modality", "image", "-k", "2")
    found = run(*asked, "--html", "sheet.html")
    html = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert html.count("<img ") == 2
    assert "a cat &lt;b&gt;" in html
    assert "photo-04.png" in found.stdout
    assert found.stderr == "contact sheet: sheet.html\n"
    assert not opened
    assert run(*asked, "--html", "sheet.html", "--open").exit_code == 0
    assert opened == [(tmp_path / "sheet.html").as_uri()]
    # what is for programs is as it was
    assert json.loads(run(*asked, "--json", "--open").stdout)["hits"]
    assert Path(opened[1].removeprefix("file://")).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_without_a_browser_it_says_so(run: Run, demo_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    assert "no browser" in run("query", "a cat", "--index", demo_index, "--html", "s.html", "--open").stderr


def test_a_sheet_that_cannot_be_written_is_a_clear_error(run: Run, demo_index: Path) -> None:
    error = run("query", "a cat", "--index", demo_index, "--html", "no/such/folder.html").exception
    assert isinstance(error, UsageError)
    assert "can't be written to no/such/folder.html" in str(error)


def test_half_blocks_show_pictures_where_there_are_no_graphics(run: Run, demo_index: Path) -> None:
    asked = ("query", "a cat", "--index", demo_index, "--modality", "image", "-k", "1")
    printed = run(*asked, "--thumbnails", "blocks").stdout
    assert printed.count("\u2580") > 100
    assert "\u2580" not in run(*asked).stdout  # a pipe
    error = run(*asked, "--thumbnails", "large").exception
    assert str(error) == "--thumbnails is auto, always, blocks or never, not 'large'"
