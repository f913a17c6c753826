"""Watch a corpus: one indexing run at the beginning, and one after each burst of changes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import IndexLockedError, MmsearchError, RemovalError, UsageError
from mmsearch.library.library import DEFAULT_INDEX_DIR
from mmsearch.watch.concerns import Concern
from mmsearch.watch.moments import is_remote, moments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.ingest.options import IndexOptions, IndexReport

EVERY = 1.0  # seconds between two looks at all files, where it must be looked
AGAIN_WHEN_LOCKED, AGAIN = 1.0, 10.0  # seconds until a run that failed is tried again


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did, as ``report``; or, when it could not, the ``problem``, in a line, and its ``kind``."""

    report: IndexReport | None = None
    problem: str = ""
    kind: str = ""


def watch(
    corpus: str | Path,
    index_dir: str | Path = DEFAULT_INDEX_DIR,
    *,
    encoder: str | None = None,
    options: IndexOptions | None = None,
    polling: bool | None = None,
    every: float = EVERY,
) -> Iterator[Run]:
    """Bring the index in ``index_dir`` up to date with ``corpus`` now and after each change, for good.

    What changes during a run is found by the next. ``polling``: look at all files ``every`` so many seconds instead of
    being told by the system; None does so on network file systems. ``encoder`` and ``options`` as `mmsearch.index`
    takes them.

    A run that can't be done is told once and tried again: when another process writes, a second later; after another
    error, ten seconds later; when the corpus is gone or has lost most of its documents, nothing is removed, and it is
    tried when something changes again. Raises UsageError when there is no such corpus at the beginning, or what makes
    no sense is asked for, and MissingExtraError without the extra ``watch``.
    """
    corpus, index_dir = Path(corpus).expanduser().absolute(), Path(index_dir)
    if not corpus.exists():
        raise UsageError(f"there is no corpus {corpus}: name a folder, a file, or a CSV or JSONL manifest")
    concern = Concern.of(corpus, index_dir, () if options is None else options.exclude)
    polling = is_remote(concern.root) if polling is None else polling
    pending, earliest, told, begun = False, 0.0, "", False
    for changed in moments(concern.root, concern, polling=polling, every=every):
        if changed:
            pending, earliest = True, 0.0
        if not pending or time.monotonic() < earliest:
            continue
        run, again = _run(corpus, index_dir, encoder, options, must_succeed=not begun)
        pending, begun = again is not None, True
        earliest = time.monotonic() + (again or 0.0)
        if run.report is not None or run.problem != told:
            yield run
        told = run.problem


def _run(
    corpus: Path, index_dir: Path, encoder: str | None, options: IndexOptions | None, *, must_succeed: bool
) -> tuple[Run, float | None]:
    """A run, and in how many seconds it is to be tried again; None: not before something changes."""
    from mmsearch.library.build import index

    if not corpus.exists():
        what = f"{corpus} is not there any more: nothing was removed, and watching goes on when it is back"
        return Run(problem=what, kind="missing"), None
    try:
        with index(corpus, index_dir, encoder=encoder, options=options) as library:
            return Run(library.report), None
    except RemovalError as error:
        left = error.known - error.lost
        what = (
            f"{corpus} holds {left or 'none'} of the {error.known} documents that were indexed from it: is its drive "
            "there? Nothing was removed; if they are gone for good, run `mmsearch index` with --allow-removal"
        )
        return Run(problem=what, kind="removal"), None
    except IndexLockedError as error:
        what = str(error).partition(";")[0]
        return Run(problem=f"{what}: waiting until it is done", kind="locked"), AGAIN_WHEN_LOCKED
    except MmsearchError as error:
        if must_succeed:
            raise
        return Run(problem=str(error), kind="failed"), AGAIN
