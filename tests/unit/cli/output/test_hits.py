"""Hits for a person: found words are marked, pages say where they end."""

from __future__ import annotations

import pytest

import mmsearch
from mmsearch.cli.output.hits import print_results


def test_each_hit_has_a_line_and_its_text_below(
    library: mmsearch.Library, capsys: pytest.CaptureFixture[str]
) -> None:
    results = library.search("green tea", k=1)
    print_results(results, explain=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "1",
        str(results[0].strength),
        "texts/kitchen/tea.txt",
        str(results[0].locator),
    ]
    assert lines[1].strip().startswith("Green tea")
    assert any("words 'green tea'" in line for line in lines)
    assert lines[-1].startswith("1–1 of ")
    assert lines[-1].endswith("; --offset 1 shows the next")


def test_nothing_is_an_answer(library: mmsearch.Library, capsys: pytest.CaptureFixture[str]) -> None:
    print_results(library.search("penguins in Antarctica"), explain=False, guesses=2)
    note, verdict, line, *guesses, last = capsys.readouterr().out.splitlines()
    assert "hardly ever saw 'penguins' or 'Antarctica' named" in note
    assert verdict == "Nothing in this index matches."
    assert line == "below this line: guesses – chance would find as good"
    assert [guess.split()[0] for guess in guesses] == ["1", "2"]
    assert last == "--offset 2 shows more guesses, --strict hides them"


def test_a_picture_is_shown_below_its_hit(
    library: mmsearch.Library, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    results = library.search("a cat", cutoff=None, k=5)
    print_results(results, explain=False, show=lambda path: shown.append(str(path)))
    assert shown == [hit.file for hit in results if hit.modality == "image"]
