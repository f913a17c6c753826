"""What a crawl passes over: files of kinds that are not read, counted by kind, and tables that may be manifests."""

from __future__ import annotations

from collections import Counter

NO_SUFFIX = "no suffix"
LINK = "symbolic link"
_LONGEST_SUFFIX = 16


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

    def add(self, path: str, kind: str) -> None:
        """Count one file, by its path in the corpus."""
        self.kinds[kind] += 1
        if self.listed:
            self.paths.append(path)


def kind_of(suffix: str) -> str:
    """The kind of a file with this ``suffix``, in lower case with its dot: one that no program gave is none."""
    plain = 1 < len(suffix) <= _LONGEST_SUFFIX and suffix.isprintable() and not any(map(str.isspace, suffix))
    return suffix if plain else NO_SUFFIX
