"""``mmsearch mcp``: an index as tools of a language model."""

from __future__ import annotations

from mmsearch.cli.options import DEFAULT_INDEX, IndexDirectory
from mmsearch.errors import MissingExtraError


def mcp(index_dir: IndexDirectory = DEFAULT_INDEX) -> None:
    """Offer an index to a language model: the Model Context Protocol on standard input and output, read-only."""
    try:
        from mmsearch.mcp.server import make_server
    except ImportError as error:
        if (error.name or "").startswith("mmsearch"):
            raise
        raise MissingExtraError("the MCP server", "mcp") from error
    from mmsearch.cluster.opening import open as open_library

    with open_library(index_dir) as library:
        make_server(library).run("stdio")
