"""Run the queries of a collection through an index that is built for it, the way a user's index is.

Crawling is left out, everything else is the product: decoding, encoding, the store, the channels with their
backgrounds, fusion, ranking, and the line below which hits are guesses.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mmsearch.encoders.registry import DEFAULT_ENCODER, load_encoder
from mmsearch.errors import MediaError, UsageError
from mmsearch.evaluate.line import line_figures, strict
from mmsearch.evaluate.measures import available, mean, per_query, percentile
from mmsearch.evaluate.observations import approximation, observe
from mmsearch.evaluate.tasks import as_query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.evaluate.line import LineFigures
    from mmsearch.evaluate.observations import Observations
    from mmsearch.evaluate.tasks import Task
    from mmsearch.ingest.options import Progress as Reading
    from mmsearch.library import Library

Progress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run: the ``encoder`` by name, and where to keep the index (None: a temporary one).

    ``observe``: look at the scores too, for plots. ``search``: further arguments of `Library.search`, such as
    ``fusion``, ``weights`` and ``rerank``.
    """

    encoder: str = DEFAULT_ENCODER
    index_dir: Path | None = None
    progress: Progress | None = None
    observe: bool = False
    search: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came out of one task.

    ``run``: query -> (name, score) best first, at most the task's depth. ``milliseconds``: query -> wall time
    of the search, encoding of the query included. ``not_indexed`` and ``not_asked``: name -> why. ``ann_recall``:
    what an approximate vector index finds of the true first ten; None when it is exact. ``above``: query -> how many of
    its hits stand above the line.
    """

    task: Task
    encoder: str
    run: Mapping[str, Sequence[tuple[str, float]]]
    milliseconds: Mapping[str, float]
    index_seconds: float
    not_indexed: Mapping[str, str]
    not_asked: Mapping[str, str]
    ann_recall: float | None = None
    observations: Observations | None = None
    above: Mapping[str, int] = field(default_factory=dict)

    def measures(
        self, names: Sequence[str] | None = None, *, strictly: bool = False
    ) -> dict[str, dict[str, float]]:
        """Measure -> query -> value; without ``names`` the task's measures, as far as they can be computed.

        ``strictly``: of what stands above the line alone. Raises UsageError for an unknown name, or one that looks
        deeper than the run goes; MissingExtraError.
        """
        ranked = strict(self.run, self.above) if strictly else self.run
        return per_query(available(self.task.measures) if names is None else names, self.task.qrels, ranked)

    def means(self, names: Sequence[str] | None = None, *, strictly: bool = False) -> dict[str, float]:
        """Measure -> mean over all queries, as ``measures`` has them."""
        return {name: mean(values) for name, values in self.measures(names, strictly=strictly).items()}

    def line(self) -> LineFigures:
        """How right the line is."""
        return line_figures(self.task.qrels, self.run, self.above)

    def latency(self, share: float) -> float:
        """The milliseconds in which ``share`` (0 to 1) of the queries were answered."""
        return percentile(list(self.milliseconds.values()), share)


def run(task: Task, settings: Settings | None = None) -> Outcome:
    """Build the index of ``task``, ask all its queries, one after the other.

    Raises EncoderError for an encoder that is unknown, UsageError when it lacks a tower that the task needs.
    """
    settings = settings or Settings()
    with indexed(task, settings) as (library, seconds, not_indexed):
        ranked, above, milliseconds, not_asked = _ask(task, library, settings)
        missed = approximation(task, library)
        observed = observe(task, library) if settings.observe else None
    return Outcome(
        task, settings.encoder, ranked, milliseconds, seconds, not_indexed, not_asked, missed, observed, above
    )


@contextmanager
def indexed(task: Task, settings: Settings) -> Iterator[tuple[Library, float, dict[str, str]]]:
    """The open index of ``task``, the seconds that it took, and what is not in it (name -> why).

    Raises what `run` raises.
    """
    encoder = load_encoder(settings.encoder)
    _require_towers(task, encoder)
    with _index_directory(settings.index_dir, task, encoder) as directory:
        library, seconds, not_indexed = _build(task, directory, settings)
        with library:
            yield library, seconds, not_indexed


def _require_towers(task: Task, encoder: Encoder) -> None:
    asks_with = {"image" if isinstance(query, Path) else "text" for query in task.queries.values()}
    finds = {"image" if source.picture is not None else "text" for source in task.sources.values()}
    lacking = sorted({*finds, *asks_with} - encoder.modalities)
    if lacking:
        raise UsageError(
            f"{task.name} needs a tower for {' and '.join(lacking)}, which encoder {encoder.name} lacks"
        )


@contextmanager
def _index_directory(kept: Path | None, task: Task, encoder: Encoder) -> Iterator[Path]:
    """One for each task and encoder: in an index that two encoders share, both would answer."""
    if kept is not None:
        yield kept / f"{task.name}-{encoder.fingerprint[:12]}"
        return
    with TemporaryDirectory(prefix="mmsearch-evaluate-") as temporary:
        yield Path(temporary) / task.name


def _build(task: Task, directory: Path, settings: Settings) -> tuple[Library, float, dict[str, str]]:
    """The index of ``task`` in ``directory``, the seconds it took, and what is not in it and why."""
    from mmsearch.ingest.options import IndexOptions
    from mmsearch.library import index_sources

    def tell(now: Reading) -> None:
        if settings.progress is not None:
            settings.progress(f"{task.name}: indexing", now.done, now.total)

    started = time.perf_counter()
    library = index_sources(
        task.sources.values(),
        directory,  # one root for whatever is evaluated here, so that another collection takes its place
        directory,
        encoder=settings.encoder,
        options=IndexOptions(progress=tell),
    )
    seconds = time.perf_counter() - started
    names = {source.path: name for name, source in task.sources.items()}
    report = library.report
    assert report is not None
    return library, seconds, {names[entry.path]: entry.reason for entry in report.skipped}


def _ask(
    task: Task, library: Library, settings: Settings
) -> tuple[dict[str, list[tuple[str, float]]], dict[str, int], dict[str, float], dict[str, str]]:
    names = {source.path: name for name, source in task.sources.items()}
    ranked: dict[str, list[tuple[str, float]]] = {}
    above: dict[str, int] = {}
    milliseconds: dict[str, float] = {}
    not_asked: dict[str, str] = {}
    for number, (query_id, content) in enumerate(task.queries.items()):
        if settings.progress is not None:
            settings.progress(task.name, number, len(task.queries))
        query = as_query(content)
        started = time.perf_counter()
        try:
            hits = library.search(
                query,
                k=task.depth,
                modality=task.modality,
                group=task.group,
                duplicates="show",  # judgements know each by itself
                **settings.search,
            )
        except MediaError as error:
            not_asked[query_id] = str(error)
            continue
        milliseconds[query_id] = 1000 * (time.perf_counter() - started)
        ranked[query_id] = [(names[hit.path], float(hit.score)) for hit in hits]
        above[query_id] = len(hits.matches)
    return ranked, above, milliseconds, not_asked
