"""Zero-shot tags over the toy index."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mmsearch.errors import UsageError
from mmsearch.search.channels.prompts import word_background, word_vectors
from mmsearch.search.query.defaults import TAG_CUTOFF
from mmsearch.search.tags import tags
from mmsearch.search.tags.labels import Label, read_labels
from mmsearch.search.tags.request import TagRequest
from mmsearch.search.tags.tags import tag
from tests.unit.search.conftest import Doc, ToyIndex

ABSENT = [f"unseen{n}" for n in range(40)]


def tags_of(index: ToyIndex, labels: Sequence[Label | str], **options: object) -> dict[str, list[str]]:
    """path -> labels"""
    found = tag(TagRequest(labels, **options), index)  # type: ignore[arg-type]
    items = {index.catalogue.items([int(index.documents.items_of(np.array([one.document_id]))[0])])[0].path: one
             for one in found.documents}  # fmt: skip
    return {path: [given.label for given in one.tags] for path, one in items.items()}


@pytest.fixture
def notes(build: Callable[[Sequence[Doc]], ToyIndex]) -> ToyIndex:
    """A note about two animals, one about a boat, and many about other things."""
    others = [Doc(f"{n}.txt", passages=[f"matter{n} topic{n % 7}"]) for n in range(60)]
    return build([Doc("both.txt", passages=["dog cat"]), Doc("boat.txt", passages=["red boat"]), *others])


def test_a_document_gets_all_labels_that_it_tells_of_and_no_other(notes: ToyIndex) -> None:
    found = tags_of(notes, ["dog", "cat", "boat"])
    assert sorted(found.pop("both.txt")) == ["cat", "dog"]
    assert found.pop("boat.txt") == ["boat"]
    assert sum(map(len, found.values())) <= 3 * TAG_CUTOFF * len(found)


def test_labels_that_nothing_shows_are_given_as_often_as_the_cutoff_says(pictures: ToyIndex) -> None:
    found = tag(TagRequest(ABSENT, modality="image", cutoff=0.5), pictures)
    given = sum(len(one.tags) for one in found.documents)
    assert len(found.documents) == 225
    assert 0.5 / 5 <= given / len(found.documents) <= 0.5 * 5  # the toy's pictures lie in clusters


def test_a_picture_of_no_label_gets_no_tag(pictures: ToyIndex) -> None:
    found = tag(TagRequest(["giraffe"], modality="image"), pictures)
    tagged = [one for one in found.documents if one.tags]
    assert len(tagged) <= 3 * TAG_CUTOFF * len(found.documents)
    assert found.values[next(one.document_id for one in found.documents if not one.tags)] is None


def test_single_gives_each_document_its_surest_label(pictures: ToyIndex) -> None:
    everything = tag(TagRequest(["dog", "boat", "snow"], cutoff=None), pictures)
    one_each = tag(TagRequest(["dog", "boat", "snow"], cutoff=None, single=True), pictures)
    assert all(len(one.tags) == 3 for one in everything.documents)
    assert [one.tags for one in one_each.documents] == [one.tags[:1] for one in everything.documents]


def test_single_with_a_cutoff_may_give_none(pictures: ToyIndex) -> None:
    found = tag(TagRequest(["dog", "boat"], cutoff=0.05, single=True), pictures)
    assert {len(one.tags) for one in found.documents} == {0, 1}


def test_the_surest_tag_comes_first(pictures: ToyIndex) -> None:
    for one in tag(TagRequest(["dog", "boat", "snow"], cutoff=None), pictures).documents:
        counts = [given.expected_count for given in one.tags]
        assert counts == sorted(counts)


def test_paths_and_filters_say_which_documents_are_looked_at(notes: ToyIndex) -> None:
    assert tags_of(notes, ["dog"], path="bo*.txt").keys() == {"both.txt", "boat.txt"}
    assert tags_of(notes, ["dog"], path=["both.txt", "1?.txt"]).keys() == {
        "both.txt",
        *(f"{n}.txt" for n in range(10, 20)),
    }
    assert tags_of(notes, ["dog"], path="bo*.txt", where="NOT path:both.txt").keys() == {"boat.txt"}
    assert tags_of(notes, ["dog"], path="nowhere/**") == {}


def test_a_tag_names_the_item_that_shows_it(build: Callable[[Sequence[Doc]], ToyIndex]) -> None:
    index = build(
        [Doc("a.jpg", "red boat", passages=["The cat sleeps.", "A dog is running."]), Doc("b.jpg", "cake")]
    )
    [given] = tag(TagRequest(["dog"], where='path = "a.jpg"', cutoff=None), index).documents[0].tags
    assert index.catalogue.items([given.item_id])[0].text == "A dog is running."


def test_other_words_for_a_label_find_it_too(pictures: ToyIndex) -> None:
    hounds = tag(TagRequest([Label("hound", ("dog",))], modality="image"), pictures)
    dogs = tag(TagRequest(["dog"], modality="image"), pictures)
    assert {given.label for one in hounds.documents for given in one.tags} == {"hound"}
    # two words are two chances, so that the count expected by chance is twice as high
    most = {one.document_id: one.tags[0].expected_count for one in dogs.documents if one.tags}
    for one in hounds.documents:
        for given in one.tags:
            assert given.expected_count <= 2.0001 * most.get(one.document_id, 1)


def test_more_items_are_more_chances(build: Callable[[Sequence[Doc]], ToyIndex]) -> None:
    index = build(
        [
            Doc("few.txt", passages=["The dog is old."]),
            Doc("many.txt", passages=["The dog is old.", "Snow.", "A river.", "Cakes."]),
            *(Doc(f"{n}.txt", passages=[f"number{n} of many{n}."]) for n in range(30)),
        ]
    )
    few, many = (
        one.tags[0]
        for one in tag(TagRequest(["dog"], cutoff=None, where="path ~ y OR path ~ few"), index).documents
    )
    assert many.cosine == pytest.approx(few.cosine)
    assert many.expected_count == pytest.approx(4 * few.expected_count)


def test_tags_agree_with_a_comparison_one_by_one(pictures: ToyIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents and items are scored in pieces; each piece here is smaller than some documents."""
    monkeypatch.setattr(tags, "DOCUMENTS_AT_ONCE", 7)
    monkeypatch.setattr(tags, "ITEMS_AT_ONCE", 3)
    labels = ["dog", "boat"]
    found = tag(TagRequest(labels, cutoff=None), pictures)
    backgrounds = {m: word_background(pictures, pictures.encoder, m) for m in ("image", "text")}
    vectors = {m: word_vectors(pictures.encoder, labels, m) for m in ("image", "text")}
    for one in found.documents[::29]:
        items = pictures.catalogue.document_items(one.document_id)
        for given in one.tags:
            chances = []
            for item in items:
                index = pictures.vector_index(pictures.encoder, item.modality)
                assert index is not None
                cosine = (
                    index.vectors(np.array([item.item_id]))[0]
                    @ vectors[item.modality][labels.index(given.label)]
                )
                chances.append(float(backgrounds[item.modality].survival(np.array([float(cosine)]))[0]))
            assert given.expected_count == pytest.approx(len(items) * len(labels) * min(chances), rel=1e-3)


