"""What an index run has to do, from what is on disk and what the catalogue knows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import RemovalError
from mmsearch.ingest.sources import Skipped, Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from mmsearch.store.catalogue.values import KnownDocument

# A corpus that lost fewer documents than this is no unmounted drive, unless it has lost all.
FEW = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """``to_read``: new or changed sources. ``gone``: path -> id of documents that are on disk no more."""

    to_read: tuple[Source, ...]
    unchanged: int
    gone: Mapping[str, int]
    skipped: tuple[Skipped, ...]


def plan_run(
    found: Iterable[Source | Skipped],
    known: Mapping[str, KnownDocument],
    *,
    refused: Mapping[str, tuple[str, str]] | None = None,
    out_of_reach: Collection[str] = (),
    verify: bool = False,
) -> Plan:
    """Compare what was ``found`` with the ``known`` documents by path.

    A source whose stamp is that of a complete known document is unchanged, unless ``verify`` asks to read it
    all the same. ``refused`` files, path -> (stamp, reason), are skipped as long as they keep their stamp. A file
    that can't be reached now (``Skipped``) keeps the document that was made of it, a folder ("scans/") or a manifest
    that can't be read all that were made of what is in it. So does what is ``out_of_reach``, which is looked at when
    ``found`` is at its end.
    """
    to_read: list[Source] = []
    skipped: list[Skipped] = []
    seen: set[str] = set()
    unchanged = 0
    for entry in found:
        seen.add(entry.path)
        if isinstance(entry, Skipped):
            skipped.append(entry)
            continue
        document = known.get(entry.path)
        if document is not None and document.complete and document.stamp == entry.stamp and not verify:
            unchanged += 1
        elif refused and not verify and (before := refused.get(entry.path)) and before[0] == entry.stamp:
            skipped.append(Skipped(entry.path, before[1]))
        else:
            to_read.append(entry)
    closed = tuple(
        entry.path if entry.below is None else entry.below
        for entry in skipped
        if entry.path.endswith("/") or entry.below is not None
    )
    gone = {
        path: document.document_id
        for path, document in known.items()
        if path not in seen and path not in out_of_reach and not (closed and path.startswith(closed))
    }
    return Plan(tuple(to_read), unchanged, gone, tuple(skipped))


def refuse_losses(root: Path, *, known: int, lost: int) -> None:
    """RemovalError when so many of the ``known`` documents are ``lost`` that the corpus is rather out of reach."""
    if not (0 < lost == known or (lost >= FEW and 2 * lost > known)):
        return
    what = f"none of the {known}" if lost == known else f"only {known - lost} of the {known}"
    raise RemovalError(
        f"{root} holds {what} documents that were indexed from it: is its drive there? Nothing was removed; "
        "if they are gone for good, run the command again with --allow-removal",
        lost,
        known,
    )
