"""The JSON shapes that the command line, HTTP and MCP share; plain dictionaries."""

from __future__ import annotations

# Goes up when what was there means something else, or is there no more; what is added changes nothing.
VERSION = 1
