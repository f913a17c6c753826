from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mmsearch.errors import QueryError, UsageError
from mmsearch.search.compose import compose
from mmsearch.search.query.parse import parse
from mmsearch.search.query.value import Item, Part, Picture, Query, Text
from mmsearch.search.ranking.fusion import FUSIONS, Fusion
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search
from mmsearch.store.catalogue.conditions import And, Comparison, ModalityIs, Or, PathGlob

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmsearch.search.index.protocol import SearchIndex


def paths(index: SearchIndex, text: str, k: int = 10, **options: Any) -> list[str]:
    return [hit.path for hit in search(SearchRequest(text, k=k, **options), index)]


def test_words_find_pictures_and_texts_in_one_list(pictures: SearchIndex) -> None:
    hits = search(SearchRequest("a red dog", k=30, group="item"), pictures)
    assert {hit.modality for hit in hits} == {"image", "text"}
    assert all("dog" in hit.path or "red" in (hit.text or "red") for hit in hits[:5])


def test_a_picture_finds_pictures_and_texts(pictures: SearchIndex) -> None:
    hits = search(SearchRequest(Query((Part(Picture("dog boat")),)), k=10), pictures)
    assert {hit.modality for hit in hits} == {"image", "text"}
    first = next(hit.path for hit in hits if hit.modality == "image")
    assert first in ("photos/dog/0-4.jpg", "photos/boat/4-0.jpg")
    everything = search(
        SearchRequest(Query((Part(Picture("dog")),)), k=1_000, group="item", cutoff=None), pictures
    )
    texts = [hit.text for hit in everything if hit.modality == "text"]
    assert sum("dog" in str(text) for text in texts[:5]) >= 3


def test_contributions_add_up_to_the_score_exactly(pictures: SearchIndex) -> None:
    queries = ["a red dog -snow", "dog @beach -0.5:cat", "2:dog 0.3:@snow NOT tree", "dog", "@dog", "#7 dog"]
    for text in queries:
        for fusion in FUSIONS:
            for hit in search(SearchRequest(parse(text), k=20, fusion=fusion, cutoff=None), pictures):
                assert sum(reason.contribution for reason in hit.explanation) == hit.score


def test_an_explanation_names_every_part_with_its_background(pictures: SearchIndex) -> None:
    [hit] = search(SearchRequest(parse("dog @dog -snow"), k=1, cutoff=None), pictures)
    dense = [reason for reason in hit.explanation if "→" in reason.channel]
    assert {(reason.channel, reason.part) for reason in dense} >= {
        ("toy text→image", "dog"),
        ("toy image→image", "@dog"),
    }
    for reason in dense:
        assert reason.scales == pytest.approx((reason.raw - reason.location) / reason.scale)
        assert reason.raw <= 1


def test_without_explanation_the_answer_is_the_same(pictures: SearchIndex) -> None:
    short = search(SearchRequest("dog -snow", k=5, explain=False), pictures)
    assert [(hit.item_id, hit.score) for hit in short] == [
        (hit.item_id, hit.score) for hit in search(SearchRequest("dog -snow", k=5), pictures)
    ]
    assert not any(hit.explanation for hit in short)


def test_what_is_not_there_is_said_so_with_the_nearest_beside(pictures: SearchIndex) -> None:
    results = search(SearchRequest("purple zeppelins", k=5), pictures)
    assert results.nothing_matches
    assert results.total == 0
    assert results.matches == ()
    assert len(results) == len(results.guesses) == 5
    assert min(hit.evalue for hit in results.guesses) > 0.5
    assert list(search(SearchRequest("purple zeppelins", k=5, strict=True), pictures)) == []


def test_without_a_cutoff_all_come_back_each_with_its_expected_count(pictures: SearchIndex) -> None:
    results = search(SearchRequest("purple zeppelins", k=1_000, cutoff=None), pictures)
    assert len(results) == 450
    assert results[0].evalue < results[-1].evalue
    assert not results.guesses


def test_a_stricter_cutoff_keeps_the_first_of_a_laxer_one_that_pass(pictures: SearchIndex) -> None:
    lax = search(SearchRequest("a red dog", k=1_000, cutoff=5.0, strict=True), pictures)
    strict = search(SearchRequest("a red dog", k=1_000, cutoff=0.01, strict=True), pictures)
    assert 0 < len(strict) < len(lax)
    assert [hit.path for hit in strict] == [hit.path for hit in lax][: len(strict)]
    assert strict[-1].evalue <= 0.01


