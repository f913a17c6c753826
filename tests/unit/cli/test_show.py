"""``mmsearch show``: one document, as the index knows it."""

from __future__ import annotations

import json
from pathlib import Path

from mmsearch.errors import UsageError
from tests.unit.cli.conftest import Run


def test_a_document_is_found_by_its_path_the_end_of_it_and_an_item(run: Run, demo_index: Path) -> None:
    [shown] = json.loads(run("show", "texts/kitchen/tea.txt", "--index", demo_index, "--json").stdout)[
        "documents"
    ]
    item = shown["items"][0]["item_id"]
    printed = {run("show", name, "--index", demo_index).stdout for name in ("kitchen/tea.txt", f"#{item}")}
    assert len(printed) == 1
    [text] = printed
    assert text.startswith("texts/kitchen/tea.txt")
    assert f"#{item} text {shown['items'][0]['locator']}" in text
    assert len(text.splitlines()) == 2 + len(shown["fields"]) + len(shown["items"])


def test_a_document_that_there_is_not_is_said(run: Run, demo_index: Path) -> None:
    error = run("show", "nothing.png", "--index", demo_index).exception
    assert isinstance(error, UsageError)
    assert "paths are relative to the corpus" in str(error)
