"""Which files of a corpus are left out: hidden ones, ``.mmsearchignore`` files, exclude patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".mmsearchignore"
_MOST_BYTES = 1 << 20
_MACHINE_FOLDERS = frozenset({"__MACOSX", "@eaDir", "$RECYCLE.BIN", "lost+found"})  # copies and thumbnails


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is never looked at: ``.git``, ``._photo.jpg``, ``@eaDir``."""
    return name.startswith(".") or name in _MACHINE_FOLDERS


@dataclass(frozen=True, slots=True)
class Ignored:
    """The rules that hold in one folder, outermost first: (folder, patterns), both relative to the corpus.

    Patterns are those of ``.gitignore``: the last match within a file decides, an inner file overrules an
    outer one, and what lies in an ignored folder can't be taken back. Exclude patterns overrule all files.
    """

    rules: tuple[tuple[str, GitIgnoreSpec], ...] = ()
    excluded: GitIgnoreSpec | None = None

    @property
    def nothing(self) -> bool:
        """Whether there are no rules at all."""
        return not self.rules and self.excluded is None

    def within(self, folder: str, ignore_file: Path) -> Ignored:
        """The rules for ``folder`` ("" or "a/b/") with its ``ignore_file``; MediaError if that is no text."""
        from mmsearch.media.encoding import decode_text
        from mmsearch.media.files import open_regular

        with open_regular(ignore_file) as file:
            patterns = _spec(decode_text(file.read(_MOST_BYTES)).splitlines())
        return Ignored((*self.rules, (folder, patterns)), self.excluded)

    def __call__(self, path: str) -> bool:
        """Whether ``path``, relative to the corpus and ending in "/" for a folder, is left out."""
        if self.excluded is not None and self.excluded.match_file(path):
            return True
        for folder, patterns in reversed(self.rules):
            decision = patterns.check_file(path[len(folder) :]).include
            if decision is not None:
                return decision
        return False


def exclude_rules(patterns: Sequence[str]) -> Ignored:
    """Rules from exclude patterns alone. UsageError for a pattern that can't be one."""
    if not patterns:
        return Ignored()
    try:
        return Ignored(excluded=_spec(patterns))
    except MediaError as error:
        raise UsageError(f"exclude: {error}") from error


def _spec(patterns: Sequence[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise MediaError(f"not a pattern: {error}") from error
