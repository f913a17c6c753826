"""Where captioned pictures come from: which files a name, a folder or a pattern means."""

from __future__ import annotations

import re
from pathlib import Path

from mmsearch.errors import UsageError

SHARDS = re.compile(r"\{(\d+)\.\.(\d+)\}")


SUFFIXES = ("", ".zip", ".tar", ".jsonl", ".jsonl.gz", ".json", ".csv")


def find_source(data: Path, name: str) -> Path:
    """The file or folder that ``name`` means: under ``data``, or a path of its own."""
    for folder in (data, Path()):
        for suffix in SUFFIXES:
            candidate = folder / f"{name}{suffix}"
            if name and candidate.exists():
                return candidate
    raise UsageError(f"no {name} in {data}: give its name as --data shows it, or a path")


def find_sources(data: Path, name: str) -> list[tuple[Path, str | None]]:
    """What ``name`` means, as sources with the split that is wanted of each.

    ``name-{000..003}.tar`` are four, the numbers of equal width; ``dataset.json#val`` asks for a split.
    """
    name, _, split = name.partition("#")
    numbers = SHARDS.search(name)
    if numbers is None:
        return [(find_source(data, name), split or None)]
    first, last = numbers.groups()
    if int(first) > int(last):
        raise UsageError(f"{name}: the numbers in braces fall; write the smaller one first")
    shards = (
        f"{name[: numbers.start()]}{number:0{len(first)}}{name[numbers.end() :]}"
        for number in range(int(first), int(last) + 1)
    )
    return [(find_source(data, shard), split or None) for shard in shards]
