"""Groups of pictures that were made from one another, as the index directory keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.directory import COPIES
from mmsearch.store.durable.sealed import read_given, write_sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

FORMAT = 1


def write_groups(directory: Path, groups: Iterable[Iterable[bytes]]) -> int:
    """Keep ``groups`` of pictures, by the keys of their contents, in an index ``directory``; how many there are.

    Contents are named by their hash, so that what was found stays true whatever is indexed later. What is one content
    is no group.
    """
    written = [sorted({key.hex() for key in group}) for group in groups]
    kept = [group for group in written if len(group) > 1]
    write_sealed(directory / COPIES, {"format": FORMAT, "groups": kept})
    return len(kept)


def read_groups(directory: Path) -> dict[bytes, int]:
    """The groups that ``write_groups`` kept: a number for each content. {} without any.

    Raises IndexDirectoryError for a damaged file.
    """
    return given_groups(directory / COPIES, read_given(directory / COPIES) or {})


def given_groups(file: Path, record: Mapping[str, Any]) -> dict[bytes, int]:
    """The groups in the object that was read from ``file``; IndexDirectoryError for another."""
    try:
        return groups_of(record)
    except ValueError as error:
        raise IndexDirectoryError(
            f"{file} holds other things than groups of copies; delete it, and "
            "`mmsearch duplicates --remember` makes it anew"
        ) from error


def groups_of(record: Mapping[str, Any]) -> dict[bytes, int]:
    """The groups in the object that ``write_groups`` wrote; ValueError for another."""
    try:
        listed: Sequence[Iterable[str]] = record["groups"] if record.get("format") == FORMAT else ()
        return {bytes.fromhex(key): number for number, group in enumerate(listed) for key in group}
    except (KeyError, TypeError) as error:
        raise ValueError("no groups of copies") from error