def test_nothing_is_hidden_and_the_order_is_that_without_a_line(pictures: SearchIndex) -> None:
    for text in ("a red dog", "dog", "purple zeppelins", "a boat -snow"):
        whole = search(SearchRequest(text, k=1_000, cutoff=None), pictures)
        for cutoff in (1e-3, 0.6, 5.0):
            lined = search(SearchRequest(text, k=1_000, cutoff=cutoff), pictures)
            assert [hit.item_id for hit in lined] == [hit.item_id for hit in whole]
            # one line, where it leaves the fewest hits on the wrong side
            wrong = [
                sum(hit.evalue > cutoff for hit in whole[:place])
                + sum(hit.evalue <= cutoff for hit in whole[place:])
                for place in range(len(whole) + 1)
            ]
            last = max(place for place, count in enumerate(wrong) if count == min(wrong))
            assert [hit.beyond_chance for hit in lined] == [hit.rank > last for hit in whole]
            assert (lined.total, lined.total_is_exact) == (last, True)
            assert lined.nothing_matches == (last == 0)


def test_the_line_stands_in_one_place_whatever_page_is_looked_at(pictures: SearchIndex) -> None:
    for group in ("document", "item"):
        whole = search(SearchRequest("a red dog", k=1_000, group=group), pictures)  # type: ignore[arg-type]
        for offset in range(0, 60, 7):
            part = search(SearchRequest("a red dog", k=7, offset=offset, group=group), pictures)  # type: ignore[arg-type]
            expected = whole[offset : offset + 7]
            assert [(hit.rank, hit.beyond_chance) for hit in part] == [
                (hit.rank, hit.beyond_chance) for hit in expected
            ]
            if part.total_is_exact:
                assert part.total == whole.total
            assert part.more


def test_a_line_above_everything_leaves_a_sorted_list_by_relevance(pictures: SearchIndex) -> None:
    by_year = search(SearchRequest("purple zeppelins", k=5, sort="-year"), pictures)
    assert by_year.nothing_matches
    assert [hit.item_id for hit in by_year] == [
        hit.item_id for hit in search(SearchRequest("purple zeppelins", k=5), pictures)
    ]
    assert search(SearchRequest("purple zeppelins", facets=["thing"]), pictures).facets == {"thing": []}


def test_k_hits_come_back_whenever_k_documents_pass_the_filter(pictures: SearchIndex) -> None:
    hits = search(SearchRequest("a red dog thing:boat", k=15, cutoff=None), pictures)
    assert len(hits) == 15
    assert all(hit.fields["thing"] == "boat" for hit in hits)
    assert hits.searched == 20  # 15 pictures and the captions of every third


def test_a_filter_alone_lists_what_passes(pictures: SearchIndex) -> None:
    results = search(SearchRequest("thing=boat year<1945", k=100), pictures)
    assert [hit.path for hit in results] == sorted(hit.path for hit in results)
    assert results.total == len(results) == 10
    assert all(hit.evalue == 0 and hit.strength == 100 for hit in results)


def test_a_filter_that_nothing_passes_is_no_error(pictures: SearchIndex) -> None:
    results = search(SearchRequest("dog year>3000", k=5), pictures)
    assert results.nothing_matches
    assert not results.guesses
    assert results.searched == 0


def test_an_exact_phrase_must_stand_in_the_document(pictures: SearchIndex) -> None:
    hits = search(SearchRequest('"red dog"', k=100, cutoff=None), pictures)
    assert {hit.path for hit in hits} == {
        "photos/dog/0-3.jpg",
        "notes/3-0.txt",
        "notes/13-0.txt",
    } | {hit.path for hit in hits if "red dog" in str(hit.text)}
    assert not paths(pictures, '"dog red"', cutoff=None)


def test_minus_lowers_and_not_removes(pictures: SearchIndex) -> None:
    def with_snow(text: str) -> int:
        return sum(
            "snow" in str(hit.text) or "snow" in hit.path or "/0-10." in hit.path for hit in hits(text)
        )

    def hits(text: str) -> list[Any]:
        return list(search(SearchRequest(text, k=25, cutoff=None), pictures))

    # the toy picture of a dog in snow may lie just short of what NOT removes
    assert with_snow("dog NOT snow") <= 1 < with_snow("dog snow") - 5
    places = [
        paths(pictures, text, 450, cutoff=None).index("photos/snow/10-0.jpg") for text in ("dog", "dog -snow")
    ]
    assert places[1] > places[0]
    assert "photos/snow/10-0.jpg" not in paths(pictures, "dog NOT snow", 450, cutoff=None)


