from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mmsearch.store.durable.sealed import read_sealed, sealed, unsealed, write_sealed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("record", [{}, {"a": 1}, {"words": 0.5, "names": ["für", "猫"], "none": None}])
def test_a_sealed_object_comes_back_and_is_plain_json(record: dict[str, object]) -> None:
    data = sealed(record)
    assert unsealed(data) == record
    assert {key: value for key, value in json.loads(data).items() if key != "checksum"} == record


def test_any_flipped_bit_is_told() -> None:
    data = sealed({"format": 2, "weights": {"words": 0.5, "text→image": 1.25}})
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match="checksum"):
            unsealed(bytes(flipped))


def test_a_file_that_was_cut_short_is_told() -> None:
    data = sealed({"format": 2, "names": ["a", "b"]})
    for length in range(len(data)):
        with pytest.raises(ValueError, match=r"checksum|JSON"):
            unsealed(data[:length])


def test_a_file_without_a_checksum_is_read_as_it_is() -> None:
    assert unsealed(b'{"words": 0.5}') == {"words": 0.5}


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"null", b"\xff", b"[" * 100_000, b'{"a":' * 100_000])
def test_anything_else_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="JSON"):
        unsealed(data)


def test_no_file_is_none(tmp_path: Path) -> None:
    file = tmp_path / "weights.json"
    assert read_sealed(file) is None
    write_sealed(file, {"words": 1})
    assert read_sealed(file) == {"words": 1}
