"""Captioned pictures in the layouts that they are published in.

* a manifest as `mmsearch index` reads it (``records.jsonl``, ``manifest.csv``, …) with a picture's path and
  its ``captions``, beside the pictures or in one archive with them;
* Karpathy's splits: one JSON file, ``{"images": [{"filename", "sentences": [{"raw"}], "split"}]}``;
* WebDataset: tars with ``KEY.jpg`` and ``KEY.txt`` or ``KEY.json``; a folder or zip of such pairs too.
"""

from __future__ import annotations

import csv
import io
import json
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.ingest.manifest import MANIFEST_NAMES
from mmsearch.ingest.records import read_record
from mmsearch.media.formats import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.datasets.members import Members
    from mmsearch.ingest.records import Record

# Where the pictures of a Karpathy JSON may lie beside it, after the place that it names.
IMAGE_FOLDERS = ("", "images", "Images", "Flicker8k_Dataset", "flickr30k-images")


@dataclass(frozen=True, slots=True)
class CaptionedMember:
    """A picture, by its name among the collection's members, and its captions, at least one."""

    name: str
    captions: tuple[str, ...]
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file that lists pictures: its name, its text, and the member folder that its paths start from."""

    name: str
    text: str
    folder: str = ""


def read_captioned(members: Members, manifest: Manifest | None) -> Iterator[CaptionedMember]:
    """The captioned pictures that ``manifest`` lists, or those among ``members`` with a text beside each.

    Records without picture or caption are left out; a picture that is listed but missing is not.
    """
    records = _grouped(members) if manifest is None else _listed(members, manifest)
    for name, record, split in records:
        if captions := _captions(record):
            yield CaptionedMember(name, captions, split if isinstance(split, str) else None)


def find_manifest(members: Members, names: Sequence[str] = MANIFEST_NAMES) -> str | None:
    """The first of the file ``names`` that there is, nearest to the collection's top; None without any."""
    for name in names:
        if name in members:
            return name
    inside = [n for n in members.names() if posixpath.basename(n) in names]
    return min(inside, key=lambda n: (n.count("/"), names.index(posixpath.basename(n))), default=None)


def json_lines(text: str, name: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of ``text``, one a line; UsageError names the line of ``name`` that is none."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{name}, line {number}: not JSON ({error})") from error
        if not isinstance(record, dict):
            raise UsageError(f"{name}, line {number}: not a JSON object")
        yield record


def _listed(members: Members, manifest: Manifest) -> Iterator[tuple[str, Record, object]]:
    if manifest.name.endswith(".json"):
        yield from _karpathy(members, manifest)
        return
    rows = (
        csv.DictReader(io.StringIO(manifest.text))
        if manifest.name.endswith(".csv")
        else json_lines(manifest.text, manifest.name)
    )
    for row in rows:
        record = read_record(_annotated(row))
        pictures = [path for path in record.paths if posixpath.splitext(path)[1].lower() in PICTURE_SUFFIXES]
        if pictures:
            name = posixpath.normpath(posixpath.join(manifest.folder, pictures[0]))
            yield name, record, row.get("split")


def _karpathy(members: Members, manifest: Manifest) -> Iterator[tuple[str, Record, object]]:
    try:
        for image in json.loads(manifest.text)["images"]:
            record = read_record({"captions": [sentence["raw"] for sentence in image.get("sentences", ())]})
            folders = (image.get("filepath", ""), *IMAGE_FOLDERS)
            names = [posixpath.join(manifest.folder, place, image["filename"]) for place in folders]
            found = next((name for name in names if name in members), names[0])
            yield posixpath.normpath(found), record, image.get("split")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{manifest.name} is not a captioned collection ({error!r}): it should hold "
            '{"images": [{"filename": …, "sentences": [{"raw": …}]}]}'
        ) from error


def _grouped(members: Members) -> Iterator[tuple[str, Record, object]]:
    """Pictures and what the files of the same key say; a key ends at the first dot of a file's name."""
    beside: dict[str, dict[str, str]] = {}
    for name in members.names():
        folder, base = posixpath.split(name)
        key, _, suffix = base.partition(".")
        beside.setdefault(posixpath.join(folder, key), {})[f".{suffix.lower()}"] = name
    for files in beside.values():
        picture = next((name for suffix, name in files.items() if suffix in PICTURE_SUFFIXES), None)
        if picture is None:
            continue
        row: dict[str, Any] = {}
        if ".json" in files:
            row |= next(json_lines(members.text(files[".json"]).replace("\n", " "), files[".json"]), {})
        if ".txt" in files:
            row["captions"] = members.text(files[".txt"]).splitlines()
        yield picture, read_record(_annotated(row)), row.get("split")


def _annotated(row: dict[str, Any]) -> dict[str, Any]:
    """``row`` with the annotators' ``captions`` only, where it has some: ``caption`` is then the printed line
    under a figure, which tells who is shown rather than what, and no measure of retrieval by description."""
    if not row.get("captions"):
        return row
    return {name: value for name, value in row.items() if name.lower() != "caption"}


def _captions(record: Record) -> tuple[str, ...]:
    """The record's captions, each once, or else its text as one."""
    return record.captions or ((record.body,) if record.body else ())
