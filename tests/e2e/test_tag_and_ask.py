"""The verbs ``tag`` and ``ask`` on a real index with the shipped encoder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import mmsearch
from mmsearch.cli.ask import ask
from mmsearch.cli.demo import PHOTOGRAPHS
from mmsearch.cli.tag import tag
from mmsearch.errors import UsageError
from mmsearch.media.xmp import keywords_of

CAT = f"photos/{PHOTOGRAPHS['chelsea.png']}"
ROCKET = f"photos/{PHOTOGRAPHS['rocket.jpg']}"

app = typer.Typer()
app.command()(tag)
app.command()(ask)


def run(*arguments: str | Path, status: int = 0, stdin: str | None = None) -> str:
    finished = CliRunner().invoke(app, [*map(str, arguments)], input=stdin)
    if finished.exception is not None and not isinstance(finished.exception, SystemExit):
        raise finished.exception
    assert finished.exit_code == status, finished.output
    return finished.stdout


@pytest.fixture
def corpus(demo_corpus: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo_corpus, tmp_path / "corpus"))


@pytest.fixture
def index(corpus: Path, tmp_path: Path) -> Path:
    """An index of a copy of the demo corpus, to be written to."""
    mmsearch.index(corpus, tmp_path / "index").close()
    return tmp_path / "index"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    file = tmp_path / "labels.txt"
    file.write_text(
        "# what there may be\ncat = kitten, tabby cat\nrocket, launch pad\ngiraffe\n", encoding="utf-8"
    )
    return file


def test_tags_become_filters_and_facets_and_outlive_an_unchanged_run(
    corpus: Path, index: Path, labels: Path
) -> None:
    report = json.loads(run("tag", "--labels", labels, "-i", index, "--modality", "image", "--json"))
    tags = {entry["path"]: [one["label"] for one in entry["tags"]] for entry in report["tags"]}
    assert "cat" in tags[CAT]
    assert report["documents"] == 18
    assert len(tags) <= 6  # most show none of it
    with mmsearch.index(corpus, index) as library:
        assert library.report is not None
        assert library.report.unchanged == 54
        cats = {path for path, given in tags.items() if "cat" in given}
        assert {hit.path for hit in library.search(where="tags = cat", k=18)} == cats
        assert dict(library.facets("tags"))["cat"] == report["labels"]["cat"] == len(cats)


def test_a_dry_run_writes_nothing(index: Path, labels: Path) -> None:
    shown = run("tag", "--labels", labels, "-i", index, "--dry-run", "--write-sidecars")
    assert "would get" in shown
    with mmsearch.open(index) as library:
        assert "tags" not in library.fields()


def test_single_labels_every_document_and_a_new_run_replaces_the_tags(index: Path, labels: Path) -> None:
    run("tag", "--labels", labels, "-i", index, "--single", "--modality", "image", "--field", "kind")
    with mmsearch.open(index) as library:
        assert sum(count for _, count in library.facets("kind")) == 18
    run("tag", "--labels", "-", "-i", index, "--field", "kind", stdin="zebra crossing\n")
    with mmsearch.open(index) as library:
        left = {value for value, _ in library.facets("kind")} if "kind" in library.fields() else set()
        assert left <= {"zebra crossing"}


def test_sidecars_are_written_beside_pictures_and_what_is_foreign_stays(
    corpus: Path, index: Path, labels: Path
) -> None:
    foreign = corpus / f"{ROCKET}.xmp"
    foreign.write_text("somebody's notes, no XML", encoding="utf-8")
    options = ("--single", "--modality", "image", "--write-sidecars", "--json")
    report = json.loads(run("tag", "--labels", labels, "-i", index, *options, status=3))
    assert keywords_of((corpus / f"{CAT}.xmp").read_bytes()) == ["cat"]
    assert [entry["path"] for entry in report["sidecars_failed"]] == [ROCKET]
    assert foreign.read_text(encoding="utf-8") == "somebody's notes, no XML"
    with mmsearch.index(corpus, index) as library:
        assert library.report is not None
        assert (library.report.unchanged, library.report.skipped) == (54, ())


def test_only_what_paths_and_filters_let_pass_is_tagged(index: Path, labels: Path) -> None:
    asked = ("tag", "--labels", labels, "-i", index, "--single", "--json")
    first = json.loads(run(*asked, "--path", CAT, "--path", ROCKET))
    assert {one["path"] for one in first["tags"]} == {CAT, ROCKET}
    with mmsearch.open(index) as library:
        assert sum(documents for _, documents in library.facets("tags")) == 2
    second = json.loads(run(*asked, "--path", "photos/**", "--where", f'path = "{CAT}"'))
    assert second["documents"] == 1


def test_a_field_of_the_corpus_is_refused(index: Path, labels: Path) -> None:
    with pytest.raises(UsageError, match="comes from the corpus"):
        run("tag", "--labels", labels, "-i", index, "--field", "format")


def test_labels_that_can_not_be_read_are_told(index: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        run("tag", "--labels", tmp_path / "missing.txt", "-i", index)
    (tmp_path / "latin.txt").write_bytes("Bär\n".encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8"):
        run("tag", "--labels", tmp_path / "latin.txt", "-i", index)


QUESTIONS = (
    ("how do I get my money back?", "refund.txt", "pay the money back"),
    ("how long does the guarantee last?", "warranty.txt", "two years"),
    ("when will my parcel arrive?", "shipping.txt", "two to four working days"),
    ("how long is the password link valid?", "password.txt", "one hour"),
    ("where do I find my invoice?", "invoice.txt", "My orders"),
    ("within how many days can I return an article?", "refund.txt", "thirty days"),
    ("do I have to keep the receipt?", "warranty.txt", "Keep the receipt"),
)


def test_customers_get_the_sentence_that_answers(demo_index: Path, demo_corpus: Path) -> None:
    right = 0
    for question, name, words in QUESTIONS:
        found = json.loads(run("ask", question, "-i", demo_index, "--json"))
        first = found["answers"][0]
        text = (demo_corpus / first["path"]).read_text(encoding="utf-8")
        start, end = map(int, first["sentence_locator"].removeprefix("characters:").split("-"))
        assert text[start:end] == first["sentence"] == first["text"][first["start"] : first["end"]]
        right += Path(first["path"]).name == name and words in first["sentence"]
    assert right >= len(QUESTIONS) - 1


def test_an_answer_on_a_terminal_has_its_sentence_marked_and_its_place(demo_index: Path) -> None:
    shown = run("ask", "how long does the guarantee last?", "-i", demo_index, "-k", "1")
    assert "texts/help/warranty.txt, characters 0–55" in shown
    assert "→ The guarantee lasts two years from the day of purchase." in " ".join(shown.split())


def test_a_question_about_something_else_has_no_answer_here(demo_index: Path) -> None:
    question = "which rivers flow through Mongolia?"
    strict = ("ask", question, "-i", demo_index, "--cutoff", "0.01")
    assert run(*strict).startswith("No answer here")
    found = json.loads(run(*strict, "--json"))
    assert (found["no_answer"], found["answers"]) == (True, [])
    assert json.loads(run("ask", question, "-i", demo_index, "--anyway", "--json"))["answers"]


def test_the_picture_of_a_record_comes_with_its_text(tmp_path: Path, photographs: Path) -> None:
    corpus = tmp_path / "museum"
    corpus.mkdir()
    shutil.copyfile(photographs / "coins.png", corpus / "coins.png")
    text = "These coins were found in Pompeii. They were struck under Emperor Nero. The museum bought them in 1901."
    record = {"path": "coins.png", "title": "Roman coins", "text": text}
    (corpus / "records.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    mmsearch.index(corpus, tmp_path / "i").close()
    found: dict[str, Any] = json.loads(
        run("ask", "in which year was it bought by the museum?", "-i", tmp_path / "i", "--anyway", "--json")
    )
    [first] = found["answers"]
    assert first["sentence"] == "The museum bought them in 1901."
    assert [entry["file"] for entry in first["pictures"]] == [str(corpus / "coins.png")]
