"""Recommendation: what is left out, what comes first, and that hits stay in their places."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import mmsearch
from mmsearch.errors import IndexDirectoryError, UsageError
from mmsearch.search.recommend.feedback import examples_of, with_feedback
from mmsearch.search.recommend.taste import METHODS
from mmsearch.search.results.results import Results
from mmsearch.store.kept.profiles import Profile, delete_profile, profile_names, read_profile, write_profile


def _documents(library: mmsearch.Library) -> list[str]:
    items = library.catalogue.items(library.catalogue.select_items())
    return list(dict.fromkeys(item.path for item in items))


def _paths(results: Results) -> list[str]:
    return [hit.path for hit in results]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [1, 3, 7])
def test_the_first_hits_of_many_are_the_answer_for_few(
    library: mmsearch.Library, method: str, count: int
) -> None:
    liked = _documents(library)[:2]
    many = library.recommend(liked, k=12, method=method)  # type: ignore[arg-type]
    few = library.recommend(liked, k=count, method=method)  # type: ignore[arg-type]
    assert few.hits == many.hits[:count]


def test_diverse_hits_are_stable_too_and_their_scores_do_not_rise(library: mmsearch.Library) -> None:
    liked = _documents(library)[:2]
    many = library.recommend(liked, k=12, diverse=0.4)
    assert library.recommend(liked, k=4, diverse=0.4).hits == many.hits[:4]
    scores = [hit.score for hit in many]
    assert scores == sorted(scores, reverse=True)
    assert _paths(many) != _paths(library.recommend(liked, k=12))


@pytest.mark.parametrize("options", [{}, {"method": "best"}, {"diverse": 0.5}, {"dislike": 1}])
def test_contributions_add_up_to_the_score_exactly(
    library: mmsearch.Library, options: dict[str, object]
) -> None:
    options = dict(options)
    disliked = _documents(library)[-1:] if options.pop("dislike", None) else []
    found = library.recommend(_documents(library)[:3], disliked, k=20, **options)  # type: ignore[arg-type]
    assert found
    for hit in found:
        assert sum(reason.contribution for reason in hit.explanation) == hit.score


def test_what_is_given_and_its_exact_copies_are_left_out(small_corpus: Path, tmp_path: Path) -> None:
    shutil.copyfile(small_corpus / "coffee.png", small_corpus / "copy.png")
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        found = library.recommend("coffee.png", "texts/tea.txt", k=10)
        assert set(_paths(found)) == {"chelsea.png", "rocket.jpg", "texts/moon.txt"}
        shutil.copyfile(small_corpus / "rocket.jpg", tmp_path / "outside.jpg")
        outside = library.recommend(str(tmp_path / "outside.jpg"), k=10)
        assert "rocket.jpg" not in _paths(outside)
        assert sorted((Path(hit.path).name, hit.copies) for hit in outside) == [
            ("chelsea.png", 0),
            ("coffee.png", 1),
            ("moon.txt", 0),
            ("tea.txt", 0),
        ]


def test_an_item_and_its_document_are_the_same_example(small_corpus: Path, tmp_path: Path) -> None:
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        item = library.find("coffee.png")[0][0].item_id
        by_item, by_path = library.recommend(f"#{item}"), library.recommend("coffee.png")
        assert [(hit.path, hit.score) for hit in by_item] == [(hit.path, hit.score) for hit in by_path]
        assert _paths(library.recommend(item)) == _paths(by_path)


def test_pictures_and_texts_come_in_one_list_and_can_be_told_apart(library: mmsearch.Library) -> None:
    liked = _documents(library)[0]
    assert {hit.modality for hit in library.recommend(liked, k=50)} == {"image", "text"}
    assert {hit.modality for hit in library.recommend(liked, k=50, modality="image")} == {"image"}


def test_a_disliked_example_takes_its_like_down(library: mmsearch.Library) -> None:
    liked = next(path for path in _documents(library) if path.startswith("photos/"))
    before = library.recommend(liked, k=50, modality="image")
    disliked = before[0].path
    nearest = library.recommend(disliked, k=50, modality="image")[0].path
    after = {hit.path: hit.score for hit in library.recommend(liked, disliked, k=50, modality="image")}
    assert disliked not in after
    if nearest in after:
        assert after[nearest] < {hit.path: hit.score for hit in before}[nearest]


@pytest.mark.parametrize(
    ("like", "options", "message"),
    [
        ((), {}, "nothing is liked"),
        ("#1", {"duplicates": "hide"}, "collapse or show, not 'hide'"),
        ("no/such.jpg", {}, "neither a document"),
        ("#999999", {}, "no item #999999"),
        ("#1", {"k": 0}, "at least 1"),
        ("#1", {"method": "worst"}, "no method"),
        ("#1", {"diverse": 2.0}, "between 0 and 1"),
        ("#1", {"diverse": 0.5, "method": "per-document"}, "take turns"),
    ],
)
def test_requests_that_make_no_sense_say_why(
    library: mmsearch.Library, like: object, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        library.recommend(like, **options)  # type: ignore[arg-type]


def test_a_profile_survives_its_documents_and_says_what_is_gone(small_corpus: Path, tmp_path: Path) -> None:
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        profile = with_feedback(library, Profile("ada"), ["coffee.png", "chelsea.png"], ["texts/tea.txt"])
        write_profile(tmp_path / "i", profile)
    (small_corpus / "coffee.png").unlink()
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        known = read_profile(tmp_path / "i", "ada")
        assert known == profile
        found = library.recommend(profile="ada")
        assert set(_paths(found)) == {"rocket.jpg", "texts/moon.txt"}
        assert "coffee.png" in found.notes[0]


def test_feedback_changes_sides(small_corpus: Path, tmp_path: Path) -> None:
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        first = with_feedback(library, Profile("ada"), ["coffee.png"], ["rocket.jpg"])
        second = with_feedback(library, first, ["rocket.jpg"], [])
    assert [place["path"] for place in second.likes] == ["coffee.png", "rocket.jpg"]
    assert second.dislikes == ()


def test_what_is_liked_is_known_by_its_content_wherever_it_lies_by_now(
    small_corpus: Path, tmp_path: Path
) -> None:
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        profile = with_feedback(library, Profile("ada"), ["coffee.png", "texts/tea.txt"], ["rocket.jpg"])
    (small_corpus / "coffee.png").rename(small_corpus / "cup.png")
    (small_corpus / "rocket.jpg").rename(small_corpus / "away.jpg")
    (small_corpus / "chelsea.png").rename(small_corpus / "rocket.jpg")
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        likes, dislikes, notes = examples_of(library, profile)
        assert [one.label for one in likes] == ["cup.png", "texts/tea.txt"]
        assert [one.label for one in dislikes] == ["away.jpg"]
        assert notes == []
        again = with_feedback(library, profile, ["texts/tea.txt"])
        assert again.likes == profile.likes


def test_an_entry_of_an_earlier_version_is_found_by_its_path(small_corpus: Path, tmp_path: Path) -> None:
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        profile = with_feedback(library, Profile("ada"), ["coffee.png"])
        older = Profile("ada", tuple({k: v for k, v in one.items() if k != "key"} for one in profile.likes))
        assert [one.label for one in examples_of(library, older)[0]] == ["coffee.png"]
        assert with_feedback(library, older, ["coffee.png"]).likes == profile.likes


def test_profiles_are_listed_and_deleted_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    write_profile(tmp_path, Profile("b"))
    write_profile(tmp_path, Profile("a"))
    assert profile_names(tmp_path) == ["a", "b"]
    assert delete_profile(tmp_path, "a")
    assert not delete_profile(tmp_path, "a")
    (tmp_path / "profiles" / "b.json").write_text("{", encoding="utf-8")
    with pytest.raises(IndexDirectoryError, match=r"b\.json is damaged"):
        read_profile(tmp_path, "b")
    with pytest.raises(UsageError):
        read_profile(tmp_path, "../b")
