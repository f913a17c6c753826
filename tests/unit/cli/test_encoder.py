"""``mmsearch encoder``: what there is, for people and for programs."""

from __future__ import annotations

import json

import pytest

from mmsearch.cli.encoder import print_facts
from tests.unit.cli.conftest import Run


def test_the_shipped_encoder_is_listed(run: Run) -> None:
    assert run("encoder", "list").stdout.startswith("pocket ")
    [pocket] = json.loads(run("encoder", "list", "--json").stdout)["encoders"]
    assert pocket["dimension"] == 384


def test_an_encoder_is_shown_in_lines_that_can_be_read(run: Run) -> None:
    lines = run("encoder", "show", "pocket").stdout.splitlines()
    assert lines[0].startswith("pocket ")
    assert lines[0].endswith("image and text, 384 dimensions")
    assert lines[-1].strip() == "all files are whole"
    assert max(map(len, lines)) < 120
    assert not any("{" in line for line in lines)
    facts = json.loads(run("encoder", "show", "pocket", "--json").stdout)
    assert facts["damaged_files"] == []


def test_damaged_files_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {
        "name": "mine",
        "modalities": ["text"],
        "dimension": 8,
        "damaged_files": ["text.onnx", "bank.txt"],
    }
    print_facts(facts)
    assert capsys.readouterr().out.splitlines() == [
        "mine: text, 8 dimensions",
        "  damaged: text.onnx, bank.txt; install mmsearch again, or compile the encoder anew",
    ]
