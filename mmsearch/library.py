"""`Library`: an open index directory, the face of everything. It wires the parts and holds no algorithm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsearch.encoders.installed import encoder_for_writing
from mmsearch.encoders.registry import DEFAULT_ENCODER, load_encoder
from mmsearch.errors import UsageError
from mmsearch.search.opened import OpenIndex
from mmsearch.store.directory import IndexDirectory, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.pipeline import IndexOptions, IndexReport
    from mmsearch.ingest.sources import Source
    from mmsearch.search.answer import Duplicates, Grouping
    from mmsearch.search.ask import Answers
    from mmsearch.search.duplicate_groups import DuplicateReport
    from mmsearch.search.labels import Label
    from mmsearch.search.query import Query
    from mmsearch.search.results import Hit, Neighbor, Results
    from mmsearch.search.tags import Tagging
    from mmsearch.search.weights import LearnedWeights
    from mmsearch.store.compact import Compaction
    from mmsearch.store.conditions import Condition
    from mmsearch.store.rows import FieldInfo, Statistics, StoredItem
    from mmsearch.types import FieldValue, Modality, Vectors

DEFAULT_INDEX_DIR = Path("indexes/default")


def index(
    corpus: str | Path,
    index_dir: str | Path = DEFAULT_INDEX_DIR,
    *,
    encoder: str | None = None,
    moved_from: str | Path | None = None,
    options: IndexOptions | None = None,
) -> Library:
    """Build the index of ``corpus`` in ``index_dir``, or bring it up to date, and open it.

    ``corpus`` is a folder, one file, or a manifest (CSV or JSONL). ``encoder`` defaults to the index's own, or
    ``pocket`` in a new one. ``moved_from`` is the folder where the corpus lay when it was indexed. What the run
    did is in ``library.report``. Raises UsageError when there is no such corpus, IndexLockedError when another
    process writes, EncoderError for an unknown encoder.
    """
    from mmsearch.ingest.pipeline import update
    from mmsearch.store.corpora import move_corpus

    corpus = Path(corpus).expanduser()
    if not corpus.exists():
        raise UsageError(f"there is no corpus {corpus}: name a folder, a file, or a CSV or JSONL manifest")

    def run(directory: IndexDirectory, chosen: Encoder) -> IndexReport:
        if moved_from is not None:
            move_corpus(directory, Path(moved_from), corpus)
        return update(corpus, directory, chosen, options)

    return _written(Path(index_dir), encoder, options, run)


def index_sources(
    sources: Iterable[Source],
    root: str | Path,
    index_dir: str | Path = DEFAULT_INDEX_DIR,
    *,
    encoder: str | None = None,
    options: IndexOptions | None = None,
) -> Library:
    """Like `index`, for documents that a program describes itself instead of a crawl.

    ``root`` is the folder that stands for them: what was indexed under it and is not among ``sources`` any
    more is removed.
    """
    from mmsearch.ingest.pipeline import update_from

    return _written(
        Path(index_dir),
        encoder,
        options,
        lambda directory, chosen: update_from(sources, Path(root), directory, chosen, options),
    )


def _written(
    index_dir: Path,
    encoder: str | None,
    options: IndexOptions | None,
    run: Callable[[IndexDirectory, Encoder], IndexReport],
) -> Library:
    """Do an indexing ``run`` under the lock, bring everything that follows from it up to date, and open the index."""
    from mmsearch.search.pooling import check_pooling
    from mmsearch.store.catalogue import Catalogue

    fuse = None if options is None else options.fuse
    check_pooling(fuse)
    directory = IndexDirectory.create(index_dir)
    with directory.write_lock():
        with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
            records = catalogue.encoders()
        chosen = encoder_for_writing(records, encoder, None if options is None else options.dimensions)
        try:
            report = run(directory, chosen)
        finally:
            with Catalogue.open(directory.catalogue_path) as catalogue:
                directory.write_manifest(Manifest.of(catalogue))
        if fuse is not None:
            directory.write_pooling(None if fuse == "none" else fuse)
        library = Library(directory, report)
        library.update(chosen)
    return library


def open(index_dir: str | Path = DEFAULT_INDEX_DIR) -> Library:
    """The index in ``index_dir``, ready to search.

    Raises IndexDirectoryError when there is none or it is damaged, IndexFormatError when it is newer.
    """
    return Library(IndexDirectory.open(Path(index_dir)))


def embed(things: Sequence[Any], encoder: str = DEFAULT_ENCODER) -> Vectors:
    """Vectors of texts (``str``) and pictures (``Path`` or PIL image): (n, dimension) float32, unit rows.

    Raises MediaError for a picture that can't be decoded, TypeError for anything else than these three.
    """
    import numpy as np

    from mmsearch.media.given import given_pixels

    chosen = load_encoder(encoder)
    vectors = np.zeros((len(things), chosen.dimension), np.float32)
    texts = [i for i, thing in enumerate(things) if isinstance(thing, str)]
    if texts:
        vectors[texts] = chosen.encode_texts([things[i] for i in texts])
    pictures = [i for i, thing in enumerate(things) if not isinstance(thing, str)]
    for start in range(0, len(pictures), 32):
        batch = pictures[start : start + 32]
        vectors[batch] = chosen.encode_images(
            np.stack([given_pixels(things[i], chosen.picture) for i in batch])
        )
    return vectors


class Library(OpenIndex):
    """An open index: search it, look into it, tend it. Use as a context manager, or ``close()`` it.

    A library sees what another process adds: each search looks at the catalogue's generation first.
    ``report`` is what the indexing run did that opened it, if one did.
    """

    def __init__(self, directory: IndexDirectory, report: IndexReport | None = None) -> None:
        super().__init__(directory)
        self.report = report

    # --- searching -------------------------------------------------------------------------------------

    def search(
        self,
        text: str | Query | None = None,
        *,
        image: Any = None,
        minus: Any = (),
        exclude: Any = (),
        item: int | Sequence[int] = (),
        k: int = 10,
        modality: Modality | Sequence[Modality] | None = None,
        where: str | Condition | None = None,
        path: str | Sequence[str] | None = None,
        group: Grouping = "document",
        duplicates: Duplicates = "collapse",
        context: int = 0,
        **options: Any,
    ) -> Results:
        """The ``k`` best hits for words, pictures, or a mixture, best first.

        ``text`` is in the query language (docs/query-language.md) or a `Query`. ``image``: one picture or
        several; ``item``: ids of items to find more like; ``minus`` lowers and ``exclude`` removes what is like
        these texts or pictures. ``modality``, ``where`` ("year >= 1990") and ``path`` (globs) decide which items are
        ranked at all. ``group``: one hit a "document", or each "item". ``duplicates``: "collapse" shows one of the
        documents that are copies of one another, with a count (``hit.copies``), "show" all of them. ``context``: so
        many passages before and after a passage come along (``hit.before``, ``hit.after``).

        ``offset``: pass over the first hits; pages of one ranking are stable. ``sort``: "relevance", "path",
        "title", a field, or "-year" for descending. ``facets``: fields to count over all that matches
        (``results.facets``).
        ``cutoff``: the largest expected count of a hit, None for all; ``fusion``: how channels are put together;
        ``weights``: of channels, {} for 1 each, None for those that were learned for this index, if any.
        Raises QueryError for a query that can't be parsed, UsageError for one that asks for nothing.
        """
        from mmsearch.search.answer import answer
        from mmsearch.search.compose import compose
        from mmsearch.search.context import with_context
        from mmsearch.search.weights import weights_in_use

        if group not in ("document", "item"):
            raise UsageError(f"hits are grouped by document or item, not by {group!r}")
        self.refresh()
        options["weights"] = weights_in_use(
            options.get("weights"), options.get("fusion", "calibrated"), self.learned_weights
        )
        query = compose(
            text,
            image=image,
            minus=minus,
            exclude=exclude,
            item=item,
            modality=modality,
            where=where,
            path=path,
        )
        results = answer(query, self, k, group=group, duplicates=duplicates, **options)
        return with_context(self, results, context)

    def neighbors(self, hit: Hit, count: int = 1) -> tuple[tuple[Neighbor, ...], tuple[Neighbor, ...]]:
        """The ``count`` passages before and after the passage ``hit`` in its document; none around a picture."""
        from mmsearch.search.context import neighbors

        self.refresh()
        return neighbors(self, hit, count)

    def recommend(self, like: Any = (), dislike: Any = (), k: int = 10, **options: Any) -> Results:
        """The ``k`` documents most like the liked examples and unlike the disliked ones.

        Examples are paths in the index, ``#ITEM-ID``, picture files, URLs, or pictures in memory; see
        `mmsearch.search.recommend.recommend` for ``profile``, ``modality``, ``where``, ``path``, ``diverse``,
        ``method`` and ``duplicates``.
        """
        from mmsearch.search.recommend import recommend

        self.refresh()
        return recommend(self, like, dislike, k, **options)

    def duplicates(self, *, remember: bool = False, **options: Any) -> DuplicateReport:
        """Groups of exact and near duplicates; see `mmsearch.search.duplicates.duplicates`.

        ``remember``: from now on searches show one of each group of near-duplicate pictures, as of exact copies;
        UsageError when only a part of the index is looked at.
        """
        from mmsearch.search.copies import remember as keep_copies
        from mmsearch.search.duplicates import duplicates

        if remember and any(options.get(name) for name in ("exact_only", "where", "path")):
            raise UsageError(
                "only groups of the whole index are remembered: leave out where, path and exact_only"
            )
        self.refresh()
        report = duplicates(self, **options)
        if remember:
            keep_copies(report, self, self.directory)
            self._copy_groups = None
        return report

    def ask(self, question: str, k: int = 3, **options: Any) -> Answers:
        """The best ``k`` passages that answer ``question``, or that there is none; see `mmsearch.search.ask.ask`."""
        from mmsearch.search.ask import ask

        self.refresh()
        return ask(self, question, k, **options)

    def tag(
        self, labels: Sequence[Label], *, field: str = "tags", dry_run: bool = False, **options: Any
    ) -> Tagging:
        """Give documents those of ``labels`` that fit them, as ``field``; see `mmsearch.search.tags.tag`."""
        from mmsearch.search.tags import tag
        from mmsearch.store.giving import write_field

        self.refresh()
        found = tag(self, labels, **options)
        if not dry_run:
            write_field(self.directory, field, found.values)
            self.refresh()
        return found

    @property
    def learned_weights(self) -> LearnedWeights | None:
        """The channel weights that `mmsearch tune` left in the index, read anew; None without any."""
        from mmsearch.search.weights import LearnedWeights

        record = self.directory.read_weights()
        return LearnedWeights.from_record(record) if record else None

    def keep_weights(self, weights: LearnedWeights | None) -> None:
        """Use ``weights`` in every search from now on, here and in other processes; None forgets them."""
        with self.directory.write_lock():
            self.directory.write_weights(None if weights is None else weights.to_record())

    # --- looking into it and tending it ----------------------------------------------------------------

    def statistics(self) -> Statistics:
        """Counts of documents, items and vectors."""
        return self.catalogue.statistics()

    def fields(self) -> dict[str, FieldInfo]:
        """The metadata fields that filters can name."""
        return self.catalogue.fields()

    def facets(self, field: str) -> list[tuple[FieldValue, int]]:
        """The values of ``field`` with the number of documents that have each, most frequent first."""
        return self.catalogue.facets(field)

    def find(self, document: str) -> list[list[StoredItem]]:
        """The items of each document that ``document`` names: a path, the end of one, or ``#ITEM-ID``."""
        from mmsearch.store.corpora import find_documents

        return find_documents(self.catalogue, document)

    def remove(self, paths: Sequence[str]) -> int:
        """Take documents out of the index by path or glob; how many were there. Raises UsageError for none.

        They come back with the next ``index`` run if their files are still in the corpus.
        """
        from mmsearch.store.corpora import remove_documents

        removed = remove_documents(self.directory, paths)
        self.refresh()
        return removed

    def compact(self) -> Compaction:
        """Rewrite the index without what was removed."""
        from mmsearch.store.compact import compact

        with self.directory.write_lock():
            result = compact(self.directory)
        self.reopen()
        return result