def test_an_item_is_not_found_by_itself(pictures: SearchIndex) -> None:
    dog = search(SearchRequest("path:photos/dog/0-0.jpg", k=1), pictures)[0]
    hits = search(SearchRequest(Query((Part(Item(dog.item_id)),)), k=50, cutoff=None), pictures)
    assert dog.document_id not in {hit.document_id for hit in hits}
    assert hits[0].path.startswith(("photos/dog/", "notes/0-0"))


def test_a_name_wins_over_a_vague_resemblance(build: Callable[[list[Any]], SearchIndex], doc: Any) -> None:
    documents = [doc(f"{n}.jpg", shows=f"a woman portrait number{n}") for n in range(40)]
    documents.append(doc("scan-0042.jpg", shows="a ship", title="Ada Lovelace"))
    documents.append(doc("Grace Hopper.jpg", shows="a bridge"))
    documents.append(doc("x.jpg", shows="a lamp", fields={"tags": "Marie Curie; physics"}))
    index = build(documents)
    for name, path in (
        ("Ada Lovelace", "scan-0042.jpg"),
        ("Grace Hopper", "Grace Hopper.jpg"),
        ("marie curie", "x.jpg"),
    ):
        [hit] = search(SearchRequest(name, k=1), index)
        assert hit.path == path
        assert "name" in {reason.channel for reason in hit.explanation}


def test_two_parts_are_mixed_on_one_scale(pictures: SearchIndex) -> None:
    """Cosines between pictures are 0.8 and those of words with pictures 0.2: their sum would ask the picture only."""
    hits = search(SearchRequest(parse("boat @snow modality:image"), k=3, cutoff=None), pictures)
    both = {"photos/boat/4-10.jpg", "photos/snow/10-4.jpg"}
    assert {hit.path for hit in hits} & both


def test_a_vector_is_a_picture_query(pictures: SearchIndex) -> None:
    vector = pictures.picture_vector(pictures.encoders[0], "dog")
    by_vector = search(SearchRequest(Query((Part(Picture(3 * vector)),)), k=5), pictures)
    by_source = search(SearchRequest(Query((Part(Picture("dog")),)), k=5), pictures)
    assert [hit.item_id for hit in by_vector] == [hit.item_id for hit in by_source]
    with pytest.raises(UsageError, match="shape"):
        search(
            SearchRequest(
                Query(
                    (
                        Part(
                            Picture(np.ones(3)),
                        ),
                    )
                ),
                k=5,
            ),
            pictures,
        )


def test_documents_are_grouped_and_their_items_are_not_repeated(pictures: SearchIndex) -> None:
    hits = search(SearchRequest("a red dog", k=1_000, cutoff=None), pictures)
    assert len({hit.document_id for hit in hits}) == len(hits) == 450
    items = search(SearchRequest("a red dog", k=1_000, cutoff=None, group="item"), pictures)
    assert len({hit.item_id for hit in items}) == len(items) == 525


def test_results_can_be_sorted_by_a_field(pictures: SearchIndex) -> None:
    relevant = {hit.path for hit in search(SearchRequest("red dog", k=1_000, strict=True), pictures)}
    by_year = search(SearchRequest("red dog", k=1_000, sort="-year"), pictures)
    years = [hit.fields["year"] for hit in by_year if "year" in hit.fields]
    assert years == sorted(years, reverse=True)
    assert {hit.path for hit in by_year} == relevant
    assert paths(pictures, "red dog", 5, sort="path") == sorted(relevant)[:5]
    assert paths(pictures, "red dog", 5, sort="relevance") == paths(pictures, "red dog", 5)
    with pytest.raises(UsageError, match="no document has a field 'size'"):
        paths(pictures, "dog", sort="size")


def test_facets_count_the_documents_that_match(pictures: SearchIndex) -> None:
    results = search(SearchRequest("thing:(boat, dog) year<1945", facets=["thing"]), pictures)
    assert dict(results.facets["thing"]) == {"dog": 15, "boat": 10}


def test_facets_come_with_the_answer_whatever_page_is_shown(pictures: SearchIndex) -> None:
    query = parse("red dog")
    counted = search(SearchRequest(query, k=1_000, facets=["thing", "year"]), pictures).facets
    assert counted
    for options in ({"k": 1}, {"k": 3, "offset": 4}, {"sort": "-year"}):
        results = search(SearchRequest(query, facets=["thing", "year"], **options), pictures)  # type: ignore[arg-type]
        assert results.facets == counted
        assert results.total_is_exact
        assert results.total == len(search(SearchRequest(query, k=1_000, strict=True), pictures))
    assert search(SearchRequest(query, k=1), pictures).facets == {}
    with pytest.raises(UsageError, match="no document has a field 'size'"):
        search(SearchRequest(query, facets=["size"]), pictures)


