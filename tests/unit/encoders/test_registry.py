from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.encoders.registry import canonical_name, describe, load_encoder, shipped_encoders
from mmsearch.errors import EncoderError


def test_the_shipped_encoder_is_loaded_once_by_its_name() -> None:
    assert "pocket" in shipped_encoders()
    assert load_encoder("pocket") is load_encoder()


def test_a_directory_is_known_by_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert canonical_name("mine") == str(tmp_path / "mine")
    assert canonical_name("pocket") == "pocket"
    assert canonical_name("openclip:A/b") == "openclip:A/b"


def test_an_unknown_encoder_says_which_there_are() -> None:
    with pytest.raises(EncoderError, match=r"no encoder '.*nowhere': use one of pocket"):
        load_encoder("nowhere")


def test_an_encoder_is_described_without_loading_its_towers() -> None:
    assert describe("pocket").dimension == 384
