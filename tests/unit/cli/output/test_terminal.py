"""What comes from files never commands the terminal: every verb, every form."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from mmsearch.cli.output.terminal import console, escape, human_bytes, print_json
from mmsearch.printable import in_a_line, printable
from tests.conftest import EVIL, OBEYED
from tests.unit.cli.conftest import Run


def obeyed(printed: str) -> list[str]:
    return [sign for sign in OBEYED if sign in printed]


def test_what_a_terminal_obeys_is_shown_as_an_escape() -> None:
    assert printable("\x1b[31m\x9b\u202e\udc80") == r"\x1b[31m\x9b\u202e\udc80"
    assert printable("café 北京 👩\u200d🚀 نص\ttab\n") == "café 北京 👩\u200d🚀 نص\ttab\n"
    assert in_a_line("a\r\nb\tc") == r"a\r\nb\tc"


def test_markup_and_emoji_codes_of_others_mean_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    for text in ("a:x:b.png", "[red]x[/]", "[/]", ":smiley:", "a\\", f"[link={EVIL}]"):
        console().print(f"[bold]{escape(text)}[/] end")
    lines = out.getvalue().splitlines()
    assert lines[:5] == ["a:x:b.png end", "[red]x[/] end", "[/] end", ":smiley: end", "a\\ end"]
    assert len(lines) == 6
    assert not obeyed(out.getvalue())


def test_json_says_the_same_without_what_a_terminal_obeys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    value = {"text": EVIL + "\x7f\u200f\ud800 é"}
    print_json(value)
    assert not obeyed(out.getvalue())
    assert json.loads(out.getvalue()) == value
    assert "é" in out.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "a cup", "--explain", "--facet", "maker", "--context", "1", "--sort", "maker"),
        ("query", "a cup", "--json", "--facet", "maker"),
        ("query", "a cup", "--tsv"),
        ("query", "a cup", "--paths"),
        ("query", f"cup without {EVIL}"),
        ("recommend", "--like", "again.png", "--explain"),
        ("recommend", "--like", "again.png", "--tsv"),
        ("ask", "a cup of tea?", "--anyway"),
        ("ask", "a cup of tea?", "--anyway", "--json"),
        ("tag", "--labels", "-", "--single"),
        ("duplicates", "--exact"),
        ("duplicates", "--exact", "--tsv"),
        ("show", "again.png"),
        ("show", "tea.txt"),
        ("show", "tea.txt", "--json"),
        ("show", f"nowhere{EVIL}"),
        ("stats",),
        ("check",),
    ],
)
def test_no_verb_hands_on_what_a_terminal_obeys(
    run: Run, hostile_index: Path, arguments: tuple[str, ...]
) -> None:
    found = run(*arguments, "--index", hostile_index, stdin=b"cup\ntea\n")
    assert not obeyed(found.stdout + found.stderr)
    assert "\n  9  99  forged" not in found.stdout
    assert found.stdout or found.exception


def test_skipped_files_are_listed_without_what_a_terminal_obeys(run: Run, hostile_corpus: Path) -> None:
    for form in ((), ("--json",), ("--errors-to", "errors.tsv")):
        found = run("index", hostile_corpus, "--index", "i", *form)
        assert not obeyed(found.stdout + found.stderr)
    assert "bad" in found.stdout
    rows = Path("errors.tsv").read_text(encoding="utf-8").split("\n")
    assert all(row.count("\t") == 1 and not obeyed(row) for row in rows if row)


@pytest.mark.parametrize(
    ("size", "written"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2.5e12, "2500.0 GB")]
)
def test_bytes_are_written_in_the_largest_unit(size: float, written: str) -> None:
    assert human_bytes(size) == written
