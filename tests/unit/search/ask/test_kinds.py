from __future__ import annotations

import pytest

from mmsearch.search.ask.kinds import asked_for, names_any


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("When did the war end?", ("time",)),
        ("In what year was it built?", ("time",)),
        ("How many people live there?", ("number",)),
        ("Who wrote it?", ("name",)),
        ("Wo liegt die Stadt?", ("name",)),
        ("Warum ist das so?", ("cause",)),
        ("谁写的？", ("name",)),
        ("有多少人？", ("number",)),
        ("What is tea?", ()),
    ],
)
def test_what_a_question_asks_for_is_told_by_its_words(question: str, kinds: tuple[str, ...]) -> None:
    assert asked_for(question) == kinds


@pytest.mark.parametrize(
    ("sentence", "question", "named"),
    [
        ("It ended in 1945.", "When did it end?", True),
        ("It ended late.", "When did it end?", False),
        ("Some three thousand live there.", "How many live there?", True),
        ("It was written by Ada Lovelace.", "Who wrote it?", True),
        ("Long ago Ada Lovelace wrote it.", "What did Ada Lovelace write, and who helped?", False),
        ("They left because of the rain.", "Why did they leave?", True),
    ],
)
def test_a_sentence_names_the_kind_or_not(sentence: str, question: str, named: bool) -> None:
    assert names_any(sentence, asked_for(question), question) is named
