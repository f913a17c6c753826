"""Which files of a corpus are left out: hidden ones, ``.mmsearchignore`` files, exclude patterns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from mmsearch.errors import MediaError, UsageError
from mmsearch.store.folding import composed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

IGNORE_FILE = ".mmsearchignore"
_MOST_BYTES = 1 << 20
_STAR, _FOLDERS, _LEADING = "[^/]*", "(?:/.+)?", "^(?:.+/)?"  # as pathspec writes * and **
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
        from mmsearch.media.files import open_regular
        from mmsearch.media.text.encoding import decode_text

        with open_regular(ignore_file) as file:
            patterns = _spec(decode_text(file.read(_MOST_BYTES)).splitlines())
        return Ignored((*self.rules, (composed(folder), patterns)), self.excluded)

    def __call__(self, path: str) -> bool:
        """Whether ``path``, relative to the corpus and ending in "/" for a folder, is left out.

        Letters with marks are the same in one character or in two.
        """
        path = composed(path)
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
        return GitIgnoreSpec.from_lines([composed(pattern) for pattern in patterns], _pattern())
    except ValueError as error:
        raise MediaError(f"not a pattern: {error}") from error


@cache
def _pattern() -> type[GitIgnoreSpecPattern]:
    """gitignore's patterns, in an expression that no file's name makes slow."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    class Pattern(GitIgnoreSpecPattern):
        @classmethod
        def pattern_to_regex(cls, pattern: Any) -> tuple[Any, bool | None]:
            expression, include = super().pattern_to_regex(pattern)
            if expression is None:
                return None, include
            return _without_backtracking(expression), include

    return Pattern


def _without_backtracking(expression: str) -> str:
    """What stands between two stars is taken where it first stands, for good, as in store/globs.py."""
    *earlier, last = expression.split(_FOLDERS)
    if not earlier:
        return _names(last)
    first = earlier[0].removeprefix(_LEADING)
    leading = "^(?:.+?/)??" if first != earlier[0] else ""
    between = [f"(?>(?:/.+?)??{_names(names)}(?=/))" for names in earlier[1:]]
    return "".join([f"(?>{leading}{_names(first)}(?=/))", *between, _FOLDERS, _names(last)])


def _names(expression: str) -> str:
    first, *others = expression.split(_STAR)
    if not others:
        return first
    # before a slash a star ends where its name does
    pieces = [f"{_STAR}{piece}" if "/" in piece else f"(?>[^/]*?{piece})" for piece in others[:-1]]
    return "".join([first, *pieces, _STAR, others[-1]])
