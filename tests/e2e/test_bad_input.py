"""Bad input gets one clear line and the right exit status, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mmsearch.store.directory import IndexDirectory

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., subprocess.CompletedProcess[str]]


def one_line(finished: subprocess.CompletedProcess[str]) -> str:
    lines = finished.stderr.strip().splitlines()
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith("mmsearch: ")
    return lines[0]


@pytest.fixture
def indexed(command: Command, small_corpus: Path, tmp_path: Path) -> Path:
    assert command("index", small_corpus, "--index", "i").returncode == 0
    return tmp_path / "i"


def test_bad_files_are_listed_with_their_reasons_and_the_others_are_indexed(
    command: Command, small_corpus: Path
) -> None:
    whole = (small_corpus / "rocket.jpg").read_bytes()
    (small_corpus / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (small_corpus / "empty.png").write_bytes(b"")
    (small_corpus / "letter.jpg").write_text("Dear Sir,\n", encoding="utf-8")
    os.mkfifo(small_corpus / "pipe.jpg")
    (small_corpus / "broken.jpg").symlink_to(small_corpus / "nowhere.jpg")
    Path(os.fsdecode(os.fsencode(small_corpus) + b"/caf\xe9.txt")).write_text("odd name", encoding="utf-8")
    (small_corpus / "loop").symlink_to(small_corpus, target_is_directory=True)
    finished = command("index", small_corpus, "--index", "i", "--json")
    assert finished.returncode == 3
    report = json.loads(finished.stdout)
    reasons = {entry["path"]: entry["reason"] for entry in report["skipped"]}
    assert report["added"] == 5
    for path, reason in {
        "half.jpg": "truncated",
        "empty.png": "empty",
        "letter.jpg": "text",
        "pipe.jpg": "FIFO",
        "broken.jpg": "link",
        "caf\\xe9.txt": "UTF-8",
    }.items():
        assert reason.lower() in reasons[path].lower(), reasons


def test_a_decompression_bomb_is_refused_and_a_panorama_is_not(command: Command, tmp_path: Path) -> None:
    from PIL import Image

    corpus = tmp_path / "large"
    corpus.mkdir()
    Image.new("1", (40_000, 40_000)).save(corpus / "bomb.png")
    Image.linear_gradient("L").resize((20_000, 1_500)).convert("RGB").save(corpus / "panorama.jpg")
    finished = command("index", corpus, "--index", "i", "--json")
    report = json.loads(finished.stdout)
    assert [entry["path"] for entry in report["skipped"]] == ["bomb.png"]
    assert "pixels" in report["skipped"][0]["reason"]
    assert report["encoded"] == {"image": 1}


def test_a_manifest_row_without_its_picture_is_skipped_with_its_line(
    command: Command, small_corpus: Path
) -> None:
    rows = 'path,title\ncoffee.png,"A cup"\nlost.png,"Lost"\n'
    (small_corpus / "manifest.csv").write_text(rows, encoding="utf-8")
    finished = command("index", small_corpus, "--index", "i", "--json")
    report = json.loads(finished.stdout)
    assert finished.returncode == 3
    assert report["added"] == 1
    assert report["skipped"][0]["path"] == "manifest.csv:3"


def test_strict_turns_a_skipped_file_into_failure(command: Command, small_corpus: Path) -> None:
    (small_corpus / "empty.png").write_bytes(b"")
    assert command("index", small_corpus, "--index", "i", "--strict").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["query", ""], 2, "empty"),
        (["query"], 2, "empty"),
        (["query", "cat", "-k", "0"], 2, "k"),
        (["query", "cat", "--where", "colour = red"], 2, "colour"),
        (["query", "cat", "--where", "year >="], 2, "year >="),
        (["query", "cat", "--modality", "smell"], 2, "smell"),
        (["query", "cat", "--group", "heap"], 2, "heap"),
        (["query", "--image", "nowhere.jpg"], 2, "nowhere.jpg"),
        (["show", "nothing.png"], 2, "nothing.png"),
        (["remove", "nothing.png"], 2, "nothing.png"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_line(
    command: Command, indexed: Path, arguments: list[str], status: int, complaint: str
) -> None:
    finished = command(*arguments, "--index", indexed)
    assert finished.returncode == status, finished.stdout + finished.stderr
    assert complaint in one_line(finished)


def test_no_corpus_and_no_index_are_said(command: Command) -> None:
    assert command("index", "nowhere").returncode == 2
    finished = command("query", "cat", "--index", "nowhere")
    assert finished.returncode == 4
    assert "mmsearch index" in one_line(finished)


def test_an_empty_corpus_is_no_error_and_finds_nothing(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    finished = command("index", "empty", "--index", "i")
    assert finished.returncode == 0
    assert "nothing to index" in finished.stdout
    assert "Nothing" in command("query", "cat", "--index", "i").stdout


def test_a_corrupt_catalogue_names_the_file_and_the_remedy(command: Command, indexed: Path) -> None:
    path = IndexDirectory.open(indexed).catalogue_path
    for other in path.parent.glob(f"{path.name}-*"):
        other.unlink()
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    finished = command("query", "cat", "--index", indexed)
    assert finished.returncode == 4
    assert "check --repair" in one_line(finished)


def test_a_missing_shard_is_named_and_repair_brings_the_index_back(
    command: Command, indexed: Path, small_corpus: Path
) -> None:
    (shard,) = (indexed / "vectors").glob("*/image-0.f16")
    shard.unlink()
    finished = command("query", "a cup of coffee", "--index", indexed)
    assert finished.returncode == 4
    assert "image-0.f16" in one_line(finished)
    assert command("check", "--index", indexed).returncode == 4
    assert command("check", "--repair", "--index", indexed).returncode == 0
    assert command("index", small_corpus, "--index", indexed).returncode == 0
    found = command("query", "a cup of coffee", "--modality", "image", "--index", indexed, "--paths").stdout
    assert found.splitlines()[0].endswith("coffee.png")


def test_an_index_from_a_newer_version_is_refused(
    command: Command, indexed: Path, small_corpus: Path
) -> None:
    path = indexed / "manifest.json"
    record = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**record, "format": 99}), encoding="utf-8")
    for arguments in (["query", "cat"], ["index", str(small_corpus)]):
        finished = command(*arguments, "--index", indexed)
        assert finished.returncode == 4
        assert "newer" in one_line(finished)


def test_a_second_writer_is_told_so_at_once(command: Command, indexed: Path, small_corpus: Path) -> None:
    with IndexDirectory.open(indexed).write_lock():
        finished = command("index", small_corpus, "--index", indexed)
    assert finished.returncode == 4
    assert "another process" in one_line(finished)


def test_vectors_of_another_encoder_are_never_mixed_in(
    command: Command, indexed: Path, small_corpus: Path, tmp_path: Path
) -> None:
    import sqlite3

    catalogue = IndexDirectory.open(indexed).catalogue_path
    with sqlite3.connect(catalogue) as connection:
        connection.execute("UPDATE encoders SET fingerprint = 'f' || substr(fingerprint, 2, 62) || 'f'")
    connection.close()
    for arguments in (["query", "cat"], ["index", str(small_corpus)]):
        finished = command(*arguments, "--index", indexed)
        assert finished.returncode == 5
        assert "--encoder" in one_line(finished)


def test_a_full_disk_loses_nothing(command: Command, indexed: Path, small_corpus: Path) -> None:
    before = command("query", "coffee", "--index", indexed, "--paths").stdout
    for n in range(40):
        shutil.copyfile(small_corpus / "coffee.png", small_corpus / f"{n}.png")
        with (small_corpus / f"{n}.png").open("ab") as file:
            file.write(bytes([n]))
    limited = subprocess.run(
        [
            "bash",
            "-c",
            'ulimit -f 40; exec "$@"',
            "bash",
            *_python(),
            "index",
            small_corpus,
            "--index",
            indexed,
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert limited.returncode == 4, limited.stderr
    assert len(limited.stderr.strip().splitlines()) == 1
    assert command("check", "--index", indexed).returncode == 0
    assert (
        command("query", "coffee", "--index", indexed, "--paths").stdout.splitlines()[0]
        == before.splitlines()[0]
    )
    assert command("index", small_corpus, "--index", indexed).returncode == 0


def _python() -> list[str]:
    import sys

    return [sys.executable, "-m", "mmsearch"]


def test_an_empty_mount_point_stops_the_run_and_loses_nothing(
    command: Command, indexed: Path, small_corpus: Path
) -> None:
    away = small_corpus.rename(small_corpus.with_name("away"))
    small_corpus.mkdir()
    finished = command("index", small_corpus, "--index", indexed)
    assert finished.returncode == 1
    assert "--allow-removal" in one_line(finished)
    finished = command("index", small_corpus, "--index", indexed, "--json")
    assert json.loads(finished.stdout)["lost"] == 5
    small_corpus.rmdir()
    away.rename(small_corpus)
    report = json.loads(command("index", small_corpus, "--index", indexed, "--json").stdout)
    assert (report["unchanged"], report["removed"]) == (5, 0)


def test_tags_come_back_with_a_corpus_that_was_taken_out(
    command: Command, indexed: Path, small_corpus: Path, tmp_path: Path
) -> None:
    def tags() -> list[str | None]:
        finished = command("query", "--where", "width > 0", "--index", indexed, "--json")
        return sorted(str(hit["fields"].get("tags")) for hit in json.loads(finished.stdout)["hits"])

    (tmp_path / "labels.txt").write_text("cat\ncoffee\nrocket\n")
    assert command("tag", "--labels", "labels.txt", "--single", "--index", indexed).returncode == 0
    before = tags()
    away = small_corpus.rename(small_corpus.with_name("away"))
    small_corpus.mkdir()
    assert command("index", small_corpus, "--index", indexed, "--allow-removal").returncode == 0
    small_corpus.rmdir()
    away.rename(small_corpus)
    assert command("index", small_corpus, "--index", indexed).returncode == 0
    assert tags() == before


def test_what_is_not_read_is_counted_by_kind_and_named_when_asked_for(
    command: Command, small_corpus: Path
) -> None:
    for name in ("a.psd", "b.psd", "c.iso"):
        (small_corpus / name).write_bytes(b"x")
    (small_corpus / "my list.csv").write_text("path,title\ncoffee.png,A cup\n", encoding="utf-8")
    finished = command("index", small_corpus, "--index", "i")
    assert finished.returncode == 0
    assert "not read: 2 .psd, 1 .iso, 1 .csv (--list-unread names them)" in finished.stdout
    assert (
        f"my list.csv looks like a manifest: mmsearch index '{small_corpus}/my list.csv'" in finished.stdout
    )
    report = json.loads(command("index", small_corpus, "--index", "i", "--list-unread", "--json").stdout)
    assert report["unread"] == {".psd": 2, ".iso": 1, ".csv": 1}
    assert report["unread_paths"] == ["a.psd", "b.psd", "c.iso", "my list.csv"]


def test_a_damaged_manifest_ends_no_run(command: Command, small_corpus: Path) -> None:
    (small_corpus / "bad").mkdir()
    (small_corpus / "bad" / "metadata.csv").write_bytes(
        "path,title\nä.png,\n".encode("utf-16")[:-1] + b"\xd8\xd8"
    )
    finished = command("index", small_corpus, "--index", "i", "--json")
    assert finished.returncode == 3, finished.stderr
    assert json.loads(finished.stdout)["added"] == 5
