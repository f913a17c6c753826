"""Speech through the whole product: recordings are searched by what is said in them, and by questions that are said."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.speaking import COFFEE, DOG, GERMAN, speak, whisper

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_what_is_said_answers_what_is_asked_aloud(command: Command, tmp_path: Path) -> None:
    model = whisper()
    folder = tmp_path / "voices"
    folder.mkdir()
    speak(folder / "coffee.wav", COFFEE, after=40)
    speak(folder / "dog.wav", DOG)
    assert command("index", folder, "--index", "i").returncode == 0
    report = json.loads(command("enrich", "speech", "--model", model, "--index", "i", "--json").stdout)
    assert report == {"looked_at": 2, "found": 2, "known": 0, "left_out": 0, "skipped": []}
    hit = json.loads(command("query", "women drink coffee", "--index", "i", "--json").stdout)["hits"][0]
    assert (hit["path"], hit["locator"][:9]) in (("coffee.wav", "seconds:3"), ("coffee.wav", "seconds:4"))
    assert hit["label"] == "said"
    begins = float(hit["locator"].removeprefix("seconds:").partition("-")[0])
    assert (
        begins < hit["seconds"] < begins + 3
    )  # it opens at the first of the words, not where the passage begins
    shown = command("query", "women drink coffee", "--index", "i").stdout
    assert "said: “" in shown
    assert f"mpv --start={hit['seconds']:g} " in shown
    speak(tmp_path / "question.wav", "three women drink coffee")
    asked = (
        "query",
        "--spoken",
        tmp_path / "question.wav",
        "--speech-model",
        model,
        "--index",
        "i",
        "--json",
    )
    answer = command(*asked)
    assert json.loads(answer.stdout)["hits"][0]["path"] == "coffee.wav"
    assert "understood “" in answer.stderr
    assert "women drink coffee" in answer.stderr
    speak(tmp_path / "question.wav", GERMAN, "de")
    refused = command(*asked)
    assert refused.returncode == 2
    assert "nothing was understood" in refused.stderr


def test_without_a_model_one_line_says_what_to_do(command: Command, tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "tea.txt").write_text("Green tea.\n", encoding="utf-8")
    command("index", tmp_path / "voices", "--index", "i")
    for arguments, reason in (
        ((), "MMSEARCH_SPEECH_MODEL"),
        (("--model", tmp_path), "no speech model in"),
        ((tmp_path / "voices" / "tea.txt",), "leave"),
    ):
        refused = command("enrich", "speech", *arguments, "--index", "i")
        assert refused.returncode != 0
        assert reason in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
