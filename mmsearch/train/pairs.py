"""Captioned pictures to train on: folders, zips and tars of them, manifests, sidecars, Karpathy JSON.

A source is named with or without its suffix. Pictures stay where they are until ``read`` is called.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from mmsearch.errors import UsageError

MANIFESTS = ("records.jsonl", "manifest.jsonl", "manifest.csv", "metadata.csv")
PICTURES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)
PICTURE_KEYS = ("path", "image", "file", "filename", "file_name")
CAPTION_KEYS = ("captions", "caption", "text", "txt", "label")  # the first that a record has


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
    keeps the records of that split only. UsageError if nothing is left.
    """
    fields, classes = tuple(extra), tuple(labels)
    pairs = []
    for picture, record in _records(source):
        captions = _captions(record)
        if captions and (split is None or record.get("split") == split):
            more = (text.strip() for name in fields for text in _texts(record.get(name)))
            known = frozenset(captions)
            further = tuple(text for text in dict.fromkeys(more) if text and text not in known)
            pairs.append(Pair(picture, captions, further, tuple(_labels(record.get(f)) for f in classes)))
    if not pairs:
        raise UsageError(
            f"{source}: no captioned pictures; mmsearch reads sidecars and {', '.join(MANIFESTS)}"
        )
    return pairs


def read_text_groups(source: Path) -> list[tuple[str, ...]]:
    """Groups of at least two texts that mean the same: a JSON line each, ``captions``, or ``en`` and ``more``."""
    groups = []
    for record in _json_lines(source.read_bytes(), source.suffix == ".gz"):
        texts = [*_texts(record.get("captions")), *_texts(record.get("en")), *_texts(record.get("more"))]
        group = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
        if len(group) > 1:
            groups.append(group)
    return groups


def read_pictures(pictures: Iterable[Picture]) -> Iterator[bytes]:
    """The bytes of each picture, in order, none for one that is not there; an archive is opened once for a run of
    its members.
    """
    for container, members in groupby(pictures, key=lambda picture: picture.container):
        if container is None:
            for picture in members:
                path = Path(picture.path)
                yield path.read_bytes() if path.is_file() else b""
        else:
            with closing(_open_archive(container)) as archive:
                for picture in members:
                    yield archive.get(picture.path, b"")


class _Archive(Mapping[str, bytes]):
    """The members of a zip or tar by name."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path) if zipfile.is_zipfile(path) else None
        self._tar = None if self._zip else tarfile.open(path)  # noqa: SIM115 - lives as long as this object
        # By name here, since a tar file itself looks for a member among all of them.
        members = self._tar.getmembers() if self._tar else ()
        self._members = {member.name: member for member in members if member.isfile()}

    def close(self) -> None:
        for archive in (self._zip, self._tar):
            if archive is not None:
                archive.close()

    def __getitem__(self, name: str) -> bytes:
        if self._zip:
            return self._zip.read(name)
        assert self._tar is not None
        member = self._tar.extractfile(self._members[name])
        assert member is not None, name
        return member.read()

    def __iter__(self) -> Iterator[str]:
        if self._zip:
            return iter(n for n in self._zip.namelist() if not n.endswith("/"))
        return iter(self._members)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Folder(Mapping[str, bytes]):
    """The files below a folder by their relative name."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getitem__(self, name: str) -> bytes:
        return (self._path / name).read_bytes()

    def __iter__(self) -> Iterator[str]:
        files = (path for path in self._path.rglob("*") if path.is_file())
        return iter(sorted(path.relative_to(self._path).as_posix() for path in files))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _open_archive(path: Path) -> _Archive:
    try:
        return _Archive(path)
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path}: {error}; give a zip or tar of pictures") from error


def _records(source: Path) -> Iterator[tuple[Picture, dict[str, Any]]]:
    if source.is_dir():
        yield from _members(_Folder(source), None, source)
    elif source.suffix in {".zip", ".tar"}:
        with closing(_open_archive(source)) as archive:
            yield from _members(archive, source, Path())
    else:
        yield from _listed(source.name, source.read_bytes(), None, source.parent)


def _members(
    files: Mapping[str, bytes], container: Path | None, folder: Path
) -> Iterator[tuple[Picture, dict[str, Any]]]:
    names = set(files)
    for name in MANIFESTS:
        if name in names:
            yield from _listed(name, files[name], container, folder)
            return
    for name in files:
        if PurePosixPath(name).suffix.lower() in PICTURES:
            yield _place(name, container, folder), _sidecar(name, names, files)


def _sidecar(name: str, names: set[str], files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the files beside a picture say of it: NAME.json, NAME.txt (a caption a line), NAME.cls."""
    stem = str(PurePosixPath(name).with_suffix(""))
    record: dict[str, Any] = {}
    for base in (stem, name):
        if f"{base}.json" in names:
            loaded = json.loads(files[f"{base}.json"])
            record |= loaded if isinstance(loaded, dict) else {}
        if f"{base}.txt" in names:
            lines = files[f"{base}.txt"].decode("utf-8-sig", "replace").splitlines()
            record["captions"] = [line.strip() for line in lines if line.strip()]
        if f"{base}.cls" in names:
            record["cls"] = files[f"{base}.cls"].decode("utf-8-sig", "replace").strip()
    return record


def _listed(
    name: str, content: bytes, container: Path | None, folder: Path
) -> Iterator[tuple[Picture, dict[str, Any]]]:
    for record in _manifest(name, content):
        path = next((record[key] for key in PICTURE_KEYS if record.get(key)), None)
        if isinstance(path, str):
            yield _place(path, container, folder), record


def _manifest(name: str, content: bytes) -> Iterator[dict[str, Any]]:
    if name.endswith(".csv"):
        yield from csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    elif name.endswith(".json"):  # Karpathy's splits: {"images": [{"filepath", "filename", "sentences": …}]}
        for image in json.loads(content)["images"]:
            sentences = [sentence["raw"] for sentence in image.get("sentences", ())]
            path = str(PurePosixPath(image.get("filepath", "")) / image["filename"])
            yield {**image, "path": path, "captions": sentences}
    else:
        yield from _json_lines(content, name.endswith(".gz"))


def _json_lines(content: bytes, packed: bool) -> Iterator[dict[str, Any]]:
    for line in (gzip.decompress(content) if packed else content).decode("utf-8-sig").splitlines():
        if line.strip():
            yield json.loads(line)


def _place(path: str, container: Path | None, folder: Path) -> Picture:
    return Picture(path, container) if container else Picture(str(folder / path))


def _labels(value: Any) -> tuple[str, ...] | None:
    """A label, a list of them, or several in one text with ";" between them; None where there is no field."""
    if value is None or isinstance(value, dict):
        return None
    parts = value if isinstance(value, list | tuple) else str(value).split(";")
    labels = tuple(dict.fromkeys(" ".join(str(part).split()) for part in parts if part is not None))
    return tuple(label for label in labels if label)


def _captions(record: Mapping[str, Any]) -> tuple[str, ...]:
    for key in CAPTION_KEYS:
        texts = tuple(dict.fromkeys(text.strip() for text in _texts(record.get(key)) if text.strip()))
        if texts:
            return texts
    return ()


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list | tuple) else []
