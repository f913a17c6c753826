"""Test collections: captioned pictures, and texts with judged queries, from a folder, an archive or one file.

Pictures of equal content are one picture here, with the captions of all: an index can't tell them apart, and
neither is a wrong answer for the other's captions. So each caption has exactly one right picture.
"""

from __future__ import annotations

import hashlib
import posixpath
import random
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from mmsearch.datasets.beir import CORPUS, TextCollection, read_beir
from mmsearch.datasets.captioned import CaptionedMember, Manifest, find_manifest, read_captioned
from mmsearch.datasets.members import open_members
from mmsearch.errors import MediaError, UsageError
from mmsearch.ingest.manifest.manifest import MANIFEST_NAMES
from mmsearch.media.files import read_file
from mmsearch.media.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mmsearch.datasets.members import Members

Thing = TypeVar("Thing")

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
# The split to measure on when a collection says which of its pictures are for training.
TEST_SPLIT = "test"
ALL_SPLITS = "all"


@dataclass(frozen=True, slots=True)
class CaptionedPicture:
    """A picture file and what people wrote of it.

    ``key`` is its name in the collection, ``sha256`` (hex) that of its content.
    """

    key: str
    file: Path
    sha256: str
    captions: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Captioned:
    """Captioned pictures, each content once. ``notes`` say what was left out or joined."""

    name: str
    pictures: tuple[CaptionedPicture, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Which part of a collection: ``split`` None is its test split if it has one, "all" is everything.

    ``sample``: so many pictures (or queries), drawn at random with ``seed``; None means all.
    ``images``: the folder of the pictures, when they don't lie beside the file that lists them.
    """

    split: str | None = None
    sample: int | None = None
    seed: int = 0
    images: Path | None = None


@contextmanager
def open_collection(path: Path, choice: Choice = Choice()) -> Iterator[Captioned | TextCollection]:
    """The collection at ``path``; what has to be unpacked is gone when the context ends.

    Raises UsageError when there is none, or when it can't be read.
    """
    if not path.exists():
        raise UsageError(f"there is no collection {path}: name a folder, a zip or tar, or a manifest")
    listed = path.is_file() and not path.name.lower().endswith(ARCHIVES)
    with (
        TemporaryDirectory(prefix="mmsearch-collection-") as work,
        open_members(path.parent if listed else path, Path(work)) as members,
    ):
        name = path.name if listed else find_manifest(members, (CORPUS, *MANIFEST_NAMES))
        if name is not None and posixpath.basename(name) == CORPUS:
            yield _sampled_queries(read_beir(members, name, path.name, choice.split), choice)
            return
        manifest = None if name is None else Manifest(name, members.text(name), posixpath.dirname(name))
        if choice.images is None:
            yield _captioned(path.name, members, manifest, choice)
            return
        if manifest is not None:
            manifest = replace(manifest, folder="")
        with open_members(choice.images, Path(work)) as pictures:
            yield _captioned(path.name, pictures, manifest, choice)


def _captioned(name: str, members: Members, manifest: Manifest | None, choice: Choice) -> Captioned:
    found = list(read_captioned(members, manifest))
    if not found:
        raise UsageError(
            f"{name} holds no captioned pictures ({', '.join(MANIFEST_NAMES)}, Karpathy's JSON, WebDataset) "
            f"and no judged texts ({CORPUS}, queries.jsonl, qrels/)"
        )
    chosen, notes = _of_split(found, choice.split)
    if choice.sample is not None and choice.sample < len(chosen):
        notes.append(f"{choice.sample} of {len(chosen)} pictures, drawn with seed {choice.seed}")
        chosen = _sampled(chosen, choice.sample, choice.seed)
    files = ((m, members.file(m.name) if m.name in members else None) for m in chosen)
    pictures, joined, missing = _by_content(files)
    if joined:
        notes.append(f"copies that count as one with another picture: {joined}")
    if missing:
        notes.append(f"pictures that are listed but can't be read, left out: {missing}")
    if not pictures:
        raise UsageError(f"{name}: none of the {missing} pictures can be read; give their folder by --images")
    return Captioned(name, pictures, tuple(notes))


def _of_split(
    found: Sequence[CaptionedMember], split: str | None
) -> tuple[Sequence[CaptionedMember], list[str]]:
    splits = sorted({member.split for member in found if member.split is not None})
    wanted = split or (TEST_SPLIT if TEST_SPLIT in splits else ALL_SPLITS)
    if wanted == ALL_SPLITS:
        return found, []
    chosen = [member for member in found if member.split == wanted]
    if not chosen:
        raise UsageError(f"no picture is of the split {wanted!r}: it has {', '.join(splits) or 'none'}")
    note = f"the split {wanted!r}: {len(chosen)} of {len(found)} pictures"
    return chosen, [] if splits == [wanted] else [note]


def _by_content(
    files: Iterable[tuple[CaptionedMember, Path | None]],
) -> tuple[tuple[CaptionedPicture, ...], int, int]:
    """Each content once, in order; how many copies were joined with another, and how many can't be read."""
    by_content: dict[str, CaptionedPicture] = {}
    joined = missing = 0
    for member, file in files:
        try:
            content = read_file(file, Limits().max_bytes) if file else b""
        except MediaError:
            content = b""
        if file is None or not content:
            missing += 1
            continue
        sha256 = hashlib.sha256(content).hexdigest()
        known = by_content.get(sha256)
        if known is None:
            by_content[sha256] = CaptionedPicture(member.name, file, sha256, member.captions)
        else:
            joined += 1
            by_content[sha256] = replace(known, captions=known.captions + member.captions)
    return tuple(by_content.values()), joined, missing


def _sampled_queries(collection: TextCollection, choice: Choice) -> TextCollection:
    """Fewer queries over the same documents: with fewer documents the task would be another."""
    if choice.sample is None or choice.sample >= len(collection.queries):
        return collection
    chosen = _sampled(list(collection.queries), choice.sample, choice.seed)
    note = f"{choice.sample} of {len(collection.queries)} queries, drawn with seed {choice.seed}"
    return replace(
        collection,
        notes=(*collection.notes, note),
        queries={query: collection.queries[query] for query in chosen},
        qrels={query: collection.qrels[query] for query in chosen},
    )


def _sampled(things: Sequence[Thing], count: int, seed: int) -> list[Thing]:
    """``count`` of ``things`` at random, in their own order."""
    picked = random.Random(seed).sample(range(len(things)), count)
    return [things[place] for place in sorted(picked)]
