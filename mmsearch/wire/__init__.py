"""The JSON shapes that the command line, HTTP and MCP share; plain dictionaries."""

from __future__ import annotations

from mmsearch.search.results.results import VERSION

__all__ = ["VERSION"]
