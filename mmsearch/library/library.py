"""`Library`: an open index directory, the face of everything. It wires the parts and holds no algorithm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.library.open_index import COPY_GROUPS, OpenIndex
from mmsearch.store.directory import IndexDirectory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.ingest.options import IndexReport
    from mmsearch.search.ask.answers import Answers
    from mmsearch.search.duplicates.report import DuplicateReport
    from mmsearch.search.query.value import Query
    from mmsearch.search.ranking.task import Grouping
    from mmsearch.search.ranking.weights import LearnedWeights
    from mmsearch.search.results.hit import Hit, Neighbor
    from mmsearch.search.results.results import Results
    from mmsearch.search.search import Duplicates
    from mmsearch.search.tags.labels import Label
    from mmsearch.search.tags.tags import Tagging
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.store.catalogue.values import FieldInfo, Statistics, StoredItem
    from mmsearch.store.compact import Compaction
    from mmsearch.types import FieldValue, Modality

DEFAULT_INDEX_DIR = Path("indexes/default")


def open(index_dir: str | Path = DEFAULT_INDEX_DIR) -> Library:
    """The index in ``index_dir``, ready to search.

    Raises IndexDirectoryError when there is none or it is damaged, IndexFormatError when it is newer.
    """
    return Library(IndexDirectory.open(Path(index_dir)))


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
        from mmsearch.search.compose import compose
        from mmsearch.search.ranking.weights import weights_in_use
        from mmsearch.search.results.context import with_context
        from mmsearch.search.search import answer

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
        from mmsearch.search.results.context import neighbors

        self.refresh()
        return neighbors(self, hit, count)

    def recommend(self, like: Any = (), dislike: Any = (), k: int = 10, **options: Any) -> Results:
        """The ``k`` documents most like the liked examples and unlike the disliked ones.

        Examples are paths in the index, ``#ITEM-ID``, picture files, URLs, or pictures in memory; see
        `mmsearch.search.recommend.recommend.recommend` for ``profile``, ``modality``, ``where``, ``path``, ``diverse``,
        ``method`` and ``duplicates``.
        """
        from mmsearch.search.recommend.recommend import recommend

        self.refresh()
        return recommend(self, like, dislike, k, **options)

    def duplicates(self, *, remember: bool = False, **options: Any) -> DuplicateReport:
        """Groups of exact and near duplicates; see `mmsearch.search.duplicates.duplicates.duplicates`.

        ``remember``: from now on searches show one of each group of near-duplicate pictures, as of exact copies;
        UsageError when only a part of the index is looked at.
        """
        from mmsearch.search.duplicates.duplicates import duplicates
        from mmsearch.search.duplicates.remember import remember as keep_copies

        if remember and any(options.get(name) for name in ("exact_only", "where", "path")):
            raise UsageError(
                "only groups of the whole index are remembered: leave out where, path and exact_only"
            )
        self.refresh()
        report = duplicates(self, **options)
        if remember:
            keep_copies(report, self, self.directory)
            self._kept.forget(COPY_GROUPS)
        return report

    def ask(self, question: str, k: int = 3, **options: Any) -> Answers:
        """The best ``k`` passages that answer ``question``, or that there is none.

        See `mmsearch.search.ask.ask.ask`.
        """
        from mmsearch.search.ask.ask import ask

        self.refresh()
        return ask(self, question, k, **options)

    def tag(
        self, labels: Sequence[Label], *, field: str = "tags", dry_run: bool = False, **options: Any
    ) -> Tagging:
        """Give documents those of ``labels`` that fit them, as ``field``; see `mmsearch.search.tags.tags.tag`."""
        from mmsearch.search.tags.tags import tag
        from mmsearch.store.corpora import write_field

        self.refresh()
        found = tag(self, labels, **options)
        if not dry_run:
            write_field(self.directory, field, found.values)
            self.refresh()
        return found

    @property
    def learned_weights(self) -> LearnedWeights | None:
        """The channel weights that `mmsearch tune` left in the index, read anew; None without any."""
        from mmsearch.search.ranking.weights import LearnedWeights

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
