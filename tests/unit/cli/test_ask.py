"""``mmsearch ask``: passages for a person, and the same as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from mmsearch.errors import UsageError
from tests.unit.cli.conftest import Run

ASKED = ("ask", "how", "long", "does", "the", "guarantee", "last?")


def test_the_sentence_that_answers_is_marked_with_its_place(run: Run, demo_index: Path) -> None:
    printed = run(*ASKED, "--index", demo_index, "-k", "1").stdout
    [answer] = json.loads(run(*ASKED, "--index", demo_index, "-k", "1", "--json").stdout)["answers"]
    assert f"→ {answer['sentence']}" in printed
    assert answer["citation"] in printed


def test_no_answer_is_an_answer(run: Run, demo_index: Path) -> None:
    asked = ("ask", "what do penguins eat?", "--index", demo_index, "--cutoff", "0.01")
    assert run(*asked).stdout.startswith("No answer here")
    assert json.loads(run(*asked, "--json").stdout)["no_answer"] is True
    assert json.loads(run(*asked, "--anyway", "--json").stdout)["answers"]


def test_a_filter_that_nothing_passes_is_named(run: Run, demo_index: Path) -> None:
    printed = run(*ASKED, "--index", demo_index, "--path", "nowhere/*").stdout
    assert printed.startswith("nothing in this index passes path:nowhere/*\n")


def test_a_question_without_words_is_refused(run: Run, demo_index: Path) -> None:
    assert isinstance(run("ask", " ", "--index", demo_index).exception, UsageError)
