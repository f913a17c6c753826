"""Answer a question out of the texts of an index: the passages that answer it, and in each the sentence that does.

Nothing is written anew: an answer is a piece of a document, with its place. Documents are ranked as by a search, by
title and text together, and a passage stands behind the best one of its document by as much as it is less like the
question; one whose best sentence says more of the question's words stands further ahead. "No answer here" is decided by
the expected count, as in a search, and by the question's words: a passage that answers a question says some of it
(`mmsearch.search.ask.telling`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.media.text.headings import is_heading
from mmsearch.search.ask.answers import Answer, Answers
from mmsearch.search.ask.kinds import asked_for, names_any
from mmsearch.search.ask.sentences import sentence_spans
from mmsearch.search.ask.telling import TellingWords
from mmsearch.search.index.documents import common
from mmsearch.search.request import SearchRequest
from mmsearch.search.results.context import passages_around
from mmsearch.search.results.hit import Neighbor
from mmsearch.search.search import search
from mmsearch.types import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.ask.request import AskRequest
    from mmsearch.search.ask.telling import Span
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.ranking.task import Grouping
    from mmsearch.search.results.hit import Hit
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import Vector

    _Reader: TypeAlias = "tuple[Encoder, Vector] | None"

# So many passages more than are asked for are read sentence by sentence.
READ = 3
# Documents, and items among all of them, that are looked through.
DOCUMENTS, ITEMS = 50, 200
# In scales above the background: what a sentence with all words of the question has ahead of one with none, what the
# sentence before it lends it of that, and what naming the kind of thing that is asked for is worth. Chosen on the dev
# questions of SQuAD and XQuAD (docs/log.md): the marked sentence holds the answer for 83.9, 83.2 (English), 66.4
# (German) and 71.0 % (Chinese) with 1, 0, 0 and for 87.6, 86.5, 75.8 and 77.8 % with these.
WORDS_WEIGHT, LENT, KIND_WEIGHT = 8.0, 0.3, 2.0
# Decades of the expected count that all of the question's words in one sentence tell more than none, and the share that
# tells nothing either way. Questions whose articles are left out are told nothing, on dev, where they were chosen.
WORDS_TELL, USUAL_SHARE = 6.0, 0.24
# Decades that a passage has ahead whose best sentence says all of the question, of one that says none of it: of 0.25,
# 0.5, 1, 2, 3 and 5, on the dev questions of SQuAD.
AHEAD = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A passage that may answer: the ``hit`` of its document, where it stands, and how often chance finds as good.

    ``sentence`` (start, end) is the best in it, and ``told`` how good that is.
    """

    hit: Hit
    item: StoredItem
    score: float
    evalue: float
    sentence: Span = (0, 0)
    told: float = 0.0


def ask(request: AskRequest, index: SearchIndex) -> Answers:
    """The passages that answer the question of ``request``, best first, or that there is no answer.

    Raises UsageError for a field that no document has.
    """
    started = time.perf_counter()
    question, cutoff = request.question, request.cutoff
    documents = search(_asking(request, DOCUMENTS, "document"), index)
    items = search(_asking(request, ITEMS, "item"), index)
    reader = _reader(index, question)
    found = sorted(_passages(index, documents, items, reader), key=lambda one: -one.score)
    words = TellingWords.of(question, [one.item.text or "" for one in found[:DOCUMENTS]])
    judged = sorted((_judged(one, words) for one in found), key=lambda one: -one.score)
    sure = [one for one in judged if cutoff is None or one.evalue <= cutoff]
    shown = [
        _with_sentence(one, question, words, index, reader) for one in (sure or judged)[: request.k + READ]
    ]
    answers = tuple(
        _answer(index, rank, one, request.context)
        for rank, one in enumerate(_by_sentence(shown)[: request.k], start=1)
    )
    seconds = time.perf_counter() - started
    return Answers(
        question,
        answers if sure else (),
        () if sure else answers,
        documents.searched,
        cutoff,
        seconds,
        documents.notes,
        index.generation,
    )


def best_sentence(
    text: str, question: str, words: TellingWords, index: SearchIndex, reader: _Reader = None
) -> tuple[Span, float]:
    """(start, end) of the sentence of ``text`` that answers ``question`` best, and how well; the first of equally good.

    By its likeness to the question, by the question's ``words`` in it and in the sentence before, and by whether it
    names the kind of thing that is asked for. Headings and questions answer nothing where there is anything else.
    """
    spans = statements(text)
    shares = words.shares(text, spans)
    kinds = asked_for(question)
    scores = WORDS_WEIGHT * shares
    scores[1:] += WORDS_WEIGHT * LENT * np.maximum(shares[:-1] - shares[1:], 0.0)
    scores += KIND_WEIGHT * np.array([names_any(text[start:end], kinds, question) for start, end in spans])
    if reader is not None:
        encoder, vector = reader
        cosines = encoder.encode_texts([text[start:end] for start, end in spans]) @ vector
        scores += index.background(encoder, "text", "text").scales(cosines.astype(np.float64))
    best = int(scores.argmax())
    return spans[best], float(scores[best])


