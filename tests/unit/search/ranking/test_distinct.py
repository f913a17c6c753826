from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import mmsearch
from mmsearch.errors import UsageError
from mmsearch.search.recommend.recommend import recommend
from mmsearch.search.recommend.request import RecommendRequest
from mmsearch.search.recommend.surroundings import NEIGHBORS, SHARE
from mmsearch.search.recommend.taste import METHODS
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.results.results import Results

THINGS = ("dog", "horse", "boat", "train", "tree", "bridge", "lamp", "kettle", "violin", "glove")


@pytest.fixture
def index(build: Callable[[list[Any]], SearchIndex], doc: Any) -> SearchIndex:
    """Each thing in three copies of one picture, a picture of its own, and a text that is there twice."""
    documents = []
    for thing in THINGS:
        documents += [doc(f"{thing}/{n}.jpg", shows=f"a red {thing}", content=thing) for n in range(3)]
        documents.append(doc(f"{thing}/other.jpg", shows=f"an old {thing}"))
        documents += [
            doc(
                f"{thing}/{n}.txt",
                passages=[f"The red {thing}.", f"A {thing} again."],
                content=f"{thing} text",
            )
            for n in range(2)
        ]
    return build(documents)


def found(index: SearchIndex, text: str, k: int = 10, **options: Any) -> Results:
    return search(SearchRequest(text, k=k, duplicates="collapse", **options), index)


def test_copies_are_shown_once_with_their_number(index: SearchIndex) -> None:
    copies = {hit.path: hit.copies for hit in found(index, "dog", 100, cutoff=None)}
    shown = [path for path in copies if path.startswith("dog/")]
    assert sorted(shown) == ["dog/0.jpg", "dog/0.txt", "dog/other.jpg"]
    assert [copies[path] for path in sorted(shown)] == [2, 1, 0]


def test_all_are_shown_when_asked_for(index: SearchIndex) -> None:
    shown = search(SearchRequest("dog", k=100, cutoff=None, duplicates="show"), index)
    assert len(shown) == 6 * len(THINGS)
    assert not any(hit.copies for hit in shown)
    with pytest.raises(UsageError, match="collapse or show, not 'hide'"):
        search(SearchRequest("dog", k=10, duplicates="hide"), index)  # type: ignore[arg-type]


def test_k_hits_come_back_whenever_k_different_documents_pass(index: SearchIndex) -> None:
    different = 3 * len(THINGS)
    for k in (1, 7, different - 1, different):
        assert len(found(index, "red dog", k, cutoff=None)) == k
    everything = found(index, "red dog", 1_000, cutoff=None)
    assert len(everything) == everything.total == different
    assert everything.total_is_exact


def test_the_first_hits_of_many_are_the_answer_for_few(index: SearchIndex) -> None:
    many = [hit.item_id for hit in found(index, "red dog", 30, cutoff=None)]
    for k in (1, 2, 5, 13):
        assert [hit.item_id for hit in found(index, "red dog", k, cutoff=None)] == many[:k]


def test_pages_follow_one_another_without_copies_between_them(index: SearchIndex) -> None:
    whole = [(hit.rank, hit.item_id) for hit in found(index, "red dog", 30, cutoff=None)]
    pages = [
        (hit.rank, hit.item_id)
        for offset in range(0, 30, 4)
        for hit in found(index, "red dog", 4, offset=offset, cutoff=None)
    ]
    assert pages == whole
    beyond = found(index, "red dog", 4, offset=100, cutoff=None)
    assert not beyond
    assert not beyond.nothing_matches
    assert beyond.total == 30


def test_items_are_not_collapsed(index: SearchIndex) -> None:
    assert len(found(index, "dog", 1_000, cutoff=None, group="item")) == 8 * len(THINGS)


def test_a_sorted_list_shows_the_first_of_the_copies_in_its_order(index: SearchIndex) -> None:
    paths = [hit.path for hit in found(index, "red dog path:dog/**", 10, cutoff=None, sort="-path")]
    assert paths == ["dog/other.jpg", "dog/2.jpg", "dog/1.txt"]


def test_a_filter_alone_collapses_too(index: SearchIndex) -> None:
    assert [hit.path for hit in found(index, "path:dog/**")] == ["dog/0.jpg", "dog/0.txt", "dog/other.jpg"]


