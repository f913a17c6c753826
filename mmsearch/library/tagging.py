"""Tags written down: as a field of their documents, and in sidecars beside pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.search.index.passing import why_nothing_passes
from mmsearch.search.tags.tags import Tagging, tag
from mmsearch.store.corpora import write_field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.library.open_index import OpenIndex
    from mmsearch.search.tags.request import TagRequest


@dataclass(frozen=True, slots=True)
class TagReport(Tagging):
    """What a tagging found, and what was written of it.

    ``changed`` documents have another ``field`` than before; none after a ``dry_run``. ``paths`` are those of the
    documents that got a tag, by document id. ``sidecars`` changed; ``failed`` are (path, reason) of those that could
    not be written. ``notes`` say why nothing was looked at.
    """

    field: str
    dry_run: bool
    changed: int
    paths: Mapping[int, str]
    notes: tuple[str, ...] = ()
    sidecars: int = 0
    failed: tuple[tuple[str, str], ...] = ()

    @property
    def tagged(self) -> int:
        """How many documents got a tag."""
        return sum(bool(one.tags) for one in self.documents)


def tagged(index: OpenIndex, request: TagRequest, *, field: str, dry_run: bool, sidecars: bool) -> TagReport:
    """Find the tags that ``request`` asks for, and write them unless this is a ``dry_run``.

    Raises IndexLockedError when another process writes, and what ``tag`` and ``write_field`` raise.
    """
    found = index.read(lambda reading: tag(request, reading))
    changed = 0
    if not dry_run:
        changed = write_field(index.directory, field, found.values)
        index.refresh()
    written, failed = _sidecars(index, found) if sidecars and not dry_run else (0, [])
    items = [one.tags[0].item_id for one in found.documents if one.tags]
    paths = {item.document_id: item.path for item in index.catalogue.items(items)}
    return TagReport(
        found.labels,
        found.documents,
        found.cutoff,
        field=field,
        dry_run=dry_run,
        changed=changed,
        paths=paths,
        notes=() if found.documents else why_nothing_passes(request.looked_at, index),
        sidecars=written,
        failed=tuple(failed),
    )


def _sidecars(index: OpenIndex, tagging: Tagging) -> tuple[int, list[tuple[str, str]]]:
    """How many sidecars changed, and (path, reason) of those that could not be written."""
    from mmsearch.media.xmp import sidecar_of, write_keywords

    written, failed = 0, []
    for one in tagging.documents:
        items = index.catalogue.document_items(one.document_id)
        if not any(item.modality == "image" and item.locator.kind == "whole" for item in items):
            continue
        picture = Path(items[0].corpus_root) / items[0].path
        try:
            if not picture.is_file():
                raise MediaError("the picture is no longer there, so that it gets no sidecar")
            written += write_keywords(sidecar_of(picture), [tag.label for tag in one.tags])
        except MediaError as error:
            failed.append((items[0].path, str(error)))
    return written, failed