def test_filters_decide_which_items_are_looked_at(pictures: ToyIndex) -> None:
    assert len(tag(TagRequest(["dog"], where="thing = dog"), pictures).documents) == 15
    assert len(tag(TagRequest(["dog"], modality="text", where="thing = dog"), pictures).documents) == 5


def test_values_are_lists_that_filters_take_apart(notes: ToyIndex) -> None:
    found = tag(TagRequest(["dog", "cat"], where='path = "both.txt"'), notes)
    [value] = found.values.values()
    assert value is not None
    assert sorted(value.split("; ")) == ["cat", "dog"]
    assert found.counts == {"dog": 1, "cat": 1}


@pytest.mark.parametrize(
    ("labels", "options"),
    [([], {}), (["dog", "Dog"], {}), (["a; b"], {}), ([" "], {}), (["dog"], {"cutoff": 0.0})],
)
def test_requests_without_sense_are_refused(
    pictures: ToyIndex, labels: list[str], options: dict[str, float]
) -> None:
    with pytest.raises(UsageError):
        tag(TagRequest(labels, **options), pictures)  # type: ignore[arg-type]


def test_a_list_of_labels_has_one_a_line_with_other_words_behind() -> None:
    text = "\ufeff# animals\n\nsofa = couch, settee\r\nT-shirt\n  coffee   cup ,mug\n"
    assert read_labels(text) == (
        Label("sofa", ("couch", "settee")),
        Label("T-shirt"),
        Label("coffee cup", ("mug",)),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("dog\ncat\nDOG\n", "line 3.*line 1"),
        ("dog\n, cat", "line 2"),
    ],
)
def test_a_bad_list_names_the_line(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        read_labels(text)
