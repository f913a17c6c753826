"""In which shard a document lies: rendezvous hashing of its corpus and path.

Each shard bids a hash of its name and the document, and the highest bid wins (Thaler and Ravishankar, "Using name-based
mappings to increase hit rates", IEEE/ACM Transactions on Networking, 1998). A shard that is added wins its share from
all others, and nothing else moves.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def shard_for(root: str, path: str, names: Sequence[str]) -> int:
    """The place among the shards' ``names`` (one or more) of the one in which ``path`` under ``root`` lies."""
    return max(range(len(names)), key=lambda place: (_bid(names[place], root, path), names[place]))


def _bid(name: str, root: str, path: str) -> bytes:
    parts = "\0".join((name, root, path)).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(parts, digest_size=8).digest()
