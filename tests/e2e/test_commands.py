"""The real command on real folders."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mmsearch.cli.demo import PHOTOGRAPHS

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., subprocess.CompletedProcess[str]]


def as_json(finished: subprocess.CompletedProcess[str]) -> Any:
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def photo(original: str) -> str:
    return f"photos/{PHOTOGRAPHS[original]}"


def test_index_then_query_finds_a_photograph_by_its_description(command: Command, small_corpus: Path) -> None:
    indexed = command("index", small_corpus, "--index", "i")
    assert indexed.returncode == 0, indexed.stderr
    assert "5 added" in indexed.stdout
    assert "encoded 3 images, 2 texts" in indexed.stdout
    found = as_json(
        command("query", "a cup of coffee", "--index", "i", "-k", "3", "--modality", "image", "--json")
    )
    assert found["query"] == "a cup of coffee"
    assert [hit["rank"] for hit in found["hits"]] == list(range(1, len(found["hits"]) + 1))
    first = found["hits"][0]
    assert (first["path"], first["modality"]) == ("coffee.png", "image")
    assert {"score", "item_id"} <= first.keys()


def test_a_second_run_encodes_nothing(command: Command, small_corpus: Path) -> None:
    command("index", small_corpus, "--index", "i")
    report = as_json(command("index", small_corpus, "--index", "i", "--json"))
    assert (report["unchanged"], report["encoded"]) == (5, {})


def test_a_picture_finds_the_other_picture_of_its_scene(
    command: Command, demo_index: Path, photographs: Path
) -> None:
    other = photographs / "motorcycle_right.png"
    found = as_json(command("query", "--image", other, "--index", demo_index, "--json"))
    assert found["hits"][0]["path"] == photo("motorcycle_left.png")


def test_a_picture_from_standard_input_is_a_query(
    command: Command, demo_index: Path, photographs: Path
) -> None:
    data = (photographs / "coffee.png").read_bytes()
    found = as_json(command("query", "--image", "-", "--index", demo_index, "--json", stdin=data))
    assert found["hits"][0]["path"] == photo("coffee.png")


def test_minus_takes_its_subject_down(command: Command, demo_index: Path) -> None:
    def rank(*arguments: str) -> int:
        found = as_json(
            command(
                "query",
                "space",
                *arguments,
                "--modality",
                "image",
                "--index",
                demo_index,
                "-k",
                "50",
                "--json",
            )
        )
        paths = [hit["path"] for hit in found["hits"]]
        return paths.index(photo("astronaut.png")) if photo("astronaut.png") in paths else len(paths)

    assert rank("--minus", "a woman in a space suit") > rank()


def test_paths_are_one_absolute_file_per_line(command: Command, demo_index: Path) -> None:
    finished = command("query", "a cat", "--index", demo_index, "--paths")
    lines = finished.stdout.splitlines()
    assert lines
    assert all(Path(line).is_file() for line in lines)


def test_tsv_has_a_row_per_hit(command: Command, demo_index: Path) -> None:
    finished = command("query", "a cat", "--index", demo_index, "--tsv", "-k", "2")
    header, *rows = [line.split("\t") for line in finished.stdout.splitlines()]
    assert header == ["rank", "score", "path", "modality", "locator", "text"]
    assert [row[0] for row in rows] == [str(n + 1) for n in range(len(rows))]
    assert {len(row) for row in rows} == {6}


def test_explain_adds_up_to_the_score(command: Command, demo_index: Path) -> None:
    found = as_json(command("query", "green tea", "--index", demo_index, "--explain", "--json"))
    hit = found["hits"][0]
    assert hit["path"] == "texts/kitchen/tea.txt"
    total = sum(part["contribution"] for part in hit["explanation"])
    assert total == pytest.approx(hit["score"], abs=1e-5)


def test_where_and_path_decide_what_is_ranked(command: Command, demo_index: Path) -> None:
    found = as_json(
        command(
            "query",
            "something",
            "--path",
            "texts/help/*",
            "-k",
            "50",
            "--index",
            demo_index,
            "--json",
        )
    )
    assert {Path(hit["path"]).parent.name for hit in found["hits"]} == {"help"}
    assert len(found["hits"]) == 6
    wide = as_json(command("query", "something", "--where", "width >= 1000", "--index", demo_index, "--json"))
    assert wide["hits"]
    assert all(hit["fields"]["width"] >= 1000 for hit in wide["hits"])


def test_show_stats_check_remove_and_compact_tell_one_story(command: Command, small_corpus: Path) -> None:
    command("index", small_corpus, "--index", "i")
    shown = as_json(command("show", "coffee.png", "--index", "i", "--json"))
    assert shown["documents"][0]["fields"]["format"] == "PNG"
    assert as_json(command("stats", "--index", "i", "--json"))["documents"] == 5
    assert as_json(command("remove", "texts/*", "--index", "i", "--json")) == {"removed": 2}
    assert as_json(command("compact", "--index", "i", "--json"))["bytes_after"] > 0
    now = as_json(command("stats", "--index", "i", "--json"))
    assert (now["documents"], now["tombstones"]) == (3, 0)
    checked = command("check", "--index", "i")
    assert (checked.returncode, checked.stdout.strip()) == (0, "i: all is well")
    assert as_json(command("query", "coffee", "--index", "i", "--json"))["hits"][0]["path"] == "coffee.png"


def test_a_snapshot_is_searched_like_the_index_and_what_happens_is_logged(
    command: Command, small_corpus: Path
) -> None:
    (small_corpus / "broken.png").write_bytes(b"no picture")
    indexed = command("index", small_corpus, "--index", "i", "--log-json")
    logged = [json.loads(line) for line in indexed.stderr.splitlines()]
    assert [(entry["level"], entry["event"]) for entry in logged] == [
        ("info", "run begun"),
        ("warning", "file skipped"),
        ("info", "run finished"),
    ]
    assert logged[1]["path"] == "broken.png"
    assert (logged[2]["added"], logged[2]["skipped"]) == (5, 1)
    copied = as_json(command("snapshot", "copies/monday", "--index", "i", "--json"))
    assert copied["snapshot"] == "copies/monday"
    command("remove", "coffee.png", "--index", "i")
    assert command("check", "--index", "copies/monday").returncode == 0
    found = as_json(command("query", "coffee", "--index", "copies/monday", "--json"))
    assert found["hits"][0]["path"] == "coffee.png"
    again = command("snapshot", "copies/monday", "--index", "i", "--log-json")
    assert again.returncode == 2
    assert json.loads(again.stderr.splitlines()[0])["event"] == "failed"


def test_a_moved_corpus_is_pointed_to_its_new_place(command: Command, small_corpus: Path) -> None:
    command("index", small_corpus, "--index", "i")
    moved = small_corpus.with_name("elsewhere")
    shutil.move(small_corpus, moved)
    report = as_json(command("index", moved, "--moved-from", small_corpus, "--index", "i", "--json"))
    assert (report["encoded"], report["removed"]) == ({}, 0)
    finished = command("query", "coffee", "--index", "i", "--paths")
    assert finished.stdout.splitlines()[0] == str(moved / "coffee.png")


def test_the_encoder_commands_know_pocket(command: Command) -> None:
    listed = as_json(command("encoder", "list", "--json"))
    assert [row["name"] for row in listed["encoders"]] == ["pocket"]
    shown = as_json(command("encoder", "show", "pocket", "--json"))
    assert (shown["dimension"], shown["damaged_files"]) == (384, [])


VERBS = (
    "index",
    "query",
    "show",
    "stats",
    "check",
    "remove",
    "compact",
    "snapshot",
    "evaluate",
    "train",
    "demo",
    "encoder",
)


def test_every_verb_is_in_the_help_and_has_its_own(command: Command) -> None:
    overview = command("--help").stdout
    for verb in VERBS:
        assert verb in overview
        finished = command(verb, "--help")
        assert finished.returncode == 0
        assert "Usage:" in finished.stdout


def test_a_cold_text_query_loads_neither_torch_nor_faiss_nor_the_write_path(demo_index: Path) -> None:
    code = (
        "import sys, mmsearch\n"
        f"with mmsearch.open({str(demo_index)!r}) as library: assert library.search('a cat')\n"
        "print(*(m for m in ('torch', 'faiss', 'sqlite_utils', 'PIL', 'sentencex', 'typer') if m in sys.modules))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout.split()) == (0, []), finished.stderr


def test_the_demo_answers_at_least_nine_of_ten(command: Command, photographs: Path, tmp_path: Path) -> None:
    finished = command("demo")
    assert finished.returncode == 0, finished.stderr
    last = finished.stdout.strip().splitlines()[-1]
    right = int(last.split()[1])
    assert last.startswith("demo: ")
    assert right >= 9, finished.stdout
    assert (tmp_path / "demo-report.html").stat().st_size > 50_000
