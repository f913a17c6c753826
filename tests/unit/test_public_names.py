from __future__ import annotations

import subprocess
import sys

import pytest

import mmsearch


def test_the_public_names_are_pinned() -> None:
    assert mmsearch.__all__ == [
        "EncoderError",
        "Hit",
        "IndexDirectoryError",
        "IndexOptions",
        "IndexReport",
        "Library",
        "MediaError",
        "MissingExtraError",
        "MmsearchError",
        "Query",
        "QueryError",
        "RemoteLibrary",
        "Results",
        "UsageError",
        "__version__",
        "connect",
        "embed",
        "index",
        "open",
    ]


@pytest.mark.parametrize("name", mmsearch.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(mmsearch, name)
    assert name == "__version__" or value.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mmsearch.nothing  # noqa: B018


HEAVY = ("numpy", "torch", "faiss", "onnxruntime", "PIL", "sqlite_utils", "rich.table")


@pytest.mark.parametrize("statement", ["import mmsearch", "import mmsearch.cli.main"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    code = f"{statement}; import sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.split() == []
