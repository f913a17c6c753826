"""Answers out of texts, over the toy index."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from mmsearch.errors import UsageError
from mmsearch.search.ask.ask import ask, best_sentence, statements
from mmsearch.search.ask.request import AskRequest
from mmsearch.search.ask.sentences import sentence_spans
from mmsearch.search.ask.telling import TellingWords
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search
from tests.unit.search.conftest import Doc, ToyIndex

Build = Callable[[Sequence[Doc]], ToyIndex]

OTHERS = [Doc(f"other/{n}.txt", passages=[f"matter{n} about topic{n} and theme{n}."]) for n in range(40)]
HANDBOOK = Doc(
    "handbook.txt",
    shows="red bicycle",
    title="Bicycle repair",
    passages=[
        "Turn the bicycle over. Take the wheel out.",
        "Find the hole in the tube. Glue a patch over the hole. Wait five minutes.",
        "Put the wheel back. Pump the tyre.",
    ],
)


@pytest.fixture
def shop(build: Build) -> ToyIndex:
    return build(
        [
            HANDBOOK,
            Doc("tea.txt", passages=["Green tea wants cool water. Black tea wants boiling water."]),
            *OTHERS,
        ]
    )


def test_the_sentence_that_answers_is_marked_by_offsets(shop: ToyIndex) -> None:
    first = ask(AskRequest("what water does black tea want?"), shop)[0]
    assert first.path == "tea.txt"
    assert first.sentence == first.text[first.start : first.end] == "Black tea wants boiling water."


def test_an_answer_is_cited_by_document_and_characters(shop: ToyIndex) -> None:
    first = ask(AskRequest("glue a patch over the hole"), shop)[0]
    before = len(HANDBOOK.passages[0]) + 1 + HANDBOOK.passages[1].index("Glue")
    assert first.citation == f"handbook.txt, characters {before}–{before + len(first.sentence)}"
    assert str(first.sentence_locator) == f"characters:{before}-{before + len(first.sentence)}"


def test_passages_around_come_along_and_pictures_of_the_document(shop: ToyIndex) -> None:
    first = ask(AskRequest("glue a patch over the hole"), shop)[0]
    assert [one.text for one in first.before] == [HANDBOOK.passages[0]]
    assert [one.text for one in first.after] == [HANDBOOK.passages[2]]
    assert len(first.pictures) == 1
    alone = ask(AskRequest("glue a patch over the hole", context=0), shop)[0]
    assert (alone.before, alone.after) == ((), ())


def test_a_title_leads_to_the_passage_of_its_document(shop: ToyIndex) -> None:
    found = ask(AskRequest("bicycle repair", k=5), shop)
    assert found[0].path == "handbook.txt"
    assert found[0].text in HANDBOOK.passages
    assert len({one.item_id for one in found}) == len(found)


def test_there_is_no_answer_to_a_question_about_something_else(shop: ToyIndex) -> None:
    found = ask(AskRequest("volcano eruption lava", cutoff=0.05), shop)
    assert found.no_answer
    assert not found
    assert found.best_guesses
    assert all(one.evalue > 0.05 for one in found.best_guesses)
    assert len(ask(AskRequest("volcano eruption lava", cutoff=None), shop)) == 3


def test_the_first_answers_are_the_same_whatever_number_is_asked_for(shop: ToyIndex) -> None:
    few, many = (
        ask(AskRequest("wheel", k=2, cutoff=None), shop),
        ask(AskRequest("wheel", k=10, cutoff=None), shop),
    )
    assert [one.item_id for one in few] == [one.item_id for one in many[:2]]


@pytest.mark.parametrize("question", ['is -tea "hot"?', "year>1990", "@file.jpg", "#1", "(((", "NOT tea"])
def test_a_question_is_no_query(shop: ToyIndex, question: str) -> None:
    assert ask(AskRequest(question, cutoff=None), shop).question == question


def test_only_documents_that_pass_the_filter_are_asked(shop: ToyIndex) -> None:
    found = ask(AskRequest("black tea", cutoff=None, path="handbook.txt"), shop)
    assert {one.path for one in found} == {"handbook.txt"}


@pytest.mark.parametrize("options", [{"k": 0}, {"context": -1}, {"cutoff": 0.0}])
def test_requests_without_sense_are_refused(shop: ToyIndex, options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        ask(AskRequest("tea", **options), shop)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        ask(AskRequest("  "), shop)


def test_without_an_encoder_words_choose_the_sentence(shop: ToyIndex) -> None:
    text = "We open at nine. Orders leave on the same day."
    question = "when do orders leave?"
    words = TellingWords.of(question, [text])
    (start, end), _ = best_sentence(text, question, words, shop)
    assert text[start:end] == "Orders leave on the same day."


@pytest.mark.parametrize(
    "text", ["", " \n ", "One. Two!  Three?\n", "no full stop", "\ud800 a. b", "你好。再见。"]
)
def test_sentences_cover_the_text_without_white_space_around(text: str) -> None:
    spans = sentence_spans(text)
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans)
    assert "".join(text[start:end] for start, end in spans).replace(" ", "") == "".join(text.split())


def test_headings_and_questions_answer_nothing(build: Build) -> None:
    text = "Refunds\n\nHow do I get my money back?\n\nWe send the money back within a week."
    index = build([Doc("faq.md", passages=[text]), *OTHERS])
    first = ask(AskRequest("how do I get my money back?"), index)[0]
    assert first.sentence == "We send the money back within a week."


def test_a_passage_of_headings_alone_has_its_first_one() -> None:
    assert [slice(*span) for span in statements("Refunds")] == [slice(0, 7)]


def test_the_first_answer_is_in_the_document_that_a_search_finds_first(shop: ToyIndex) -> None:
    for question in ("what water does black tea want?", "glue a patch over the hole"):
        asked = AskRequest(question)
        found = search(SearchRequest(asked.query, k=1, cutoff=None), shop)
        assert ask(asked, shop)[0].document_id == found[0].document_id


def test_a_question_whose_words_nothing_says_is_told_that_there_is_no_answer(shop: ToyIndex) -> None:
    assert not ask(AskRequest("what does black coffee about topic3 cost in winter?"), shop)


def test_who_says_the_question_in_one_sentence_is_ahead_of_who_scatters_its_words(build: Build) -> None:
    scattered = "The bridge fell. Stone was dear. The river rose."
    together = "Later the stone bridge over the river was opened by the mayor."
    index = build(
        [Doc("scattered.txt", passages=[scattered]), Doc("together.txt", passages=[together]), *OTHERS]
    )
    question = "stone bridge river"
    assert search(SearchRequest(question, modality="text", cutoff=None), index)[0].path == "scattered.txt"
    assert ask(AskRequest(question, cutoff=None), index)[0].path == "together.txt"
