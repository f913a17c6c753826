"""Profiles, as the index directory keeps them: what a person liked and disliked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmsearch.errors import IndexDirectoryError, UsageError
from mmsearch.store.durable.files import plain_errors
from mmsearch.store.durable.sealed import read_sealed, write_sealed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROFILES = "profiles"
FORMAT = 1
_NAME = re.compile(r"[\w][\w .-]{0,63}")


@dataclass(frozen=True, slots=True)
class Profile:
    """Examples by where they lie, in the order in which they were given; nothing is in both lists."""

    name: str
    likes: tuple[dict[str, str], ...] = ()
    dislikes: tuple[dict[str, str], ...] = ()


def read_profile(directory: Path, name: str) -> Profile:
    """The profile ``name`` of the index at ``directory``; an empty one when there is none.

    Raises UsageError for a name that can't be a file's, IndexDirectoryError for a damaged or newer file.
    """
    file = _file(directory, name)
    try:
        data: Any = read_sealed(file)
        if data is None:
            return Profile(name)
        found = profile_of(name, data)
    except ValueError as error:
        raise IndexDirectoryError(f"{file} is damaged; delete it to start the profile anew") from error
    if data["format"] > FORMAT:
        raise IndexDirectoryError(f"{file} was written by a newer mmsearch; update mmsearch")
    return found


def profile_of(name: str, record: Mapping[str, Any]) -> Profile:
    """The profile in the object that ``write_profile`` wrote; ValueError for another. A newer one is empty."""
    try:
        if record["format"] > FORMAT:
            return Profile(name)
        likes, dislikes = (tuple(_places(record[kind])) for kind in ("likes", "dislikes"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no profile") from error
    return Profile(name, likes, dislikes)


def write_profile(directory: Path, profile: Profile) -> None:
    """Put ``profile`` in the place of the one of its name, durably; of two writers the later one stays."""
    file = _file(directory, profile.name)
    with plain_errors(file):
        file.parent.mkdir(exist_ok=True)
    data = {"format": FORMAT, "likes": profile.likes, "dislikes": profile.dislikes}
    write_sealed(file, data)


def delete_profile(directory: Path, name: str) -> bool:
    """Delete the profile; whether there was one."""
    file = _file(directory, name)
    with plain_errors(file):
        known = file.exists()
        file.unlink(missing_ok=True)
    return known


def profile_names(directory: Path) -> list[str]:
    """The names of all profiles, sorted."""
    return sorted(file.stem for file in (directory / PROFILES).glob("*.json"))


def _places(entries: Any) -> list[dict[str, str]]:
    places = [{str(key): str(value) for key, value in entry.items()} for entry in entries]
    if not all("path" in place or "file" in place for place in places):
        raise ValueError("an entry without a place")
    return places


def _file(directory: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} can't be a profile's name: use letters, digits, blanks and .-_")
    return directory / PROFILES / f"{name}.json"
