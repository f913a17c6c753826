from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from mmsearch.errors import UsageError
from mmsearch.train.objectives.teachers import Taught, read_vectors

pytestmark = pytest.mark.torch

VECTORS = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_vectors_are_read_from_either_form(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    np.save(tmp_path / "a.npy", VECTORS)
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    save_file({"one": VECTORS[0], "two": VECTORS[1]}, tmp_path / "b.safetensors")
    for name in ("a.npy", "b.safetensors"):
        found = read_vectors(tmp_path / name)
        assert found.keys() == {"one", "two"}
        np.testing.assert_array_equal(found["two"], VECTORS[1])


def test_rows_and_keys_that_differ_in_number_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VECTORS)
    for keys in (None, "one\n"):
        if keys:
            (tmp_path / "a.txt").write_text(keys)
        with pytest.raises(UsageError, match=r"a\.(txt|npy)"):
            read_vectors(tmp_path / "a.npy")
    with pytest.raises(UsageError, match=r"safetensors or \.npy"):
        read_vectors(tmp_path / "a.csv")


def test_the_dimension_is_that_of_what_there_is() -> None:
    assert Taught(None, VECTORS).dimension == 3
    assert Taught(VECTORS[:, :2], None).dimension == 2
