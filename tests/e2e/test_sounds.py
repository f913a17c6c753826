"""Recordings through the whole product: indexed, found by words and by sounds, with their places."""

from __future__ import annotations

import json
import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmsearch
from mmsearch.encoders.registry import SHIPPED
from mmsearch.encoders.registry import _load as load_encoder

pytest.importorskip("av", reason="needs the sound extra")
Command = Callable[..., subprocess.CompletedProcess[str]]
RATE = 16_000


def noise(seconds: float, seed: int = 0) -> Any:
    return 0.05 * np.random.default_rng(seed).normal(size=round(seconds * RATE))


def ticking(seconds: float) -> Any:
    at = np.arange(round(seconds * RATE)) / RATE
    return 0.5 * np.random.default_rng(1).normal(size=at.size) * np.exp(-(at % 0.5) * 400)


def silence(seconds: float) -> Any:
    return np.zeros(round(seconds * RATE))


def write(path: Path, samples: Any) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds") / "corpus"
    folder.mkdir()
    write(folder / "one.wav", np.concatenate([silence(2), ticking(6)]))
    write(folder / "two.wav", noise(7))
    write(folder / "both.wav", np.concatenate([noise(6, 3), silence(3), ticking(6)]))
    (folder / "tea.txt").write_text("Green tea turns bitter.\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Path:
    directory = tmp_path_factory.mktemp("indexes") / "sounds"
    mmsearch.index(corpus, directory).close()
    return directory


def test_words_find_the_seconds_that_sound_like_them(command: Command, index: Path) -> None:
    answer = command("query", "a ticking clock", "--modality", "audio", "--index", index, "--json")
    hits = json.loads(answer.stdout)["hits"]
    assert {hit["path"] for hit in hits[:2]} == {"one.wav", "both.wav"}
    places = {hit["path"]: hit["locator"] for hit in hits}
    assert places["one.wav"].startswith("seconds:1.92-")
    assert places["both.wav"].startswith("seconds:8.64-")


def test_a_sound_finds_what_sounds_like_it(command: Command, index: Path, tmp_path: Path) -> None:
    write(tmp_path / "clip.wav", noise(3, seed=9))
    for given in (("--audio", tmp_path / "clip.wav"), (f"@{tmp_path / 'clip.wav'}",)):
        answer = command("query", *given, "--modality", "audio", "--index", index, "--json", "-k", "3")
        assert [hit["path"] for hit in json.loads(answer.stdout)["hits"]][2] == "one.wav"
    clip = (tmp_path / "clip.wav").read_bytes()
    answer = command("query", "--audio", "-", "--index", index, "--paths", "-k", "1", stdin=clip)
    assert Path(answer.stdout.strip()).name in ("two.wav", "both.wav")


def test_words_and_sounds_mix_and_take_away(index: Path, corpus: Path) -> None:
    with mmsearch.open(index) as library:
        plain = library.search(audio=corpus / "both.wav", group="item", modality="audio", cutoff=None)
        without = library.search(
            audio=corpus / "both.wav", minus=[corpus / "two.wav"], group="item", modality="audio", cutoff=None
        )
    assert {hit.path for hit in plain} == {"one.wav", "two.wav", "both.wav"}
    # without what is like noise, what ticks is before what does not
    assert [hit.path for hit in without].index("one.wav") < [hit.path for hit in without].index("two.wav")


def test_a_sound_that_is_none_says_so_in_one_line(command: Command, index: Path, tmp_path: Path) -> None:
    write(tmp_path / "silent.wav", silence(2))
    (tmp_path / "text.wav").write_text("no sound\n")
    for name, reason in (
        ("silent.wav", "nothing but silence"),
        ("text.wav", "does not begin like one"),
        ("absent.wav", "there is no sound"),
    ):
        finished = command("query", "--audio", tmp_path / name, "--index", index)
        assert finished.returncode != 0
        assert reason in finished.stderr
        assert len(finished.stderr.strip().splitlines()) == 1


def test_bad_recordings_cost_themselves(command: Command, tmp_path: Path, corpus: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    write(folder / "silent.wav", silence(3))
    write(folder / "good.wav", noise(2))
    whole = (folder / "good.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 2])
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(500))
    (folder / "list.mp3").write_text("#EXTM3U\n/etc/passwd\n")
    report = json.loads(command("index", folder, "--index", "i", "--json").stdout)
    assert report["added"] == 2
    reasons = {entry["path"]: entry["reason"] for entry in report["skipped"]}
    assert set(reasons) == {"silent.wav", "broken.mp4", "list.mp3"}
    assert reasons["silent.wav"] == "nothing but silence"


def test_an_encoder_without_a_sound_tower_indexes_what_it_can_and_hears_when_it_has_one(
    tmp_path: Path, corpus: Path
) -> None:
    deaf = tmp_path / "encoder"
    shutil.copytree(SHIPPED / "pocket", deaf)
    description = json.loads((deaf / "encoder.json").read_text(encoding="utf-8"))
    (deaf / "encoder.json").write_text(
        json.dumps(description | {"sound": None, "check": None}), encoding="utf-8"
    )
    with mmsearch.index(corpus, tmp_path / "i", encoder=str(deaf)) as library:
        assert dict(library.report.encoded) == {"text": 1}
        assert [hit.path for hit in library.search("path:*.wav", cutoff=None)] == [
            "both.wav",
            "one.wav",
            "two.wav",
        ]
        before = library.search("bitter tea")[0].strength
    (deaf / "encoder.json").write_text(json.dumps(description), encoding="utf-8")
    load_encoder.cache_clear()
    with mmsearch.open(tmp_path / "i") as library:
        assert library.search("bitter tea")[0].strength == before
    with mmsearch.index(corpus, tmp_path / "i", encoder=str(deaf)) as library:
        assert set(library.report.encoded) == {"audio"}
        assert library.search("a ticking clock", modality="audio")[0].path in ("one.wav", "both.wav")
