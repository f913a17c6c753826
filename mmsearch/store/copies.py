"""Groups of pictures that were made from one another, as the index directory keeps them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mmsearch.store.directory import COPIES
from mmsearch.store.files import replace_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from mmsearch.search.duplicates.report import DuplicateReport


FORMAT = 1


def write_groups(directory: Path, report: DuplicateReport, keys: Mapping[int, bytes]) -> int:
    """Keep the groups of near-duplicate pictures of ``report`` in an index ``directory``; how many there are.

    ``keys``: the content of each item of the report. Contents are named by their hash, so that what was found
    stays true whatever is indexed later.
    """
    groups = [
        sorted({keys[member.item_id].hex() for member in group.members if member.item_id in keys})
        for group in report.groups
        if group.modality == "image" and not group.exact
    ]
    data = {"format": FORMAT, "groups": [group for group in groups if len(group) > 1]}
    replace_text(directory / COPIES, json.dumps(data, indent=1) + "\n")
    return len(data["groups"])  # type: ignore[arg-type]


def read_groups(directory: Path) -> dict[bytes, int]:
    """The groups that ``write_groups`` kept: a number for each content. {} without any, or a damaged file."""
    try:
        data = json.loads((directory / COPIES).read_text(encoding="utf-8"))
        listed: Sequence[Iterable[str]] = data["groups"] if data["format"] == FORMAT else ()
        return {bytes.fromhex(key): number for number, group in enumerate(listed) for key in group}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}  # it can be made again
