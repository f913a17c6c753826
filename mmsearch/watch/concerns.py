"""Which changes of files concern an index: those after which a run may find something else than before."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from mmsearch.ingest.ignored import IGNORE_FILE, Ignored, exclude_rules, is_hidden
from mmsearch.ingest.manifest.manifest import MANIFEST_SUFFIXES
from mmsearch.ingest.sidecars import SIDECAR_SUFFIXES
from mmsearch.media.kinds import SUBTITLES, suffixes_read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from watchfiles import Change

What: TypeAlias = Literal["added", "modified", "deleted"]

_BESIDE = frozenset(
    {*SIDECAR_SUFFIXES, *MANIFEST_SUFFIXES, *SUBTITLES.suffixes, ".xmp"}
)  # what belongs to documents


@dataclass(frozen=True, slots=True)
class Concern:
    """The changes that concern an index in ``index_dir`` of the folder ``root``, both absolute.

    ``only``: of all files in it this one. ``excluded``: what exclude patterns leave out; the corpus' own ignore files
    are left to the run.
    """

    root: Path
    index_dir: Path
    only: Path | None = None
    excluded: Ignored = field(default_factory=Ignored)
    suffixes: frozenset[str] = field(default_factory=lambda: suffixes_read() | _BESIDE)

    @classmethod
    def of(cls, corpus: Path, index_dir: Path, exclude: Sequence[str] = ()) -> Concern:
        """For a ``corpus`` that is a folder, a manifest (with the folder that it lies in), or one file."""
        corpus, index_dir = corpus.absolute(), index_dir.absolute()
        excluded = exclude_rules(exclude)
        if corpus.is_dir():
            return cls(corpus, index_dir, None, excluded)
        only = None if corpus.suffix.lower() in MANIFEST_SUFFIXES else corpus
        return cls(corpus.parent, index_dir, only, excluded)

    def __call__(self, change: Change, path: str) -> bool:
        """As ``watchfiles`` asks it."""
        return self.concerns(change.raw_str(), path)  # type: ignore[arg-type]  # the names of What

    def concerns(self, what: What, path: str) -> bool:
        """Whether it matters that ``path``, absolute, was added, modified or deleted."""
        if self.only is not None:
            return path == str(self.only)
        root = str(self.root).rstrip("/")
        if path == root:
            return what != "modified"
        name = path[len(root) + 1 :]
        if not path.startswith(f"{root}/") or self._is_index(path):
            return False
        *folders, last = name.split("/")
        if any(map(is_hidden, folders)) or (is_hidden(last) and last != IGNORE_FILE):
            return False
        suffix = os.path.splitext(last)[1].lower()
        known = suffix in self.suffixes or last == IGNORE_FILE
        if not self.excluded.nothing and self.excluded(name if known else f"{name}/"):
            return False
        # what has been deleted may have been a folder, whatever its name
        return known or what == "deleted" or (what == "added" and (not suffix or os.path.isdir(path)))

    def _is_index(self, path: str) -> bool:
        """Whether this is in the index, or one of the folders that it lies in, which change when it is written."""
        index = str(self.index_dir)
        return f"{path}/".startswith(f"{index}/") or index.startswith(f"{path}/")
