"""Sidecars: ``photo.txt``, ``photo.json``, ``photo.jpg.txt`` or ``photo.jpg.json`` beside ``photo.jpg``.

Google Takeout has names of its own: takeout.py knows them. Subtitles lie beside films and recordings: ``film.srt``,
``film.en.srt`` or ``film.mp4.srt`` beside ``film.mp4``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.ingest.manifest.records import Record, clean, parse_json, read_record
from mmsearch.ingest.takeout import is_takeout, takeout_record, takeout_sidecars

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mmsearch.media.limits import Limits
    from mmsearch.types import FieldValue

SIDECAR_SUFFIXES = (".json", ".txt")
_LONGEST_CAPTION = 300  # characters; longer ones are prose, which is split into passages
_MOST_CAPTIONS = 20
_MOST_WORDS, _LONGEST_WORD = (
    2,
    12,
)  # between a film's name and the suffix of its subtitles: "en", "pt-BR", "forced"
_MOST_SUBTITLES = 16


def assign_sidecars(pictures: Iterable[str], sidecars: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Which of the file names ``sidecars`` belong to each of ``pictures``, the more specific name first.

    ``photo.txt`` belongs to ``photo.jpg`` and to ``photo.cr2`` if both are there. Pictures without any are
    left out.
    """
    by_stem: dict[str, list[str]] = {}
    for name in sorted(sidecars):
        by_stem.setdefault(name.rpartition(".")[0], []).append(name)
    found: dict[str, tuple[str, ...]] = {}
    if not by_stem:
        return found
    without = []
    for picture in pictures:
        names = [*by_stem.get(picture, ()), *by_stem.get(picture.rpartition(".")[0], ())]
        if names:
            found[picture] = tuple(names)
        else:
            without.append(picture)
    exported = [name for names in by_stem.values() for name in names if name.endswith(".json")]
    return found | {picture: (name,) for picture, name in takeout_sidecars(without, exported).items()}


def assign_subtitles(films: Iterable[str], subtitles: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Which of the file names ``subtitles`` belong to each of ``films`` (and recordings), those without any left out.

    Between a film's name and the suffix there may be one or two words more, a language and what they are for.
    """
    by_stem: dict[str, list[str]] = {}
    for film in films:
        for stem in {film.casefold(), film.rpartition(".")[0].casefold()}:
            by_stem.setdefault(stem, []).append(film)
    found: dict[str, list[str]] = {}
    for name in sorted(subtitles):
        stem = name.rpartition(".")[0].casefold()
        for _ in range(_MOST_WORDS + 1):
            if stem in by_stem:
                for film in by_stem[stem]:
                    found.setdefault(film, []).append(name)
                break
            stem, _, word = stem.rpartition(".")
            if not stem or len(word) > _LONGEST_WORD:
                break
    return {film: tuple(names[:_MOST_SUBTITLES]) for film, names in found.items()}


@dataclass(frozen=True, slots=True)
class Annotation:
    """What the sidecars of one picture say; ``text`` is one that holds prose, to be read like a text file."""

    record: Record
    text: Path | None = None


def read_sidecar(path: Path, limits: Limits) -> Annotation:
    """Read one sidecar; MediaError with the reason when it can't be.

    JSON: an object as in a manifest (its paths are ignored), or a caption, or a list of captions. Text: a
    caption for each paragraph, or for each line when there is no empty line; prose if any is long.
    """
    from mmsearch.media.text.text import read_text

    text = read_text(path, limits).text
    if path.suffix.lower() != ".json":
        captions = _captions(text)
        return Annotation(Record(captions=captions)) if captions else Annotation(Record(), path)
    value = parse_json(text)
    if isinstance(value, dict):
        return Annotation(takeout_record(value) if is_takeout(value) else read_record(value))
    if isinstance(value, str | list):
        return Annotation(read_record({"captions": value}))
    raise MediaError("not a JSON object with captions or fields")


def _captions(text: str) -> tuple[str, ...]:
    parts = re.split(r"\n\s*\n", text.strip())
    if len(parts) == 1:
        parts = parts[0].splitlines()
    captions = [clean(" ".join(part.split())) for part in parts]
    captions = list(dict.fromkeys(caption for caption in captions if caption))
    if len(captions) > _MOST_CAPTIONS or any(len(caption) > _LONGEST_CAPTION for caption in captions):
        return ()
    return tuple(captions)


def merge(annotations: Iterable[Annotation]) -> Annotation:
    """What several sidecars say together: all captions, the first title, text and field of each name."""
    captions: dict[str, None] = {}
    title: str | None = None
    bodies: list[str] = []
    fields: Mapping[str, FieldValue] = {}
    supplements: Mapping[str, FieldValue] = {}
    text: Path | None = None
    for annotation in annotations:
        record = annotation.record
        captions |= dict.fromkeys(record.captions)
        title = title or record.title
        bodies += [record.body] if record.body else []
        fields = {**record.fields, **fields}
        supplements = {**record.supplements, **supplements}
        text = text or annotation.text
    record = Record(
        captions=tuple(captions),
        title=title,
        body="\n\n".join(bodies) or None,
        fields=fields,
        supplements=supplements,
    )
    return Annotation(record, text)
