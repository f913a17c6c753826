"""Captioned pictures to train on: folders, zips and tars of them, manifests, sidecars, Karpathy JSON.

Pictures stay where they are until `read_pictures` is called.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mmsearch.datasets.captioned import Manifest, find_manifest, json_lines, read_pictured
from mmsearch.datasets.members import FolderMembers, open_members
from mmsearch.errors import UsageError
from mmsearch.ingest.manifest.manifest import MANIFEST_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ARCHIVES = (".zip", ".tar")
# What is taken for the caption of a picture that has none.
CAPTION_KEYS = ("txt", "label")


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a picture lies: a file, or a member of the archive ``container``."""

    path: str
    container: Path | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """One picture and its captions, at least one; ``extra`` are texts that belong to it less closely.

    ``labels`` are the values of each record field that was asked for; None where a record has no such field.
    """

    picture: Picture
    captions: tuple[str, ...]
    extra: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...] | None, ...] = ()


def read_pairs(
    source: Path, extra: Iterable[str] = (), split: str | None = None, labels: Iterable[str] = ()
) -> list[Pair]:
    """The captioned pictures of ``source`` in its own order; records without picture or caption are left out.

    ``extra`` names record fields that hold further texts, ``labels`` fields that hold a label or several. ``split``
    keeps the records of that split only. Raises UsageError if nothing is left, and for what can't be read.
    """
    fields, classes = tuple(extra), tuple(labels)
    pairs = []
    packed = source.is_file() and source.suffix in ARCHIVES
    listed = source.is_file() and not packed
    with (
        TemporaryDirectory(prefix="mmsearch-pairs-") as work,
        open_members(source.parent if listed else source, Path(work)) as members,
    ):
        name = source.name if listed else find_manifest(members)
        manifest = None if name is None else Manifest(name, members.text(name), posixpath.dirname(name))
        container = None if isinstance(members, FolderMembers) else source
        folder = source.parent if listed else source
        for member in read_pictured(members, manifest):
            captions = tuple(dict.fromkeys(member.captions)) or _first(member.row)
            if not captions or (split is not None and member.split != split):
                continue
            picture = Picture(member.name, container) if container else Picture(str(folder / member.name))
            known = frozenset(captions)
            more = (text.strip() for name in fields for text in _texts(member.row.get(name)))
            further = tuple(text for text in dict.fromkeys(more) if text and text not in known)
            values = tuple(_labels(member.row.get(name)) for name in classes)
            pairs.append(Pair(picture, captions, further, values))
    if not pairs:
        raise UsageError(
            f"{source}: no captioned pictures{f' of the split {split!r}' if split else ''}; mmsearch reads texts "
            f"beside pictures and {', '.join(MANIFEST_NAMES)}"
        )
    return pairs


def read_text_groups(source: Path) -> list[tuple[str, ...]]:
    """Groups of at least two texts that mean the same: a JSON line each, ``captions``, or ``en`` and ``more``."""
    groups = []
    for record in json_lines(FolderMembers(source.parent).text(source.name), str(source)):
        texts = [*_texts(record.get("captions")), *_texts(record.get("en")), *_texts(record.get("more"))]
        group = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
        if len(group) > 1:
            groups.append(group)
    return groups


def read_pictures(pictures: Iterable[Picture]) -> Iterator[bytes]:
    """The bytes of each picture, in order, none for one that is not there; an archive is opened once for a run of
    its members.
    """
    for container, run in groupby(pictures, key=lambda picture: picture.container):
        if container is None:
            for picture in run:
                path = Path(picture.path)
                yield path.read_bytes() if path.is_file() else b""
            continue
        with (
            TemporaryDirectory(prefix="mmsearch-pairs-") as work,
            open_members(container, Path(work)) as members,
        ):
            for picture in run:
                yield members.content(picture.path) if picture.path in members else b""


def _first(row: Mapping[str, Any]) -> tuple[str, ...]:
    for key in CAPTION_KEYS:
        texts = tuple(dict.fromkeys(text.strip() for text in _texts(row.get(key)) if text.strip()))
        if texts:
            return texts
    return ()


def _labels(value: Any) -> tuple[str, ...] | None:
    """A label, a list of them, or several in one text with ";" between them; None where there is no field."""
    if value is None or isinstance(value, dict):
        return None
    parts = value if isinstance(value, list | tuple) else str(value).split(";")
    labels = tuple(dict.fromkeys(" ".join(str(part).split()) for part in parts if part is not None))
    return tuple(label for label in labels if label)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list | tuple) else []
