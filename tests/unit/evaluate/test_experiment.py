"""Evaluation through the product's own index and query path, with the encoder that ships."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import mmsearch
from mmsearch.datasets.beir import TextCollection, TextDocument
from mmsearch.datasets.collections import Captioned, open_collection
from mmsearch.errors import UsageError
from mmsearch.evaluate.experiment import Settings, run
from mmsearch.evaluate.perquery import records, write_records
from mmsearch.evaluate.tasks import image_to_text, tasks_of, text_to_image, text_to_text

CAPTIONS = {
    "chelsea.png": ["A cat looks into the camera.", "The face of a ginger cat."],
    "coffee.png": ["A cup of coffee on a saucer.", "Coffee in a cup with a spoon beside it."],
    "rocket.jpg": ["A rocket is launched.", "A rocket stands on the launch pad."],
    "astronaut.png": ["A woman in an orange space suit smiles.", "An astronaut before a flag."],
}


@pytest.fixture
def folder(tmp_path: Path, photographs: Path) -> Path:
    """Four photographs with two captions each."""
    folder = tmp_path / "captioned"
    folder.mkdir()
    for name in CAPTIONS:
        shutil.copyfile(photographs / name, folder / name)
    lines = [json.dumps({"path": name, "captions": captions}) for name, captions in CAPTIONS.items()]
    (folder / "records.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture
def collection(folder: Path) -> Captioned:
    with open_collection(folder) as opened:
        assert isinstance(opened, Captioned)
        return opened


def test_every_caption_looks_for_its_picture_as_a_plain_scan_would(collection: Captioned) -> None:
    outcome = run(text_to_image(collection))
    pictures = mmsearch.embed([picture.file for picture in collection.pictures])
    names = [picture.key for picture in collection.pictures]
    for query_id, caption in outcome.task.queries.items():
        expected = np.argsort(-(pictures @ mmsearch.embed([caption])[0]))
        assert [name for name, _ in outcome.run[query_id]] == [names[i] for i in expected]


def test_every_picture_looks_for_its_captions_as_a_plain_scan_would(collection: Captioned) -> None:
    outcome = run(image_to_text(collection))
    names = list(outcome.task.sources)
    texts = mmsearch.embed([source.captions[0] for source in outcome.task.sources.values()])
    assert len(names) == 8
    for query_id, file in outcome.task.queries.items():
        expected = np.argsort(-(texts @ mmsearch.embed([file])[0]))
        assert [name for name, _ in outcome.run[query_id]] == [names[i] for i in expected]


def test_clear_captions_find_their_photographs(collection: Captioned) -> None:
    for task in tasks_of(collection):
        means = run(task).means()
        measure = "R@1" if task.name == "text-to-image" else "Success@1"
        assert means[measure] >= 0.75


def test_no_caption_or_file_name_is_in_the_index_of_the_pictures(
    collection: Captioned, tmp_path: Path
) -> None:
    run(text_to_image(collection), Settings(index_dir=tmp_path / "kept"))
    [index] = (tmp_path / "kept").iterdir()
    with mmsearch.open(index) as library:
        items = library.catalogue.items(library.catalogue.select_items())
    assert {item.modality for item in items} == {"image"}
    shown = " ".join(f"{item.path} {item.title} {item.text} {dict(item.fields)}" for item in items).lower()
    assert not any(word in shown for word in ("cat", "chelsea", "coffee", "rocket", "astronaut"))


def test_a_caption_is_asked_as_it_stands_and_not_as_query_language(folder: Path) -> None:
    odd = 'A dish -not tea- "unclosed (without) year:1 @nowhere.jpg #7 NOT'
    (folder / "records.jsonl").write_text(json.dumps({"path": "coffee.png", "captions": [odd]}))
    with open_collection(folder) as opened:
        [task, _] = tasks_of(opened)
        assert len(run(task).run["coffee.png#0"]) == 1


def test_a_kept_index_is_used_again_and_follows_another_collection(
    collection: Captioned, tmp_path: Path
) -> None:
    kept = Settings(index_dir=tmp_path / "kept")
    first = run(text_to_image(collection), kept)
    again = run(text_to_image(collection), kept)
    assert again.run == first.run
    [index] = (tmp_path / "kept").iterdir()
    fewer = Captioned("fewer", collection.pictures[:2])
    assert {name for ranked in run(text_to_image(fewer), kept).run.values() for name, _ in ranked} == {
        picture.key for picture in fewer.pictures
    }
    with mmsearch.open(index) as library:
        assert library.statistics().documents == 2


def test_a_caption_that_two_pictures_share_is_right_for_both(folder: Path) -> None:
    lines = [{"path": name, "captions": ["A photo.", caption[0]]} for name, caption in CAPTIONS.items()]
    (folder / "records.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with open_collection(folder) as opened:
        assert isinstance(opened, Captioned)
        task = image_to_text(opened)
        assert len(task.sources) == 5
        assert all(len(judged) == 2 for judged in task.qrels.values())
        assert len(set.intersection(*(set(judged) for judged in task.qrels.values()))) == 1
        assert all(len(judged) == 1 for judged in text_to_image(opened).qrels.values())


def test_a_picture_that_cannot_be_decoded_counts_as_not_found(folder: Path) -> None:
    (folder / "rocket.jpg").write_bytes(b"no picture at all")
    with open_collection(folder) as opened:
        forth, back = (run(task) for task in tasks_of(opened))
    assert list(forth.not_indexed) == ["rocket.jpg"]
    assert forth.measures(["R@10"])["R@10"]["rocket.jpg#0"] == 0.0
    assert forth.means(["R@10"]) == {"R@10": 6 / 8}
    assert list(back.not_asked) == ["rocket.jpg"]
    assert back.measures(["Success@10"])["Success@10"]["rocket.jpg"] == 0.0


def test_each_query_is_recorded_with_what_came_of_it(collection: Captioned, tmp_path: Path) -> None:
    outcome = run(text_to_image(collection))
    write_records(tmp_path / "queries.jsonl", records(outcome, ["R@1"]))
    rows = [
        json.loads(line) for line in (tmp_path / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [row["query"] for row in rows] == [
        caption for captions in CAPTIONS.values() for caption in captions
    ]
    for row in rows:
        assert row["found"][row["rank"] - 1] == row["relevant"][0]
        assert row["measures"] == {"R@1": float(row["rank"] == 1)}
        assert row["milliseconds"] > 0
        assert row["error"] is None


def test_latency_is_a_percentile_of_all_queries(collection: Captioned) -> None:
    outcome = run(text_to_image(collection))
    assert len(outcome.milliseconds) == 8
    assert min(outcome.milliseconds.values()) <= outcome.latency(0.5) <= outcome.latency(0.95)
    assert outcome.latency(1.0) == max(outcome.milliseconds.values())


TEXTS = TextCollection(
    name="small",
    documents={
        "tea": TextDocument("Tea", "Green tea turns bitter when the water is too hot."),
        "moon": TextDocument("", "The Moon is about 384,000 kilometers away from the Earth. " * 30),
        "bread": TextDocument("Bread", "Knead the dough, let it rise, and bake it."),
        "empty": TextDocument("", " "),
    },
    queries={"q1": "how far is the moon", "q2": "why does my green tea taste bitter"},
    qrels={"q1": {"moon": 1}, "q2": {"tea": 2, "bread": 0}},
)


def test_texts_are_searched_and_a_document_counts_once_with_all_its_passages() -> None:
    outcome = run(text_to_text(TEXTS))
    assert outcome.run["q1"][0][0] == "moon"
    assert sorted(name for name, _ in outcome.run["q1"]) == ["bread", "moon", "tea"]
    assert outcome.means(["Success@1", "R@100"]) == {"Success@1": 1.0, "R@100": 1.0}


def test_a_task_that_the_collection_is_not_made_for_is_refused(collection: Captioned) -> None:
    assert [task.name for task in tasks_of(collection, ["image-to-text"])] == ["image-to-text"]
    with pytest.raises(UsageError, match=r"text-to-text.*text-to-image"):
        tasks_of(collection, ["text-to-text"])
    with pytest.raises(UsageError, match="text-to-image"):
        tasks_of(TEXTS, ["text-to-image"])


def test_the_depth_bounds_what_is_looked_at(collection: Captioned) -> None:
    [task] = tasks_of(collection, ["text-to-image"], depth=2)
    assert all(len(ranked) == 2 for ranked in run(task).run.values())


def test_progress_tells_of_indexing_and_of_asking(collection: Captioned) -> None:
    told: list[tuple[str, int, int]] = []
    run(text_to_image(collection), Settings(progress=lambda *now: told.append(now)))
    assert ("text-to-image: indexing", 4, 4) in told
    assert told[-1][0] == "text-to-image"
    assert all(done <= total for _, done, total in told)
