"""``mmsearch recommend`` and ``mmsearch duplicates`` as they are typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import mmsearch
from mmsearch.cli.duplicates import duplicates
from mmsearch.cli.recommend import recommend
from mmsearch.errors import UsageError

app = typer.Typer()
app.command()(recommend)
app.command()(duplicates)


def run(*arguments: str | Path) -> str:
    finished = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert finished.exit_code == 0, finished.output
    return finished.output


@pytest.fixture
def index(small_corpus: Path, tmp_path: Path) -> Path:
    shutil.copyfile(small_corpus / "coffee.png", small_corpus / "copy of coffee.png")
    mmsearch.index(small_corpus, tmp_path / "i").close()
    return tmp_path / "i"


def test_what_is_liked_brings_other_documents_best_first(index: Path) -> None:
    found = json.loads(run("recommend", "--like", "coffee.png", "-i", index, "--json", "--explain"))
    assert {hit["path"] for hit in found["hits"]} == {
        "chelsea.png",
        "rocket.jpg",
        "texts/moon.txt",
        "texts/tea.txt",
    }
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert all(hit["explanation"] for hit in found["hits"])
    assert found["query"].startswith("#")


def test_every_form_of_output_shows_the_same_hits(index: Path) -> None:
    asked = ("recommend", "--like", "coffee.png", "-i", index, "--modality", "image")
    paths = [Path(line).name for line in run(*asked, "--paths").splitlines()]
    assert [line.split("\t")[2] for line in run(*asked, "--tsv").splitlines()[1:]] == paths
    text = run(*asked)
    assert [name for name in text.split() if name.endswith((".png", ".jpg"))] == paths
    assert sorted(paths) == ["chelsea.png", "rocket.jpg"]


def test_copies_are_shown_once_with_their_number_unless_all_are_asked_for(index: Path) -> None:
    asked = ("recommend", "--like", "rocket.jpg", "-i", index, "--path", "*.png", "--path", "*.jpg")
    (line,) = (line for line in run(*asked).splitlines() if "coffee.png" in line)
    assert line.endswith("+1 copy")
    hits = json.loads(run(*asked, "--json"))["hits"]
    assert sorted((hit["path"], hit["copies"]) for hit in hits) in (
        [("chelsea.png", 0), ("coffee.png", 1)],
        [("chelsea.png", 0), ("copy of coffee.png", 1)],
    )
    every = json.loads(run(*asked, "--all", "--json"))["hits"]
    assert sorted(hit["path"] for hit in every) == ["chelsea.png", "coffee.png", "copy of coffee.png"]
    assert not any(hit["copies"] for hit in every)


def test_a_profile_remembers_until_it_is_forgotten(index: Path) -> None:
    first = run("recommend", "--like", "coffee.png", "--profile", "ada", "-i", index)
    assert "profile ada: 1 liked, 0 disliked" in first
    later = json.loads(run("recommend", "--dislike", "rocket.jpg", "--profile", "ada", "-i", index, "--json"))
    assert "rocket.jpg" not in {hit["path"] for hit in later["hits"]}
    assert "coffee.png" not in {hit["path"] for hit in later["hits"]}
    assert "forgot" in run("recommend", "--profile", "ada", "--forget", "-i", index)
    with pytest.raises(UsageError, match=r"nothing is liked in the profile .ada.: .* profiles: none"):
        run("recommend", "--profile", "ada", "-i", index)


def test_duplicates_are_listed_with_their_sizes_and_stay_where_they_are(
    index: Path, small_corpus: Path
) -> None:
    report = json.loads(run("duplicates", "--exact", "-i", index, "--json"))
    assert [[one["path"] for one in group["members"]] for group in report["groups"]] == [
        ["coffee.png", "copy of coffee.png"]
    ] or report["groups"][0]["members"][0]["path"] == "copy of coffee.png"
    size = (small_corpus / "coffee.png").stat().st_size
    assert report["spare_bytes"] == size
    rows = [line.split("\t") for line in run("duplicates", "--exact", "-i", index, "--tsv").splitlines()[1:]]
    assert [(row[0], row[1], row[2], row[3]) for row in rows] == [("1", "exact", "0", str(size))] * 2
    assert all(Path(row[4]).is_file() for row in rows)
    assert "2 exact" in run("duplicates", "--exact", "-i", index)


def test_without_duplicates_it_says_so(index: Path) -> None:
    assert "No duplicates." in run("duplicates", "--exact", "--where", "path:texts/**", "-i", index)