def statements(text: str) -> list[Span]:
    """(start, end) of the sentences of ``text``, without headings and questions where there is anything else."""
    spans: list[Span] = []
    for first, last in _paragraphs(text):
        if not is_heading(text[first:last]):
            spans += [(first + start, first + end) for start, end in sentence_spans(text[first:last])]
    stated = [(start, end) for start, end in spans if text[end - 1] not in "?？"]
    return stated or spans or sentence_spans(text) or [(0, len(text))]


def _paragraphs(text: str) -> Iterator[Span]:
    start = 0
    for paragraph in text.split("\n\n"):
        yield start, start + len(paragraph)
        start += len(paragraph) + 2


def _asking(request: AskRequest, count: int, group: Grouping) -> SearchRequest:
    return SearchRequest(
        request.query, k=max(count, request.k), group=group, cutoff=None, duplicates="show", explain=False
    )


def _reader(index: SearchIndex, question: str) -> _Reader:
    """What reads sentences, and the question as it sees it; None when no encoder of the index reads texts."""
    for encoder in index.encoders:
        if "text" in encoder.modalities and index.vector_index(encoder, "text") is not None:
            return encoder, index.text_vectors(encoder, [question])[0]
    return None


def _passages(
    index: SearchIndex, documents: Sequence[Hit], items: Sequence[Hit], reader: _Reader
) -> Iterator[_Candidate]:
    """The passages of ``documents`` that are among ``items``, the likeliest of a document that has none there.

    A caption of a document without passages is one itself.
    """
    found: dict[int, list[Hit]] = {}
    for hit in items:
        found.setdefault(hit.document_id, []).append(hit)
    for hit in documents:
        stored = {item.item_id: item for item in index.catalogue.document_items(hit.document_id)}
        own = found.get(hit.document_id, [])
        passages = [
            one for one in own if one.locator.innermost.kind == "characters" and one.item_id in stored
        ]
        if not passages:
            item = _likeliest(index, list(stored.values()), reader)
            if item is None and hit.locator.innermost.kind != "title":
                item = stored.get(hit.item_id)
            if item is not None and item.text:
                yield _Candidate(hit, item, hit.score, hit.evalue)
        for one in passages:
            behind = passages[0].score - one.score
            yield _Candidate(
                hit,
                stored[one.item_id],
                hit.score - behind,
                max(hit.evalue, one.evalue) if behind else hit.evalue,
            )


def _judged(one: _Candidate, words: TellingWords) -> _Candidate:
    """The same with what the question's words in its best sentence tell, of the score and of the expected count."""
    if not words.can_tell:
        return one
    text = one.item.text or ""
    share = float(words.shares(text, statements(text)).max())
    return replace(
        one,
        score=one.score + AHEAD * share,
        evalue=one.evalue * 10.0 ** (WORDS_TELL * (USUAL_SHARE - share)),
    )


def _with_sentence(
    one: _Candidate, question: str, words: TellingWords, index: SearchIndex, reader: _Reader
) -> _Candidate:
    sentence, told = best_sentence(one.item.text or "", question, words, index, reader)
    return replace(one, sentence=sentence, told=told)


def _by_sentence(found: Sequence[_Candidate]) -> list[_Candidate]:
    """``found`` with the passages of each document in the order of their best sentences, in the document's places."""
    ordered = list(found)
    for document in {one.hit.document_id for one in found}:
        places = [place for place, one in enumerate(found) if one.hit.document_id == document]
        best = sorted((found[place] for place in places), key=lambda one: -one.told)
        for place, one in zip(places, best, strict=True):
            ordered[place] = one
    return ordered


def _likeliest(index: SearchIndex, items: Sequence[StoredItem], reader: _Reader) -> StoredItem | None:
    """The passage among ``items`` that is most like the question; the first when none has a vector."""
    passages = {item.item_id: item for item in items if item.locator.innermost.kind == "characters"}
    if reader is not None and len(passages) > 1:
        vectors = index.vector_index(reader[0], "text")
        if vectors is not None:
            ids = common(np.array(sorted(passages), dtype=np.int64), vectors.ids)
            if ids.size:
                return passages[int(ids[vectors.scores(reader[1], ids).argmax()])]
    return next(iter(passages.values()), None)


def _shows(picture: StoredItem, passage: StoredItem) -> bool:
    """Whether ``picture`` is one of the document's, of the same page where the passage lies on one."""
    place = passage.locator.outermost
    return picture.modality == "image" and (place.kind not in PARTS or picture.locator.outermost == place)


def _answer(
    index: SearchIndex,
    rank: int,
    one: _Candidate,
    context: int,
) -> Answer:
    hit, item = one.hit, one.item
    items = index.catalogue.document_items(item.document_id)
    before, after = passages_around(items, item.item_id, context)
    text = item.text or ""
    start, end = one.sentence
    return Answer(
        rank=rank,
        item_id=item.item_id,
        document_id=item.document_id,
        corpus_root=item.corpus_root,
        path=item.path,
        title=item.title,
        locator=item.locator,
        text=text,
        start=start,
        end=end,
        before=before,
        after=after,
        pictures=tuple(Neighbor.of(other) for other in items if _shows(other, item)),
        fields=item.fields,
        score=one.score,
        cosine=hit.cosine,
        strength=hit.strength,
        evalue=one.evalue,
    )
