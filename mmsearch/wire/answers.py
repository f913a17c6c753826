"""Answers to a question as plain dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.wire import VERSION

if TYPE_CHECKING:
    from mmsearch.search.ask.answers import Answer, Answers


def answers_as_json(answers: Answers) -> dict[str, Any]:
    """What ``mmsearch ask --json`` prints."""
    return {
        "version": VERSION,
        "question": answers.question,
        "no_answer": answers.no_answer,
        "notes": list(answers.notes),
        "searched": answers.searched,
        "generation": answers.generation,
        **({"partial": True, "missing": list(answers.missing)} if answers.missing else {}),
        "cutoff": answers.cutoff,
        "seconds": round(answers.seconds, 4),
        "answers": [answer_as_json(answer) for answer in answers],
        "best_guesses": [answer_as_json(answer) for answer in answers.best_guesses],
    }


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """An answer as JSON; ``start`` and ``end`` are offsets of the sentence in ``text``, in characters."""
    return {
        "rank": answer.rank,
        "sentence": answer.sentence,
        "citation": answer.citation,
        "corpus": answer.corpus_root,
        "path": answer.path,
        "file": answer.file,
        "title": answer.title,
        "locator": str(answer.locator),
        "part": answer.locator.part or None,
        "sentence_locator": str(answer.sentence_locator),
        "text": answer.text,
        "start": answer.start,
        "end": answer.end,
        "before": [one.to_dict() for one in answer.before],
        "after": [one.to_dict() for one in answer.after],
        "pictures": [
            {"item_id": one.item_id, "file": answer.file, "locator": str(one.locator)}
            for one in answer.pictures
        ],
        "fields": dict(answer.fields),
        "item_id": answer.item_id,
        "document_id": answer.document_id,
        "score": answer.score,
        "strength": answer.strength,
        "expected_count": answer.evalue,
        "cosine": answer.cosine,
    }
