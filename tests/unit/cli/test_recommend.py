"""``mmsearch recommend``: more like these, and profiles by name."""

from __future__ import annotations

import json
from pathlib import Path

from mmsearch.errors import UsageError
from tests.unit.cli.conftest import Run


def test_what_is_like_a_document_is_listed_with_reasons(run: Run, demo_index: Path) -> None:
    asked = ("recommend", "--like", "photos/photo-04.png", "--index", demo_index, "-k", "3")
    found = json.loads(run(*asked, "--json", "--explain").stdout)
    printed = run(*asked, "--explain").stdout
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3]
    assert all(hit["path"] in printed and hit["explanation"] for hit in found["hits"])


def test_a_profile_is_kept_added_to_and_forgotten(run: Run, own_index: Path) -> None:
    named = ("--profile", "ada", "--index", own_index)
    assert run("recommend", "--like", "photos/photo-04.png", *named).stdout.endswith(
        "profile ada: 1 liked, 0 disliked\n"
    )
    assert run("recommend", "--dislike", "photos/photo-05.png", *named).stdout.endswith(
        "profile ada: 1 liked, 1 disliked\n"
    )
    assert run("recommend", "--forget", *named).stdout == "forgot the profile ada\n"
    assert isinstance(run("recommend", "--forget", *named).exception, UsageError)
    assert (
        str(run("recommend", "--forget", "--index", own_index).exception) == "--forget needs --profile NAME"
    )
