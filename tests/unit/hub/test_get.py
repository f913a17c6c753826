"""`mmsearch encoder get`: from the hub or a folder to an encoder that a query can use, offline from then on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mmsearch.cli.main import application
from mmsearch.encoders import registry
from mmsearch.encoders.description import read_description, read_recipe
from mmsearch.encoders.ladder import LADDER, Rung
from mmsearch.encoders.registry import canonical_name, load_encoder
from mmsearch.errors import EncoderError, MissingExtraError, MmsearchError, UsageError
from mmsearch.hub.get import Getting, get_encoder, wanted_files
from tests.unit.hub.server import COMMIT, Hub, playing_hub


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def tiny(immich_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Rung:
    """A rung called tiny, and a home of its own for what is fetched."""
    known = {name: digest(immich_folder / name) for name in ("visual/model.onnx", "textual/model.onnx")}
    rung = dataclasses.replace(
        LADDER["small"], name="tiny", repository="owner/model", revision="main", digests=known
    )
    monkeypatch.setitem(LADDER, "tiny", rung)
    monkeypatch.setenv("MMSEARCH_ENCODERS", str(tmp_path / "home"))
    registry._load.cache_clear()
    return rung


@pytest.fixture
def hub(immich_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with playing_hub({"owner/model": immich_folder}) as playing:
        monkeypatch.setenv("HF_ENDPOINT", playing.url)
        yield playing


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(
        application(), [str(argument) for argument in arguments], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def test_an_encoder_is_fetched_once_and_then_works_offline(
    tiny: Rung, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run("encoder", "get", "tiny")
    assert "licence: Apache-2.0" in said
    assert "2 files have the digests known beforehand, 4 those that the hub gives" in said
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    hub.asked.clear()
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "note.txt").write_text("a red bicycle leaning against a wall")
    run("index", tmp_path / "corpus", "--index", tmp_path / "index", "--encoder", "tiny", "--json")
    found = json.loads(run("query", "a red bicycle", "--index", tmp_path / "index", "--json"))
    assert found["hits"][0]["path"] == "note.txt"
    assert hub.asked == []
    assert not any((tmp_path / "home" / ".fetched").iterdir())


def test_the_option_encoder_fetches_what_is_not_there(tiny: Rung, hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("a lighthouse in a storm")
    run("index", tmp_path / "note.txt", "--index", tmp_path / "index", "--encoder", "tiny", "--json")
    assert canonical_name("tiny") == "tiny"
    assert load_encoder("tiny").dimension == 32


def test_the_directory_says_where_it_came_from(tiny: Rung, hub: Hub) -> None:
    directory = get_encoder("tiny", Getting()).made.directory
    recipe = read_recipe(directory)
    assert (recipe["repository"], recipe["revision"], recipe["layout"]) == ("owner/model", COMMIT, "immich")
    assert recipe["files"]["visual/model.onnx"] == tiny.digests["visual/model.onnx"]
    assert set(recipe["known_beforehand"]) == set(tiny.digests)
    assert read_description(directory).license == "Apache-2.0"


def test_a_folder_gives_the_same_encoder_as_the_hub(
    tiny: Rung, hub: Hub, immich_folder: Path, tmp_path: Path
) -> None:
    fetched = get_encoder("tiny", Getting()).made.directory
    hub.asked.clear()
    copied = get_encoder("tiny", Getting(folder=immich_folder, output=tmp_path / "copied")).made.directory
    assert hub.asked == []
    assert load_encoder(str(fetched)).fingerprint == load_encoder(str(copied)).fingerprint


def test_a_folder_with_other_files_than_its_name_says_is_refused(
    tiny: Rung, immich_folder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(immich_folder, tmp_path / "altered")
    with (folder / "visual" / "model.onnx").open("ab") as file:
        file.write(b"!")
    with pytest.raises(EncoderError, match="its digest is another"):
        get_encoder("tiny", Getting(folder=folder))


def test_a_folder_of_any_name_says_that_nothing_is_known_of_it(immich_folder: Path, tmp_path: Path) -> None:
    said = run(
        "encoder",
        "get",
        "mine",
        "--from",
        immich_folder,
        "--output",
        tmp_path / "mine",
        "--precision",
        "fp32",
    )
    assert "no digests are known" in said
    assert "licence: unknown" in said
    assert f"--encoder {tmp_path / 'mine'}" in said


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("huge", Getting(), "one of small, medium, large"),
        ("mine", Getting(folder=Path("anywhere")), "--output DIR"),
        ("medium", Getting(variant="q4"), "leave out --variant"),
        ("small", Getting(variant="fp16"), "leave out --variant"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, how: Getting, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        get_encoder(name, how)


def test_an_encoder_that_was_not_fetched_says_how(tiny: Rung) -> None:
    with pytest.raises(EncoderError, match="mmsearch encoder get tiny"):
        load_encoder("tiny")


def test_offline_one_line_says_what_to_do(tiny: Rung, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(MmsearchError, match=r"can't be reached.*--from DIR"):
        get_encoder("tiny", Getting())


def test_without_the_extra_nothing_is_fetched(tiny: Rung, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match="models"):
        get_encoder("tiny", Getting())
    assert hub.asked == []


def test_the_ladder_wants_the_files_of_its_layouts() -> None:
    assert "textual/tokenizer.json" in wanted_files(LADDER["small"]).patterns
    assert "onnx/text_model.onnx" in wanted_files(LADDER["medium"]).patterns
    assert "onnx/text_model_fp16.onnx_data*" in wanted_files(LADDER["large"]).patterns
    assert set(wanted_files(LADDER["medium"], "fp16").digests) == {"tokenizer.json"}


@pytest.mark.parametrize("rung", LADDER.values(), ids=lambda rung: rung.name)
def test_no_rung_is_for_research_only_and_each_tower_is_known(rung: Rung) -> None:
    assert rung.license == "Apache-2.0"
    known = wanted_files(rung).digests
    assert sum(name.endswith(".onnx") for name in known) == 2
    assert all(len(value) == 64 for value in known.values())


def test_the_list_tells_what_can_be_fetched(tiny: Rung) -> None:
    lines = run("encoder", "list").splitlines()
    small = next(line for line in lines if line.startswith("small: "))
    for told in ("SigLIP 2 B/32", "Apache-2.0", "109 languages", "as published", "encoder get small"):
        assert told in small
    ladder = json.loads(run("encoder", "list", "--json"))["ladder"]
    assert {"small", "medium", "large"} <= {one["name"] for one in ladder}
    assert not any(one["fetched"] for one in ladder)
