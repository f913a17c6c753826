"""Groups of documents that are the same: which there are, how large they are, and which one to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.search.results.originals import bytes_of, pixels_of
from mmsearch.store.original import file_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Ids, Modality


@dataclass(frozen=True, slots=True)
class Member:
    """A document of a group. ``size`` is its file's in bytes, None when the file is not there.

    Members with the same ``content`` (from 0) are equal to the last byte. ``pixels`` is width x height, 0 where
    the index does not know them.
    """

    document_id: int
    item_id: int
    path: str
    file: str
    size: int | None
    pixels: int
    content: int


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Documents of one ``modality`` that are duplicates; the one with most pixels, then most bytes, comes first.

    ``exact``: all have the same content.
    """

    modality: Modality
    members: tuple[Member, ...]

    @property
    def exact(self) -> bool:
        """Whether all members are equal to the last byte."""
        return all(member.content == self.members[0].content for member in self.members)

    @property
    def spare_bytes(self) -> int:
        """Bytes of all members but the first."""
        return sum(member.size or 0 for member in self.members[1:])


@dataclass(frozen=True, slots=True)
class DuplicateReport:
    """All groups, those with most bytes to spare first; ``unreadable`` are (path, reason) of what was not compared.

    ``searched`` pictures and texts were looked at, ``compared`` pictures were read for it. ``notes`` say why
    nothing was.
    """

    groups: tuple[DuplicateGroup, ...]
    unreadable: tuple[tuple[str, str], ...]
    searched: int
    compared: int
    notes: tuple[str, ...] = ()

    @property
    def spare_bytes(self) -> int:
        """Bytes of everything but the first of each group."""
        return sum(group.spare_bytes for group in self.groups)


def group_of(index: SearchIndex, modality: Modality, contents: Sequence[Ids]) -> DuplicateGroup | None:
    """The documents of ``contents``, items (n,) that are equal each, as a group; None when they are one document."""
    content_of = {int(item): number for number, items in enumerate(contents) for item in items}
    if len(content_of) < 2:
        return None
    members: dict[int, Member] = {}
    for item in index.catalogue.items(sorted(content_of)):
        file = file_of(item)
        member = Member(
            item.document_id,
            item.item_id,
            item.path,
            file,
            bytes_of(file),
            pixels_of(item),
            content_of[item.item_id],
        )
        members.setdefault(item.document_id, member)
    if len(members) < 2:
        return None
    ranked = sorted(members.values(), key=lambda one: (-one.pixels, -(one.size or 0), one.document_id))
    return DuplicateGroup(modality, tuple(ranked))
