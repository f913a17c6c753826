from __future__ import annotations

import sys
from typing import Any

import pytest

from mmsearch.errors import MissingExtraError


def test_a_missing_extra_is_named(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mcp", "mcp.server", "mmsearch.mcp.server"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "mcp", None)
    error = run("mcp").exception
    assert isinstance(error, MissingExtraError)
    assert str(error) == 'the MCP server needs more packages: pip install "mmsearch[mcp]"'
