"""Captions from a program of the user's own: JSON lines that name files by their paths in the index."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import UsageError
from mmsearch.ingest.enrich.enricher import Found, Look, Subject
from mmsearch.ingest.manifest.records import clean
from mmsearch.media.files import digest, open_regular
from mmsearch.media.limits import Limits
from mmsearch.store.catalogue.enrichment import Enrichment
from mmsearch.store.folding import composed
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mmsearch.store.catalogue.values import StoredItem

_FIRST = 1_000  # the number of the first caption: those of the corpus itself begin at 0
_MOST, _LONGEST = 50, 2_000  # captions of one place; characters of one
_SHOWN = 80


@dataclass(frozen=True)
class Captions:
    """Captions that a ``file`` lists: ``{"path": "a.jpg", "caption": "a cat"}``, or ``"captions": [...]``.

    ``"locator": "page:4"`` says which picture of a document they are of; without one, they are of its first picture, or
    of a document without pictures as a whole. ``model``: who wrote them (None: the file's name). A file that has
    changed is another version. Raises UsageError, with the line, for what is no such record.
    """

    file: Path
    model: str | None = None
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def enrichment(self) -> Enrichment:
        """As `Enricher`; the version is the beginning of the file's SHA-256."""
        return Enrichment("captions", self.model or self.file.stem, digest(self.file).hex()[:12])

    @property
    def is_whole(self) -> bool:
        """As `Enricher`: the file says all."""
        return True

    def subjects(self, items: Sequence[StoredItem], document_key: bytes | None) -> Iterator[Subject]:
        """As `Enricher`: the pictures that the file speaks of."""
        if not items or composed(items[0].path) not in self._places:
            return
        pictures = [item for item in items if item.modality == "image"]
        for place in self._places[composed(items[0].path)]:
            chosen = (
                pictures[:1] or list(items[:1])
                if place == ""
                else [i for i in items if str(i.locator) == place]
            )
            if chosen:
                yield _subject(chosen[0])

    def look(self, subjects: Sequence[Subject]) -> Iterator[Look]:
        """As `Enricher`."""
        for subject in subjects:
            texts = self._captions[composed(subject.path), self._asked(subject)]
            found = (Found(text, Locator("caption", _FIRST + n)) for n, text in enumerate(texts))
            yield Look(subject, tuple(found))

    def _asked(self, subject: Subject) -> str:
        """The place as the file has it."""
        written = str(subject.place)
        return written if (composed(subject.path), written) in self._captions else ""

    @cached_property
    def _places(self) -> Mapping[str, list[str]]:
        places: dict[str, list[str]] = {}
        for path, place in self._captions:
            places.setdefault(path, []).append(place)
        return places

    @cached_property
    def _captions(self) -> Mapping[tuple[str, str], list[str]]:
        """The captions of each (path, place)."""
        found: dict[tuple[str, str], list[str]] = {}
        with open_regular(self.file) as lines:
            for number, line in enumerate(
                iter(lambda: lines.readline(self.limits.max_text_bytes + 1), b""), 1
            ):
                if not line.strip():
                    continue
                try:
                    path, place, texts = _record(line)
                except (ValueError, RecursionError) as error:
                    reason = " ".join(str(error).split())[:_SHOWN]
                    raise UsageError(
                        f"{self.file}:{number}: no record with path and caption ({reason})"
                    ) from error
                known = found.setdefault((composed(path), place), [])
                known += [text for text in texts if text not in known]
                del known[_MOST:]
        return found


def _subject(item: StoredItem) -> Subject:
    return Subject(item.key, Path(item.corpus_root) / item.path, item.path, item.locator, (item,))


def _record(line: bytes) -> tuple[str, str, list[str]]:
    """(path, locator or "", captions); ValueError for anything else."""
    record = json.loads(line)
    if not isinstance(record, dict) or not isinstance(record.get("path"), str):
        raise ValueError("it has no path")
    listed = record.get("captions", record.get("caption"))
    listed = listed if isinstance(listed, list) else [listed]
    if not all(isinstance(text, str) for text in listed):
        raise ValueError("a caption is a text")
    texts = [clean(" ".join(text.split()))[:_LONGEST] for text in listed]
    place = str(record.get("locator") or "")
    if place:
        place = str(Locator.parse(place))
    return record["path"].replace("\\", "/").removeprefix("./"), place, [text for text in texts if text]
