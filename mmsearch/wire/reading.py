"""Results and answers read back from the JSON that every face shares: equal to what they were written from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.search.ask.answers import Answer, Answers
from mmsearch.search.query.parse import parse
from mmsearch.search.results.hit import Hit, MatchedPart, Neighbor, Reason
from mmsearch.search.results.places import Place
from mmsearch.search.results.results import Results
from mmsearch.search.results.snippets import Snippet
from mmsearch.search.results.timeline import Bin, Histogram
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.search.query.value import Query


def results_from_json(record: Mapping[str, Any], query: Query | None = None) -> Results:
    """The results that ``Results.to_dict(explain=True)`` wrote.

    ``query`` is what was asked; without it, what its written form says, which has no pictures in memory. What else
    ``record`` has is passed over. Raises KeyError, TypeError or ValueError for another record.
    """
    return Results(
        query=parse(record["query"]) if query is None else query,
        hits=tuple(map(hit_from_json, record["hits"])),
        notes=tuple(record["notes"]),
        searched=record["searched"],
        total=record["total"],
        cutoff=record["cutoff"],
        seconds=record["seconds"],
        offset=record["offset"],
        total_is_exact=record["total_is_exact"],
        more=record["more"],
        facets={
            name: [(one["value"], one["documents"]) for one in counted]
            for name, counted in record["facets"].items()
        },
        histogram=_histogram(record["histogram"]),
        places=None if record["places"] is None else tuple(Place(**place) for place in record["places"]),
        pieces=tuple(record["pieces"]),
        generation=record["generation"],
        missing=tuple(record.get("missing", ())),
    )


def hit_from_json(record: Mapping[str, Any]) -> Hit:
    """The hit that ``Hit.to_dict(explain=True)`` wrote."""
    return Hit(
        rank=record["rank"],
        score=record["score"],
        item_id=record["item_id"],
        document_id=record["document_id"],
        corpus_root=record["corpus"],
        path=record["path"],
        modality=record["modality"],
        locator=Locator.parse(record["locator"]),
        title=record["title"],
        text=record["text"],
        snippet=_snippet(record["snippet"]),
        fields=dict(record["fields"]),
        cosine=record["cosine"],
        strength=record["strength"],
        evalue=record["expected_count"],
        explanation=tuple(Reason(**reason) for reason in record.get("explanation") or ()),
        copies=record["copies"],
        before=_neighbors(record["before"]),
        after=_neighbors(record["after"]),
        beyond_chance=record["beyond_chance"],
        key=bytes.fromhex(record["key"] or ""),
        parts=tuple(map(_part, record["parts"])),
        word_at=_word_at(record),
    )


def _word_at(record: Mapping[str, Any]) -> float | None:
    """When a word is said: where a hit opens, if that is not where its item begins."""
    place = Locator.parse(record["locator"])
    said = place.text_label(record["modality"]) == "said"
    return record["seconds"] if said and record["seconds"] != place.seconds else None


def _part(record: Mapping[str, Any]) -> MatchedPart:
    return MatchedPart(
        item_id=record["item_id"],
        modality=record["modality"],
        locator=Locator.parse(record["locator"]),
        text=record["text"],
        contribution=record["contribution"],
        share=record["share"],
        channels=tuple(record["channels"]),
    )


def answers_from_json(record: Mapping[str, Any]) -> Answers:
    """The answers that ``answers_as_json`` wrote."""
    return Answers(
        question=record["question"],
        answers=tuple(map(_answer, record["answers"])),
        best_guesses=tuple(map(_answer, record["best_guesses"])),
        searched=record["searched"],
        cutoff=record["cutoff"],
        seconds=record["seconds"],
        notes=tuple(record["notes"]),
        generation=record["generation"],
        missing=tuple(record.get("missing", ())),
    )


def _answer(record: Mapping[str, Any]) -> Answer:
    pictures = tuple(
        Neighbor(one["item_id"], Locator.parse(one["locator"]), None) for one in record["pictures"]
    )
    return Answer(
        rank=record["rank"],
        item_id=record["item_id"],
        document_id=record["document_id"],
        corpus_root=record["corpus"],
        path=record["path"],
        title=record["title"],
        locator=Locator.parse(record["locator"]),
        text=record["text"],
        start=record["start"],
        end=record["end"],
        before=_neighbors(record["before"]),
        after=_neighbors(record["after"]),
        pictures=pictures,
        fields=dict(record["fields"]),
        score=record["score"],
        cosine=record["cosine"],
        strength=record["strength"],
        evalue=record["expected_count"],
    )


def _neighbors(records: list[Mapping[str, Any]]) -> tuple[Neighbor, ...]:
    return tuple(Neighbor(one["item_id"], Locator.parse(one["locator"]), one["text"]) for one in records)


def _snippet(record: Mapping[str, Any] | None) -> Snippet | None:
    if record is None:
        return None
    highlights = tuple((start, end) for start, end in record["highlights"])
    return Snippet(record["text"], highlights, record["cut_before"], record["cut_after"])


def _histogram(record: Mapping[str, Any] | None) -> Histogram | None:
    if record is None:
        return None
    bins = tuple(Bin(one["from"], one["to"], one["documents"]) for one in record["bins"])
    return Histogram(record["field"], record["unit"], bins)
