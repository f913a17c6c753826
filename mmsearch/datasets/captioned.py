"""Captioned pictures in the layouts that they are published in; `evaluate`, `train` and the recipes read them here.

* a manifest as `mmsearch index` reads it (``records.jsonl``, ``manifest.csv``, …) with a picture's path and
  its ``captions``, beside the pictures or in one archive with them;
* Karpathy's splits: one JSON file, ``{"images": [{"filename", "sentences": [{"raw"}], "split"}]}``;
* WebDataset: tars with ``KEY.jpg`` and ``KEY.txt`` (a caption a line), ``KEY.json`` (a record), ``KEY.cls`` (a class);
  a folder or zip of such pictures too, and ``NAME.jpg.txt``, ``NAME.jpg.json`` beside ``NAME.jpg``.
"""

from __future__ import annotations

import csv
import io
import json
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.ingest.manifest.manifest import MANIFEST_NAMES
from mmsearch.ingest.manifest.records import read_record
from mmsearch.media.formats import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mmsearch.datasets.members import Members

# Where the pictures of a Karpathy JSON may lie beside it, after the place that it names.
IMAGE_FOLDERS = ("", "images", "Images", "Flicker8k_Dataset", "flickr30k-images")
# What stands beside a picture, by what its name ends in.
SIDECARS = ("json", "txt", "cls")


@dataclass(frozen=True, slots=True)
class CaptionedMember:
    """A picture, by its name among the collection's members, and its captions.

    ``row`` is the record as it was read: what it says besides.
    """

    name: str
    captions: tuple[str, ...]
    split: str | None = None
    row: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file that lists pictures: its name, its text, and the member folder that its paths start from."""

    name: str
    text: str
    folder: str = ""


def read_captioned(members: Members, manifest: Manifest | None) -> Iterator[CaptionedMember]:
    """The captioned pictures that ``manifest`` lists, or those among ``members`` with a text beside each.

    Records without picture or caption are left out; a picture that is listed but missing is not. Raises UsageError
    that names the line for a manifest that can't be read.
    """
    return (member for member in read_pictured(members, manifest) if member.captions)


def read_pictured(members: Members, manifest: Manifest | None) -> Iterator[CaptionedMember]:
    """As `read_captioned`, and pictures without a caption too."""
    records = _beside(members) if manifest is None else _listed(members, manifest)
    for name, row in records:
        split = row.get("split")
        yield CaptionedMember(name, _captions(row), split if isinstance(split, str) else None, row)


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
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{name}, line {number}: not JSON ({error})") from error
        if not isinstance(record, dict):
            raise UsageError(f"{name}, line {number}: not a JSON object")
        yield record


def _listed(members: Members, manifest: Manifest) -> Iterator[tuple[str, dict[str, Any]]]:
    if manifest.name.endswith(".json"):
        yield from _karpathy(members, manifest)
        return
    rows = _table(manifest) if manifest.name.endswith(".csv") else json_lines(manifest.text, manifest.name)
    for row in rows:
        paths = read_record(row).paths
        pictures = [path for path in paths if posixpath.splitext(path)[1].lower() in PICTURE_SUFFIXES]
        if pictures:
            yield posixpath.normpath(posixpath.join(manifest.folder, pictures[0])), row


def _table(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """The rows of a CSV by its first line; what stands beyond the last column is left out."""
    # Strictly, or a quote that is never closed would swallow the rows behind it without a word.
    rows = csv.DictReader(io.StringIO(manifest.text, newline=""), restkey="", restval="", strict=True)
    begins = 1
    try:
        for row in rows:
            yield {name: cell for name, cell in row.items() if name}
            begins = rows.line_num + 1
    except csv.Error as error:
        where = max(begins, 2)
        raise UsageError(f"{manifest.name}, line {where}: {error} (is a quote never closed?)") from error


def _karpathy(members: Members, manifest: Manifest) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        for image in json.loads(manifest.text)["images"]:
            folders = (image.get("filepath", ""), *IMAGE_FOLDERS)
            names = [posixpath.join(manifest.folder, place, image["filename"]) for place in folders]
            found = next((name for name in names if name in members), names[0])
            sentences = [sentence["raw"] for sentence in image.get("sentences", ())]
            yield posixpath.normpath(found), {**image, "captions": sentences}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{manifest.name} is not a captioned collection ({error!r}): it should hold "
            '{"images": [{"filename": …, "sentences": [{"raw": …}]}]}'
        ) from error


def _beside(members: Members) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pictures and what the files beside each say of it: those of its name, with its suffix and without, and those of
    its key, which ends at the first dot (``0001.mask.png`` is of the key 0001, whose picture is ``0001.png``)."""
    names = members.names()
    there = {name.lower(): name for name in names}
    keys = {_key(name) for name in names if _is_picture(name) and posixpath.splitext(name)[0] == _key(name)}
    for name in names:
        stem, key = posixpath.splitext(name)[0], _key(name)
        if not _is_picture(name) or (stem != key and key in keys):
            continue
        row: dict[str, Any] = {}
        for base in dict.fromkeys((key, stem, name)):
            beside = {suffix: there.get(f"{base}.{suffix}".lower()) for suffix in SIDECARS}
            if beside["json"]:
                text = members.text(beside["json"]).replace("\n", " ").replace("\r", " ")
                row |= next(json_lines(text, beside["json"]), {})
            if beside["txt"]:
                row["captions"] = members.text(beside["txt"]).splitlines()
            if beside["cls"]:
                row["cls"] = members.text(beside["cls"]).strip()
        yield name, row


def _is_picture(name: str) -> bool:
    return posixpath.splitext(name)[1].lower() in PICTURE_SUFFIXES


def _key(name: str) -> str:
    folder, base = posixpath.split(name)
    return posixpath.join(folder, base.partition(".")[0])


def _captions(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The record's captions, or else its text as one.

    Where it has the annotators' ``captions``, these only: ``caption`` is then the printed line under a figure, which
    tells who is shown rather than what, and no measure of retrieval by description.
    """
    if row.get("captions"):
        row = {name: value for name, value in row.items() if name.lower() != "caption"}
    record = read_record(row)
    return record.captions or ((record.body,) if record.body else ())
