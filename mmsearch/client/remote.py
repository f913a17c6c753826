"""`RemoteLibrary`: the verbs of a `Library`, answered by a service; the same arguments, the same results."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mmsearch.client.http import Connection
from mmsearch.client.sending import picture_bytes, sound_bytes
from mmsearch.errors import UsageError
from mmsearch.library.searchable import verb
from mmsearch.search.ask.request import AskRequest
from mmsearch.search.compose import several
from mmsearch.search.query.defaults import ANSWER_CONTEXT, DEFAULT_CUTOFF, RERANK_DEPTH, TAG_CUTOFF
from mmsearch.search.query.value import Picture, Query, Sound, written_content
from mmsearch.search.recommend.request import RecommendRequest
from mmsearch.search.request import SearchRequest
from mmsearch.wire.reading import answers_from_json, results_from_json
from mmsearch.wire.tags import tags_from_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from mmsearch.library.tagging import TagReport
    from mmsearch.search.arguments import Duplicates
    from mmsearch.search.ask.answers import Answers
    from mmsearch.search.query.value import Part
    from mmsearch.search.ranking.fusion import Fusion, FusionName
    from mmsearch.search.ranking.order import Order
    from mmsearch.search.ranking.task import Grouping
    from mmsearch.search.recommend.taste import Method
    from mmsearch.search.rerank.cross_encoder import PairScorer
    from mmsearch.search.results.results import Results
    from mmsearch.search.tags.labels import Label
    from mmsearch.search.tags.request import TagRequest
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import Modality

API = "/api/v1"


def connect(url: str, *, token: str | None = None, timeout: float = 60.0) -> RemoteLibrary:
    """The index that is served at ``url``, such as ``http://127.0.0.1:8080``, ready to search.

    ``token``: what the service was started with, if it wants one. ``timeout`` in seconds. Raises UsageError for what is
    no address; whether a service is there, the first search tells.
    """
    return RemoteLibrary(Connection(url, token, timeout))


class RemoteLibrary:
    """A served index: `search`, `recommend`, `ask` and `tag` as a `Library` has them. A context manager, or close it.

    Raises what a `Library` would, and ServiceError when the service can't be reached or refuses.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"<RemoteLibrary {self._connection.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

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
        """The ``k`` best hits, as `Library.search` finds them; pictures and sounds are read here and sent to the
        service.

        Raises UsageError for what can't be said over HTTP: a vector, a model to rerank with, a fusion of one's own.
        """
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
        if request.rerank is not None:
            raise UsageError("a service reranks nothing: open the index with mmsearch.open for that")
        sent = self._sent(request.query)
        # the written form of a query says all of it: words, pictures that were sent, weights and filters
        options = SearchRequest("anything", **{name: getattr(request, name) for name in _OPTIONS})
        fields = {**options.to_json(), "text": str(sent), "explain": request.explain}
        found = results_from_json(self._connection.post(f"{API}/search", fields), request.query)
        return _as_asked(found, sent)

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
        """As `Library.recommend`, by documents and items of the index; a service takes no other examples."""
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
        fields = {**replace(request, only_indexed=False).to_json(), "explain": request.explain}
        return results_from_json(self._connection.post(f"{API}/recommend", fields))

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
        """As `Library.ask`."""
        request = (
            question
            if isinstance(question, AskRequest)
            else AskRequest(question, k, context, where, path, cutoff)
        )
        return answers_from_json(self._connection.post(f"{API}/ask", request.to_json()))

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
        """As `Library.tag`, where the service may write or nothing is to be written; of the documents those that got
        a tag. Raises UsageError for sidecars and for labels with other words."""
        from mmsearch.search.tags.labels import Label
        from mmsearch.search.tags.request import TagRequest

        if sidecars:
            raise UsageError("a service writes no sidecars: open the index with mmsearch.open for that")
        request = (
            labels
            if isinstance(labels, TagRequest)
            else TagRequest(labels, where, path, modality, cutoff, single)  # type: ignore[arg-type]
        )
        names = [label.name for label in request.labels]
        if any(label != Label(label.name) for label in request.labels):
            raise UsageError(
                "a service takes no other words for a label: open the index with mmsearch.open for that"
            )
        fields = {**request.to_json(), "labels": names, "field": field, "dry_run": dry_run}
        return tags_from_json(self._connection.post(f"{API}/tag", fields), request.cutoff)

    def feedback(
        self, profile: str, like: Sequence[int | str] = (), dislike: Sequence[int | str] = ()
    ) -> dict[str, Any]:
        """Keep likes and dislikes under the name ``profile``, where the service may write: how many it has now."""
        fields = {"profile": profile, "like": several(like), "dislike": several(dislike)}
        return self._connection.post(f"{API}/feedback", fields)

    def statistics(self) -> dict[str, Any]:
        """What the index holds, as ``mmsearch stats --json`` prints it."""
        return self._connection.get(f"{API}/stats")

    def _sent(self, query: Query) -> Query:
        """``query`` with its pictures and sounds sent, and named as the service names them."""
        return replace(query, parts=tuple(map(self._sent_part, query.parts)))

    def _sent_part(self, part: Part) -> Part:
        if isinstance(part.content, Sound):
            answer = self._connection.send(f"{API}/sounds", "file", sound_bytes(part.content.source))
            return replace(part, content=Sound(f"sent:{answer['sound']}"))
        if not isinstance(part.content, Picture):
            return part
        answer = self._connection.send(f"{API}/pictures", "file", picture_bytes(part.content.source))
        return replace(part, content=Picture(f"sent:{answer['picture']}"))


_OPTIONS = (
    "k", "offset", "group", "duplicates", "sort", "facets", "histogram", "places", "context", "cutoff", "strict",
    "fusion", "weights", "explain",
)  # fmt: skip


def _as_asked(found: Results, sent: Query) -> Results:
    """``found`` for the query ``sent``, with the notes and names that its own query has for the same."""
    labels = dict(zip(map(_label, sent.parts), map(_label, found.query.parts), strict=True))
    hits = tuple(
        replace(
            hit,
            explanation=tuple(
                replace(reason, part=labels.get(reason.part, reason.part)) for reason in hit.explanation
            ),
        )
        for hit in found.hits
    )
    fresh = [note for note in found.notes if note not in found.query.notes]
    return replace(found, hits=hits, notes=(*found.query.notes, *fresh))


def _label(part: Part) -> str:
    """How reasons name a part of a query."""
    return str(part) if part.kind != "plus" else written_content(part.content)
