"""Answer a question out of the texts of an index: the passages that answer it, and in each the sentence that does.

Nothing is written anew: an answer is a piece of a document, with its place. "No answer here" is decided as in a
search, by the expected count: how many passages as good an unrelated question would find in this index.
"""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.terms import terms
from mmsearch.search.ask.answers import Answer, Answers
from mmsearch.search.ask.sentences import sentence_spans
from mmsearch.search.index.documents import common
from mmsearch.search.request import SearchRequest
from mmsearch.search.results.context import passages_around
from mmsearch.search.results.hit import Neighbor
from mmsearch.search.results.snippets import snippet
from mmsearch.search.search import search

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.ask.request import AskRequest
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.results.hit import Hit
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import Vector

    _Reader: TypeAlias = "tuple[Encoder, Vector] | None"

# Hits that are looked through: titles and captions among them stand for a passage of their document.
DEPTH = 50
# In scales above the background: what a sentence with all words of the question has ahead of one with none. Of 15
# questions to the demo's texts, 13 get the right sentence with 0, all with 0.5 to 4.
WORDS_WEIGHT = 1.0


def ask(request: AskRequest, index: SearchIndex) -> Answers:
    """The passages that answer the question of ``request``, best first, or that there is no answer.

    Raises UsageError for a field that no document has.
    """
    started = time.perf_counter()
    question, cutoff = request.question, request.cutoff
    asked = SearchRequest(
        request.query, k=max(DEPTH, request.k), group="item", cutoff=None, duplicates="show", explain=False
    )
    results = search(asked, index)
    reader = _reader(index, question)
    within = [hit for hit in results if cutoff is None or hit.evalue <= cutoff]
    sure = list(islice(_passages(index, within, reader), request.k))
    shown = sure or list(islice(_passages(index, results, reader), request.k))
    answers = tuple(
        _answer(index, rank, hit, item, question, reader, request.context)
        for rank, (hit, item) in enumerate(shown, start=1)
    )
    seconds = time.perf_counter() - started
    return Answers(
        question,
        answers if sure else (),
        () if sure else answers,
        results.searched,
        cutoff,
        seconds,
        results.notes,
    )


def best_sentence(text: str, question: str, index: SearchIndex, reader: _Reader = None) -> tuple[int, int]:
    """(start, end) of the sentence of ``text`` that answers ``question`` best.

    By its likeness to the question and by the question's words in it; the first of equally good ones.
    """
    spans = sentence_spans(text) or [(0, len(text))]
    if len(spans) == 1:
        return spans[0]
    scores = [WORDS_WEIGHT * _share_of_words(text[start:end], question) for start, end in spans]
    if reader is not None:
        encoder, vector = reader
        cosines = encoder.encode_texts([text[start:end] for start, end in spans]) @ vector
        levels = index.background(encoder, "text", "text").scales(cosines.astype("float64"))
        scores = [score + float(level) for score, level in zip(scores, levels, strict=True)]
    return spans[max(range(len(spans)), key=lambda n: (scores[n], -n))]


def _reader(index: SearchIndex, question: str) -> _Reader:
    """What reads sentences, and the question as it sees it; None when no encoder of the index reads texts."""
    for encoder in index.encoders:
        if "text" in encoder.modalities and index.vector_index(encoder, "text") is not None:
            return encoder, encoder.encode_texts([question])[0]
    return None


def _passages(index: SearchIndex, hits: Sequence[Hit], reader: _Reader) -> Iterator[tuple[Hit, StoredItem]]:
    """Each passage once, with the first hit that leads to it.

    A title or caption leads to the passage of its document that is most like the question; a caption of a
    document without passages is one itself.
    """
    seen: set[int] = set()
    for hit in hits:
        items = index.catalogue.document_items(hit.document_id)
        if hit.locator.kind == "characters":
            item = next((one for one in items if one.item_id == hit.item_id), None)
        else:
            item = _likeliest(index, items, reader)
            if item is None and hit.locator.kind != "title":
                item = next((one for one in items if one.item_id == hit.item_id), None)
        if item is not None and item.text and item.item_id not in seen:
            seen.add(item.item_id)
            yield hit, item


def _likeliest(index: SearchIndex, items: Sequence[StoredItem], reader: _Reader) -> StoredItem | None:
    """The passage among ``items`` that is most like the question; the first when none has a vector."""
    passages = {item.item_id: item for item in items if item.locator.kind == "characters"}
    if reader is not None and len(passages) > 1:
        vectors = index.vector_index(reader[0], "text")
        if vectors is not None:
            ids = common(np.array(sorted(passages), dtype=np.int64), vectors.ids)
            if ids.size:
                return passages[int(ids[vectors.scores(reader[1], ids).argmax()])]
    return next(iter(passages.values()), None)


def _answer(
    index: SearchIndex,
    rank: int,
    hit: Hit,
    item: StoredItem,
    question: str,
    reader: _Reader,
    context: int,
) -> Answer:
    items = index.catalogue.document_items(item.document_id)
    before, after = passages_around(items, item.item_id, context)
    text = item.text or ""
    start, end = best_sentence(text, question, index, reader)
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
        pictures=tuple(Neighbor.of(one) for one in items if one.modality == "image"),
        fields=item.fields,
        score=hit.score,
        cosine=hit.cosine,
        strength=hit.strength,
        evalue=hit.evalue,
    )


def _share_of_words(sentence: str, question: str) -> float:
    """How many of the question's telling words stand in the sentence, of all of them."""
    wanted = [term for term in terms(question) if not term.is_stop_word]
    if not wanted:
        return 0.0
    found = [bool(snippet(sentence, term.written, len(sentence) + 1).highlights) for term in wanted]
    return sum(found) / len(found)
