"""An open index that can be searched: each verb makes a request of its arguments and gives it to the search layer."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mmsearch.errors import UsageError
from mmsearch.library.open_index import OpenIndex
from mmsearch.search.arguments import Request, refuse_halves, refuse_unknown
from mmsearch.search.query.defaults import (
    ANSWER_CONTEXT,
    DEFAULT_CUTOFF,
    LEAST_COSINE,
    MOST_DIFFERENT_BITS,
    RERANK_DEPTH,
    TAG_CUTOFF,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mmsearch.library.reading import Reading
    from mmsearch.library.tagging import TagReport
    from mmsearch.search.arguments import Duplicates
    from mmsearch.search.ask.answers import Answers
    from mmsearch.search.ask.request import AskRequest
    from mmsearch.search.duplicates.report import DuplicateReport
    from mmsearch.search.duplicates.request import DuplicatesRequest
    from mmsearch.search.query.value import Query
    from mmsearch.search.ranking.fusion import Fusion, FusionName
    from mmsearch.search.ranking.order import Order
    from mmsearch.search.ranking.task import Grouping
    from mmsearch.search.recommend.taste import Method
    from mmsearch.search.request import SearchRequest
    from mmsearch.search.rerank.cross_encoder import PairScorer
    from mmsearch.search.results.hit import Hit, Neighbor
    from mmsearch.search.results.results import Results
    from mmsearch.search.tags.labels import Label
    from mmsearch.search.tags.request import TagRequest
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import Modality

P = ParamSpec("P")
R = TypeVar("R")


def verb(method: Callable[P, R]) -> Callable[P, R]:
    """``method`` with clear errors: an argument that it doesn't take is named with the nearest that it does.

    A `Request` says everything that its fields do: UsageError when one of them is given beside it.
    """
    code = method.__code__
    known = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]

    @wraps(method)
    def call(*given: P.args, **named: P.kwargs) -> R:
        refuse_unknown(method.__name__, named, known)
        refuse_halves([*given, *named.values()])
        requests = [one for one in given if isinstance(one, Request)]
        for request in requests:
            twice = [name for name in named if hasattr(request, name)]
            if twice or len(given) > 2:  # the library itself, and the request
                raise UsageError(
                    f"a {type(request).__name__} says all that is asked for: change it with dataclasses.replace "
                    f"instead of giving {twice[0] if twice else 'more'} beside it"
                )
        return method(*given, **named)

    return call


class Searchable(OpenIndex):
    """An open index with its verbs. Each also takes a request instead of the arguments that make one.

    Raises UnknownArgumentError, which is a TypeError and a UsageError, for an argument that the verb doesn't take.
    """

    @verb
    def search(
        self,
        text: str | Query | SearchRequest | None = None,
        *,
        image: Any = (),
        audio: Any = (),
        item: int | Sequence[int] = (),
        minus: Any = (),
        exclude: Any = (),
        modality: Modality | Sequence[Modality] | None = None,
        where: str | Condition | None = None,
        path: str | Sequence[str] | None = None,
        k: int = 10,
        offset: int = 0,
        group: Grouping = "document",
        duplicates: Duplicates = "collapse",
        sort: Order | str | None = None,
        facets: Sequence[str] = (),
        histogram: str | None = None,
        places: bool = False,
        context: int = 0,
        cutoff: float | None = DEFAULT_CUTOFF,
        strict: bool = False,
        fusion: Fusion | FusionName = "calibrated",
        weights: Mapping[str, float] | None = None,
        rerank: str | PairScorer | None = None,
        rerank_depth: int = RERANK_DEPTH,
        explain: bool = True,
        allow_files: bool = False,
        allow_urls: bool = False,
    ) -> Results:
        """The ``k`` best hits for words, pictures, or a mixture, best first.

        ``text`` is in the query language (docs/query-language.md), or a `Query`; `SearchRequest` says what the
        arguments mean. Pictures that ``text`` names (``@path``, an address) are words unless ``allow_files`` and
        ``allow_urls`` say that whoever wrote it may read files here and reach into this network.

        Raises QueryError for a query that can't be parsed, UsageError for one that asks for nothing or for what there
        is not.
        """
        from mmsearch.search.request import SearchRequest
        from mmsearch.search.search import search

        request = (
            text
            if isinstance(text, SearchRequest)
            else SearchRequest(
                text=text,
                image=image,
                audio=audio,
                item=item,
                minus=minus,
                exclude=exclude,
                modality=modality,
                where=where,
                path=path,
                k=k,
                offset=offset,
                group=group,
                duplicates=duplicates,
                sort=sort,
                facets=facets,
                histogram=histogram,
                places=places,
                context=context,
                cutoff=cutoff,
                strict=strict,
                fusion=fusion,
                weights=weights,
                rerank=rerank,
                rerank_depth=rerank_depth,
                explain=explain,
                allow_files=allow_files,
                allow_urls=allow_urls,
            )
        )
        found = self.read(lambda index: search(request, index, learned=index.learned_weights))
        return replace(found, thumbnails=self.thumbnails)

    @verb
    def recommend(
        self,
        like: Any = (),
        dislike: Any = (),
        k: int = 10,
        *,
        profile: str | None = None,
        modality: Modality | Sequence[Modality] | None = None,
        where: str | Condition | None = None,
        path: str | Sequence[str] | None = None,
        diverse: float = 0.0,
        method: Method = "average",
        duplicates: Duplicates = "collapse",
        explain: bool = True,
        only_indexed: bool = False,
    ) -> Results:
        """The ``k`` documents most like the liked examples and unlike the disliked ones.

        Examples are paths in the index, ``#ITEM-ID``, picture files, URLs, or pictures in memory; `RecommendRequest`
        says what the arguments mean. ``profile``: under this name examples are kept, and added to those that were
        given before. Raises UsageError when nothing is liked, or an example is not found.
        """
        from mmsearch.library.profiles import updated
        from mmsearch.search.recommend.recommend import recommend
        from mmsearch.search.recommend.request import RecommendRequest

        request = (
            like
            if isinstance(like, RecommendRequest)
            else RecommendRequest(
                like,
                dislike,
                k,
                profile,
                modality,
                where,
                path,
                diverse,
                method,
                duplicates,
                explain,
                only_indexed,
            )
        )

        def found(index: Reading) -> Results:
            name = request.profile
            known = None
            if name is not None:
                known = updated(index, name, request.like, request.dislike, only_indexed=request.only_indexed)
            return recommend(request, index, profile=known)

        return replace(self.read(found), thumbnails=self.thumbnails)

    @verb
    def ask(
        self,
        question: str | AskRequest,
        k: int = 3,
        *,
        context: int = ANSWER_CONTEXT,
        where: str | Condition | None = None,
        path: str | Sequence[str] | None = None,
        cutoff: float | None = DEFAULT_CUTOFF,
    ) -> Answers:
        """The best ``k`` passages that answer ``question``, or that there is none: see `AskRequest`."""
        from mmsearch.search.ask.ask import ask
        from mmsearch.search.ask.request import AskRequest

        request = (
            question
            if isinstance(question, AskRequest)
            else AskRequest(question, k, context, where, path, cutoff)
        )
        return self.read(lambda index: ask(request, index))

    @verb
    def tag(
        self,
        labels: Sequence[Label | str] | TagRequest,
        *,
        where: str | Condition | None = None,
        path: str | Sequence[str] | None = None,
        modality: Modality | None = None,
        cutoff: float | None = TAG_CUTOFF,
        single: bool = False,
        field: str = "tags",
        dry_run: bool = False,
        sidecars: bool = False,
    ) -> TagReport:
        """Give documents those of ``labels`` that fit them, as ``field``: see `TagRequest`.

        With ``sidecars`` pictures get them in PICTURE.xmp beside them too. ``dry_run`` writes nothing.
        """
        from mmsearch.library.tagging import tagged
        from mmsearch.search.tags.request import TagRequest

        request = (
            labels
            if isinstance(labels, TagRequest)
            else TagRequest(labels, where, path, modality, cutoff, single)  # type: ignore[arg-type]
        )
        return tagged(self, request, field=field, dry_run=dry_run, sidecars=sidecars)

    @verb
    def duplicates(
        self,
        request: DuplicatesRequest | None = None,
        *,
        where: str | Condition | None = None,
        path: str | Sequence[str] | None = None,
        exact_only: bool = False,
        mirrored: bool = False,
        remember: bool = False,
        least_cosine: float = LEAST_COSINE,
        most_bits: int = MOST_DIFFERENT_BITS,
        progress: Callable[[int, int], None] | None = None,
    ) -> DuplicateReport:
        """Groups of exact and near duplicates: see `DuplicatesRequest`. ``progress`` hears (blocks done, of all).

        ``remember``: from now on searches show one of each group of near-duplicate pictures, as of exact copies.
        """
        from mmsearch.search.duplicates.duplicates import duplicates
        from mmsearch.search.duplicates.remember import remember as keep_copies
        from mmsearch.search.duplicates.request import DuplicatesRequest

        request = request or DuplicatesRequest(
            where, path, exact_only, mirrored, remember, least_cosine, most_bits
        )

        def found(index: Reading) -> DuplicateReport:
            report = duplicates(request, index, progress=progress)
            if request.remember:
                keep_copies(report, index, index.directory)
            return report

        return self.read(found)

    def neighbors(self, hit: Hit, count: int = 1) -> tuple[tuple[Neighbor, ...], tuple[Neighbor, ...]]:
        """The ``count`` passages before and after the passage ``hit`` in its document; none around a picture."""
        from mmsearch.search.results.context import neighbors

        return self.read(lambda index: neighbors(index, hit, count))