def test_what_a_report_found_counts_as_a_copy(index: Any) -> None:
    pictures = index.catalogue.items(index.documents.modalities["image"])
    keys = {item.path: item.key for item in pictures}
    index.copy_groups = {keys["dog/0.jpg"]: 0, keys["dog/other.jpg"]: 0}
    hits = found(index, "dog path:dog/*.jpg", 10, cutoff=None)
    assert [hit.copies for hit in hits] == [3]


@pytest.mark.parametrize("method", METHODS)
def test_a_recommendation_shows_copies_once_with_their_number(index: Any, method: Any) -> None:
    many = recommend(RecommendRequest("dog/other.jpg", k=100, method=method), index)
    copies = {hit.path: hit.copies for hit in many}
    assert len(copies) == many.total == 3 * len(THINGS) - 1
    assert copies["dog/0.jpg"] == 2
    assert copies["dog/0.txt"] == 1
    assert not copies.keys() & {"dog/1.jpg", "dog/2.jpg", "dog/1.txt"}
    for k in (1, 7, 28):
        assert recommend(RecommendRequest("dog/other.jpg", k=k, method=method), index).hits == many.hits[:k]
    every = recommend(RecommendRequest("dog/other.jpg", k=100, method=method, duplicates="show"), index)
    assert len(every) == every.total == 6 * len(THINGS) - 1
    assert not any(hit.copies for hit in every)


def test_copies_do_not_speak_for_each_other_in_a_recommendation(
    build: Callable[[list[Any]], SearchIndex], doc: Any
) -> None:
    documents = [doc(f"{thing}.jpg", shows=f"a red {thing}", content=thing) for thing in THINGS]
    documents += [doc(f"boats/{n}.jpg", shows="a red boat", content="boat") for n in range(NEIGHBORS)]
    index = build(documents)

    def only_heard_itself(duplicates: Any) -> bool:
        hits = recommend(RecommendRequest("dog.jpg", k=100, duplicates=duplicates), index)
        (boat,) = (hit for hit in hits if hit.path == "boat.jpg")
        own = sum(reason.contribution for reason in boat.explanation if reason.channel != "surroundings")
        (around,) = (reason.raw for reason in boat.explanation if reason.channel == "surroundings")
        return around == pytest.approx(own / (1.0 - SHARE), abs=0.01)

    assert only_heard_itself("show")
    assert not only_heard_itself("collapse")


def test_a_copy_that_a_report_found_is_not_recommended(index: Any) -> None:
    keys = {item.path: item.key for item in index.catalogue.items(index.documents.modalities["image"])}
    index.copy_groups = {keys["dog/0.jpg"]: 0, keys["dog/other.jpg"]: 0}
    paths = {
        hit.path for hit in recommend(RecommendRequest("dog/other.jpg", k=100, duplicates="show"), index)
    }
    assert not paths & {f"dog/{name}.jpg" for name in ("0", "1", "2", "other")}
    assert "boat/0.jpg" in paths


def test_texts_of_a_picture_do_not_make_it_another(
    build: Callable[[list[Any]], SearchIndex], doc: Any
) -> None:
    index = build(
        [
            doc("a.jpg", shows="a red dog", captions=["a dog"], content="dog"),
            doc("b.jpg", shows="a red dog", captions=["something else"], content="dog"),
            doc("c.txt", passages=["a dog"], content="dog"),
        ]
    )
    assert [(hit.path, hit.copies) for hit in found(index, "dog", cutoff=None)] in (
        [("a.jpg", 1), ("c.txt", 0)],
        [("c.txt", 0), ("a.jpg", 1)],
    )


def test_remembered_groups_are_shown_once_from_then_on(small_corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("pdqhash", reason="near-duplicates come with the extra duplicates")
    with Image.open(small_corpus / "chelsea.png") as picture:
        picture.convert("RGB").resize((300, 200)).save(small_corpus / "smaller.jpg", quality=80)
    with mmsearch.index(small_corpus, tmp_path / "index") as library:
        before = library.search("a cat", modality="image", cutoff=None)
        with pytest.raises(UsageError, match="groups of the whole index"):
            library.duplicates(remember=True, where="path: *.png")
        with pytest.raises(UsageError, match="groups of the whole index"):
            library.duplicates(remember=True, path="*.png")
        library.duplicates(remember=True)
        after = library.search("a cat", modality="image", cutoff=None)
    assert len(after) == len(before) - 1
    assert sum(hit.copies for hit in after) == 1
    with mmsearch.open(tmp_path / "index") as library:
        assert [hit.path for hit in library.search("a cat", modality="image", cutoff=None)] == [
            hit.path for hit in after
        ]
