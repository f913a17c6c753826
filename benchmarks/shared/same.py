"""Whether two answers say the same, whatever ids and clocks say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

# Scores of equal answers differ by no more: the last bits of sums.
SCORES = 1e-6
# What names an index or a moment, and no answer.
NAMES = frozenset({"item_id", "document_id", "seconds", "generation", "thumbnails"})


def plain(value: Any) -> Any:
    """All that an answer says as JSON's own values, without what names an index; paths and locators say which item."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value) if one.name not in NAMES}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, str):
        return re.sub(r"#\d+", "#", value)  # an item, by its id
    return value


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Where two plain values differ: numbers by more than ``SCORES``, of their size where that is more than 1."""
    if isinstance(one, bool) or not isinstance(one, (int, float, dict, list)):
        if one != other:
            yield f"{where}: {one!r} and {other!r}"
    elif isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from differences(one.get(key), other.get(key), f"{where}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{where}: {len(one)} and {len(other)} of them"
        for place, (mine, theirs) in enumerate(zip(one, other, strict=False)):
            yield from differences(mine, theirs, f"{where}[{place}]")
    elif not isinstance(other, (int, float)) or abs(one - other) > SCORES * max(1.0, abs(one)):
        yield f"{where}: {one!r} and {other!r}"
