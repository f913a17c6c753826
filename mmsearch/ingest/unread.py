"""What a crawl passes over: files of kinds that are not read, counted by kind, and tables that may be manifests."""

from __future__ import annotations

import os
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.ingest.ignored import is_hidden
from mmsearch.ingest.manifest.manifest import MANIFEST_SUFFIXES
from mmsearch.ingest.manifest.offers import manifest_command
from mmsearch.ingest.sources import printable
from mmsearch.media.kinds import suffixes_of_missing_extras, suffixes_read

if TYPE_CHECKING:
    from collections.abc import Collection

    from mmsearch.ingest.ignored import Ignored

NO_SUFFIX = "no suffix"
LINK = "symbolic link"
_LONGEST_SUFFIX = 16
_MOST_OFFERS, _MOST_LOOKS = 5, 50  # a folder of measurements holds thousands of tables


class Unread:
    """A tally that a crawl fills.

    ``kinds``: how many files there are of each kind (".pdf", "no suffix", "symbolic link"). ``paths``: which, as
    far as they are wanted (``listed``). ``offers``: manifests that nobody asked to read, as sentences.
    ``out_of_reach``: paths of files that an extra reads which is not installed now: what was made of them, stays.
    """

    def __init__(self, *, listed: bool = False) -> None:
        self.kinds: Counter[str] = Counter()
        self.listed = listed
        self.paths: list[str] = []
        self.offers: list[str] = []
        self.out_of_reach: set[str] = set()
        self._looks = 0
        self._extra = suffixes_of_missing_extras()

    def add(self, path: str, kind: str) -> None:
        """Count one file, by its path in the corpus."""
        self.kinds[kind] += 1
        if self.listed:
            self.paths.append(printable(path))

    def pass_over(self, path: str, file: str, suffix: str) -> None:
        """Count the ``file`` at ``path`` in the corpus by its ``suffix``; offer it when its records name files."""
        self.add(path, kind_of(suffix))
        if suffix in self._extra:
            self.out_of_reach.add(path)
        if suffix in MANIFEST_SUFFIXES and len(self.offers) < _MOST_OFFERS and self._looks < _MOST_LOOKS:
            self._looks += 1
            if (command := manifest_command(Path(file))) is not None:
                self.offers.append(printable(f"{path} looks like a manifest: {command}"))


@lru_cache(1024)
def kind_of(suffix: str) -> str:
    """The kind of a file with this ``suffix``, in lower case with its dot: one that no program gave is none."""
    plain = 1 < len(suffix) <= _LONGEST_SUFFIX and suffix.isprintable() and not any(map(str.isspace, suffix))
    return suffix if plain else NO_SUFFIX


def count_unnamed(
    folder: str, name: str, manifest: str, named: Collection[str], ignored: Ignored, unread: Unread
) -> None:
    """Count what lies in a manifest's ``folder`` and below that none of its records names.

    ``name``: the folder in the corpus, "" or "a/b/", where ``named`` files are told by their paths.
    """
    documents = suffixes_read()
    stack = [(folder, name)]
    while stack:
        here, prefix = stack.pop()
        try:
            with os.scandir(here) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:  # the manifest's own files are told of one by one
            continue
        for entry in entries:
            path = prefix + entry.name
            if is_hidden(entry.name) or entry.is_symlink() or path in named:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not ignored(path + "/"):
                    stack.append((entry.path, path + "/"))
            elif path != name + manifest and not ignored(path):
                suffix = os.path.splitext(entry.name)[1].lower()
                unread.add(
                    path, f"{suffix} not named by {manifest}" if suffix in documents else kind_of(suffix)
                )