def test_pages_follow_one_another(pictures: SearchIndex) -> None:
    for sort in (None, "-year", "path"):
        whole = search(SearchRequest("red dog", k=12, sort=sort), pictures)
        pages = [
            search(SearchRequest("red dog", k=4, offset=offset, sort=sort), pictures) for offset in (0, 4, 8)
        ]
        assert [(hit.rank, hit.item_id) for page in pages for hit in page] == [
            (hit.rank, hit.item_id) for hit in whole
        ]
        assert [page.offset for page in pages] == [0, 4, 8]
    beyond = search(SearchRequest("red dog", k=4, offset=10_000), pictures)
    assert (len(beyond), beyond.nothing_matches, beyond.total) == (
        0,
        False,
        len(search(SearchRequest("red dog", k=1_000, strict=True), pictures)),
    )


def test_what_an_encoder_cannot_read_is_asked_of_the_words_alone(
    build: Callable[[list[Any]], SearchIndex], doc: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = build(
        [doc(f"{n}.jpg", shows="a dog") for n in range(20)]
        + [
            doc("zh.txt", passages=["一只狗在海滩上奔跑。"]),
            doc("zh2.txt", passages=["上海的博物馆今天关门。"]),
        ]
    )
    encoder = type(index.encoders[0])
    monkeypatch.setattr(encoder, "known_share", lambda self, text: float(text.isascii()), raising=False)
    monkeypatch.setattr(encoder, "fluency", lambda self, text: 1.0, raising=False)
    results = search(SearchRequest("海滩", k=5), index)
    assert [hit.path for hit in results] == ["zh.txt"]
    assert {reason.channel for reason in results[0].explanation} == {"words"}
    assert results.notes == ("toy can't read '海滩': only words are compared",)
    assert search(SearchRequest("猫", k=5), index).nothing_matches
    assert [hit.path for hit in search(SearchRequest("dog (海滩) NOT 博物馆", k=5), index)] != []
    assert not search(SearchRequest("博物馆 NOT 上海", k=5), index)
    assert not search(SearchRequest("dog", k=5), index).notes


@pytest.mark.parametrize(
    ("text", "options", "complaint"),
    [
        ("dog", {"k": 0}, "k must be at least 1"),
        ("dog", {"offset": -1}, "offset at least 0"),
        ("dog", {"cutoff": 0.0}, "above 0"),
        ("dog", {"fusion": "magic"}, "no fusion 'magic'"),
        ("-dog", {}, "only says what to leave out"),
        ("dog size>3", {}, "no document has a field 'size'"),
        ("#999999", {}, "no item #999999"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    pictures: SearchIndex, text: str, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        search(SearchRequest(text, **options), pictures)


def test_rrf_has_parameters_of_its_own(pictures: SearchIndex) -> None:
    [hit] = search(SearchRequest("dog", k=1, fusion=Fusion("rrf", rrf_k=0, depth=5), cutoff=None), pictures)
    assert hit.score >= 1


def test_arguments_compose_a_query() -> None:
    composed = compose(
        "red", image=Path("a.jpg"), minus=["snow", "@b.jpg"], exclude="people", item=3, modality="image",
        where="year > 1990", path=["x/**", "y/**"], allow_files=True,
    )  # fmt: skip
    assert composed == Query(
        (
            Part(Text("red")),
            Part(Picture("a.jpg")),
            Part(Item(3)),
            Part(Text("snow"), "minus"),
            Part(Picture("b.jpg"), "minus"),
            Part(Text("people"), "not"),
        ),
        And(
            (
                ModalityIs("image"),
                Or((PathGlob("x/**"), PathGlob("y/**"))),
                Comparison("year", ">", 1990),
            )
        ),
    )
    assert parse(str(composed)) == composed


@pytest.mark.parametrize("arguments", [{}, {"text": ""}, {"text": "  "}, {"text": None, "minus": []}])
def test_nothing_composed_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="empty"):
        compose(**arguments)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"modality": "smell"}, UsageError),
        ({"text": "x", "minus": " "}, UsageError),
        ({"text": "(x"}, QueryError),
        ({"where": "year >"}, QueryError),
    ],
)
def test_a_bad_argument_is_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        compose(**arguments)
