"""Groups of pictures that were made from one another, as the index directory keeps them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mmsearch.store.directory import COPIES
from mmsearch.store.files import replace_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FORMAT = 1


def write_groups(directory: Path, groups: Iterable[Iterable[bytes]]) -> int:
    """Keep ``groups`` of pictures, by the keys of their contents, in an index ``directory``; how many there are.

    Contents are named by their hash, so that what was found stays true whatever is indexed later. What is one content
    is no group.
    """
    written = [sorted({key.hex() for key in group}) for group in groups]
    kept = [group for group in written if len(group) > 1]
    replace_text(directory / COPIES, json.dumps({"format": FORMAT, "groups": kept}, indent=1) + "\n")
    return len(kept)


def read_groups(directory: Path) -> dict[bytes, int]:
    """The groups that ``write_groups`` kept: a number for each content. {} without any, or a damaged file."""
    try:
        data = json.loads((directory / COPIES).read_text(encoding="utf-8"))
        listed: Sequence[Iterable[str]] = data["groups"] if data["format"] == FORMAT else ()
        return {bytes.fromhex(key): number for number, group in enumerate(listed) for key in group}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}  # it can be made again
