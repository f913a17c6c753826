"""Where two recordings differ: numbers, texts, orders, and fields that only one of them has. No I/O."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Numbers are the same that lie no farther apart, absolutely and in proportion to the larger one; only what differs
# from zero by rounding may differ by more of itself.
TOLERANCE = 1e-9
ROUNDING = 1e-15
# What was called otherwise in earlier recordings: old name -> new name.
RENAMED: Mapping[str, str] = {"calibrated": "scales"}
SHOWN = 160  # characters of a value


@dataclass(frozen=True, slots=True)
class Comparison:
    """``same`` of ``requests`` are answered the same; ``differences`` are lines, by request.

    ``only_before`` and ``only_after`` count the fields that one recording has and the other lacks, by name.
    """

    requests: int
    same: int
    differences: Mapping[str, Sequence[str]]
    only_before: Mapping[str, int]
    only_after: Mapping[str, int]

    @property
    def equal(self) -> bool:
        """Whether there is no difference at all."""
        return self.same == self.requests


@dataclass(slots=True)
class _Found:
    """What is found while one request's answers are gone through."""

    lines: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def compare(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    but: Collection[str] = (),
    renamed: Mapping[str, str] = RENAMED,
) -> Comparison:
    """Compare the answers (request -> JSON value) of two recordings.

    Fields of the names ``but`` are passed over wherever they stand; ``renamed`` (old -> new) are taken for the same.
    A request that only one recording has differs.
    """
    every = [*before, *(name for name in after if name not in before)]
    differences: dict[str, Sequence[str]] = {}
    only_before: Counter[str] = Counter()
    only_after: Counter[str] = Counter()
    same = 0
    for name in every:
        found = _Found()
        if name not in before or name not in after:
            found.lines.append(f"only in the recording {'before' if name in before else 'after'}")
        else:
            one, other = (_prepared(side[name], frozenset(but), renamed) for side in (before, after))
            _compare(one, other, "answer", found)
        if found.lines:
            differences[name] = found.lines
        only_before.update(found.before)
        only_after.update(found.after)
        same += not (found.lines or found.before or found.after)
    return Comparison(len(every), same, differences, dict(only_before), dict(only_after))


def close(one: float, other: float) -> bool:
    """Whether two numbers are the same but for rounding; NaN is the same as NaN."""
    if one == other or (one != one and other != other):
        return True
    apart, largest = abs(one - other), max(abs(one), abs(other))
    return apart <= max(TOLERANCE * min(1.0, largest), ROUNDING)


def _prepared(value: Any, but: frozenset[str], renamed: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        kept = {name: one for name, one in value.items() if name not in but}
        return {renamed.get(name, name): _prepared(one, but, renamed) for name, one in kept.items()}
    if isinstance(value, list):
        return [_prepared(one, but, renamed) for one in value]
    return value


def _compare(before: Any, after: Any, place: str, found: _Found) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        found.before += [name for name in before if name not in after]
        found.after += [name for name in after if name not in before]
        for name in before:
            if name in after:
                _compare(before[name], after[name], f"{place}.{name}", found)
    elif isinstance(before, list) and isinstance(after, list):
        _compare_lists(before, after, place, found)
    elif not _alike(before, after):
        found.lines.append(f"{place}: {_shown(before)} → {_shown(after)}")


def _compare_lists(before: list[Any], after: list[Any], place: str, found: _Found) -> None:
    """What is listed by its items is told apart by them, so that a change of places is one difference, and not many."""
    mine, theirs = _by_item(before), _by_item(after)
    if mine is None or theirs is None:
        if len(before) != len(after):
            found.lines.append(
                f"{place}: {len(before)} entries {_shown(before)} → {len(after)} {_shown(after)}"
            )
        for number, (one, other) in enumerate(zip(before, after, strict=False)):
            _compare(one, other, f"{place}[{number}]", found)
        return
    if list(mine) != list(theirs):
        found.lines.append(f"{place}: items {_shown(list(mine))} → {_shown(list(theirs))}")
    for number, item in enumerate(mine):
        if item in theirs:
            pair = mine[item], theirs[item]
            # what has another place has another rank, which has been said
            one, other = pair if list(mine) == list(theirs) else map(_without_rank, pair)
            _compare(one, other, f"{place}[{number}]", found)


def _without_rank(hit: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in hit.items() if name != "rank"}


def _by_item(listed: list[Any]) -> dict[int, dict[str, Any]] | None:
    """Hits, answers or passages by item; None for a list of something else, or with an item twice."""
    if not all(isinstance(one, dict) and "item_id" in one for one in listed):
        return None
    found = {one["item_id"]: one for one in listed}
    return found if len(found) == len(listed) else None


def _alike(before: Any, after: Any) -> bool:
    numbers = (int, float)
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if isinstance(before, numbers) and isinstance(after, numbers):
        return close(before, after)
    return type(before) is type(after) and bool(before == after)


def _shown(value: Any) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= SHOWN else f"{written[:SHOWN]}…"
