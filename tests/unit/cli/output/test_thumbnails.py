"""Pictures as half blocks: two pixels a character."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mmsearch.cli.output.thumbnails import half_blocks, terminal_pictures

RED, GREEN, GRAY = (255, 0, 0), (0, 255, 0), (128, 128, 128)


def test_two_rows_of_pixels_are_one_line() -> None:
    lines = list(half_blocks([[RED, GREEN], [GREEN, RED], [GRAY, GRAY]], exact=True))
    above, alone = lines
    assert above == (
        "\x1b[38;2;255;0;0m\x1b[48;2;0;255;0m\u2580\x1b[38;2;0;255;0m\x1b[48;2;255;0;0m\u2580\x1b[0m"
    )
    assert alone == "\x1b[38;2;128;128;128m\u2580\x1b[38;2;128;128;128m\u2580\x1b[0m"


def test_colors_of_256_are_the_nearest_of_the_cube() -> None:
    [line] = half_blocks([[RED, GREEN, GRAY, (255, 255, 255), (0, 0, 0)]], exact=False)
    assert [part.split("m")[0] for part in line.split("\x1b[38;5;")[1:]] == ["196", "46", "102", "231", "16"]


@pytest.mark.parametrize(
    ("environment", "terminal", "shown"),
    [
        ({"TERM": "xterm-256color"}, True, "\u2580"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True, None),
        ({"TERM": "dumb"}, True, None),
        ({"TERM": "xterm-kitty"}, True, "\x1b_G"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, True, "\x1b]1337"),
        ({"TERM": "xterm-kitty"}, False, None),
    ],
)
def test_what_a_terminal_can_show_is_told_by_its_environment(
    environment: dict[str, str],
    terminal: bool,
    shown: str | None,
    photographs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("TERM", "TERM_PROGRAM", "KITTY_WINDOW_ID", "NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    show = terminal_pictures("auto")
    assert (show is None) == (shown is None)
    if show is not None and shown is not None:
        show(photographs / "coffee.png")
        show(photographs / "gone.png")
        assert shown in capsys.readouterr().out
