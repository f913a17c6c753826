from __future__ import annotations

import json

import pytest

from mmsearch.store.header import FORMAT, Manifest, ManifestEncoder, format_of

MANIFEST = Manifest(FORMAT, "0.1.0", 7, (ManifestEncoder("pocket", 384, "f" * 64, "1", {"image": 3}),))


def test_what_is_written_is_read() -> None:
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"format": 999}', "[" * 100_000])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        Manifest.from_json(text)


def test_a_newer_format_is_told_by_its_number() -> None:
    assert format_of(json.dumps({"format": 99})) == 99
    assert format_of("no JSON") is None
    assert format_of('{"format": "two"}') is None
