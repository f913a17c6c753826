"""Which files are being decoded: what a run leaves behind when one of them ends it.

One small file a batch, in the index. It is not synced: the death of a process doesn't take it along, and a power cut
is nobody's decoder.
"""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING

from mmsearch.store.durable.files import plain_errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Journal:
    """The journal of one run over the corpus at ``root``, in ``folder``. Only under the index's lock.

    ``left``: paths that earlier runs were decoding when they ended.
    """

    def __init__(self, folder: Path, root: str) -> None:
        self.folder, self.root = folder, root
        self._old: list[Path] = []
        self.left: set[str] = set()
        with plain_errors(folder):
            folder.mkdir(exist_ok=True)
            there = sorted(folder.glob("*.json"))
        for file in there:
            paths = _paths(file, root)
            if paths is not None:
                self._old.append(file)
                self.left.update(paths)
        numbers = [int(file.stem) for file in there if file.stem.isdigit()]
        self._numbers = count(max(numbers, default=0) + 1)

    def begin(self, paths: Iterable[str]) -> Path:
        """Write down that ``paths`` are about to be decoded; what ``end`` takes."""
        file = self.folder / f"{next(self._numbers)}.json"
        with plain_errors(file):
            file.write_text(json.dumps({"root": self.root, "paths": list(paths)}), encoding="utf-8")
        return file

    def end(self, entry: Path) -> None:
        """They have been decoded."""
        with plain_errors(entry):
            entry.unlink(missing_ok=True)

    def settle(self) -> None:
        """What earlier runs left behind has been dealt with."""
        for file in self._old:
            self.end(file)
        self._old.clear()


def _paths(file: Path, root: str) -> list[str] | None:
    """The paths of an entry of this corpus; [] for one that was cut off, None for another corpus's."""
    try:
        entry = json.loads(file.read_text(encoding="utf-8"))
        return [str(path) for path in entry["paths"]] if entry["root"] == root else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
