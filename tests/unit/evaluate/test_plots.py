"""What is seen of the scores of an evaluation, and the pictures that are drawn of it."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

import mmsearch
from mmsearch.cli.main import application
from mmsearch.datasets.collections import Captioned, CaptionedPicture
from mmsearch.errors import UsageError
from mmsearch.evaluate.experiment import Outcome, Settings, run
from mmsearch.evaluate.observations import BANK, OTHERS, recall
from mmsearch.evaluate.plots import draw_calibration, draw_recall, draw_scores, write_plots
from mmsearch.evaluate.tasks import image_to_text, mixed, tasks_of

CAPTIONS = {
    "chelsea.png": ("A cat looks into the camera.", "The face of a ginger cat."),
    "coffee.png": ("A cup of coffee on a saucer.", "Coffee in a cup with a spoon beside it."),
    "rocket.jpg": ("A rocket is launched.", "A rocket stands on the launch pad."),
    "astronaut.png": ("A woman in an orange space suit smiles.",),
}


@pytest.fixture(scope="module")
def collection(photographs: Path) -> Captioned:
    return Captioned(
        "four photographs",
        tuple(
            CaptionedPicture(name, photographs / name, name, captions) for name, captions in CAPTIONS.items()
        ),
    )


@pytest.fixture(scope="module")
def outcomes(collection: Captioned) -> list[Outcome]:
    tasks = tasks_of(collection, ["text-to-image", "image-to-text", "mixed"])
    return [run(task, Settings(observe=True)) for task in tasks]


def test_right_pairs_and_others_are_told_apart(outcomes: list[Outcome], collection: Captioned) -> None:
    forth = outcomes[0].observations
    assert forth is not None
    [channel] = forth.channels
    assert channel.name == "pocket text→image"
    captions = [caption for picture in collection.pictures for caption in picture.captions]
    cosines = mmsearch.embed(captions) @ mmsearch.embed([picture.file for picture in collection.pictures]).T
    own = np.array([row for row, picture in enumerate(collection.pictures) for _ in picture.captions])
    right = cosines[np.arange(7), own]
    others = cosines[np.arange(4)[None, :] != own[:, None]]
    np.testing.assert_allclose(np.sort(channel.related), np.sort(right), atol=1e-3)
    np.testing.assert_allclose(np.sort(channel.unrelated), np.sort(others), atol=1e-3)


def test_every_channel_of_a_mixed_index_is_seen(outcomes: list[Outcome]) -> None:
    found = outcomes[2].observations
    assert found is not None
    assert [channel.name for channel in found.channels] == ["pocket text→image", "pocket text→text"]
    assert [channel.related.size for channel in found.channels] == [3, 3]
    assert [channel.unrelated.size for channel in found.channels] == [9, 6]


def test_counts_grow_with_the_expected_count_up_to_all_items(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        found = outcome.observations
        assert found is not None
        of_pictures = outcome.task.name == "image-to-text"
        assert set(found.observed) == ({OTHERS} if of_pictures else {OTHERS, BANK})
        for series, counts in found.observed.items():
            assert (np.diff(counts) >= 0).all()
            total = len(outcome.task.sources)
            right = np.mean([len(judged) for judged in outcome.task.qrels.values()])
            assert counts[-1] == pytest.approx(total if series == BANK else total - right)
        assert found.expected[0] == pytest.approx(0.01)
        assert found.expected[-1] == pytest.approx(len(outcome.task.sources))


def test_the_mixed_task_looks_for_a_picture_and_its_other_captions(collection: Captioned) -> None:
    task = mixed(collection)
    assert task.queries["chelsea.png"] == "The face of a ginger cat."
    assert task.qrels["chelsea.png"] == {"chelsea.png": 1, "chelsea.png#0": 1}
    assert "astronaut.png" in task.sources  # it has one caption only, so nobody asks for it
    assert "astronaut.png" not in task.queries
    asked = set(task.queries.values())
    assert not any(asked & set(source.captions) for source in task.sources.values())
    with pytest.raises(UsageError, match="no picture has two captions"):
        mixed(Captioned("one", collection.pictures[3:]))


def test_mixed_is_only_run_when_it_is_asked_for(collection: Captioned) -> None:
    assert [task.name for task in tasks_of(collection)] == ["text-to-image", "image-to-text"]
    assert [task.name for task in tasks_of(collection, ["mixed"])] == ["mixed"]


def test_nothing_is_looked_at_without_being_asked_for(collection: Captioned) -> None:
    assert run(image_to_text(collection)).observations is None


# --- pictures ------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="module")
def _matplotlib() -> None:
    pytest.importorskip("matplotlib", reason="comes with the evaluate extra")


def test_three_plots_are_written_as_png_and_svg(outcomes: list[Outcome], tmp_path: Path) -> None:
    from PIL import Image

    files = write_plots(tmp_path / "new" / "plots", "four photographs", outcomes)
    assert sorted(file.name for file in files) == [
        f"{name}.{suffix}" for name in ("calibration", "recall", "scores") for suffix in ("png", "svg")
    ]
    for file in files:
        if file.suffix == ".png":
            with Image.open(file) as picture:
                assert min(picture.size) > 600
                colors = picture.convert("RGB").getcolors(picture.width * picture.height)
                assert colors is not None
                assert len(colors) > 50
        else:
            assert ElementTree.parse(file).getroot().tag.endswith("svg")


def test_every_axis_and_series_is_labeled(outcomes: list[Outcome]) -> None:
    for figure in (draw_scores("x", outcomes), draw_calibration("x", outcomes), draw_recall("x", outcomes)):
        assert all(panel.get_xlabel() and panel.get_ylabel() for panel in figure.axes)
    titles = [panel.get_title(loc="left") for panel in draw_scores("x", outcomes).axes[::2]]
    assert titles == [
        "text-to-image, channel pocket text→image",
        "image-to-text, channel pocket image→text",
        "mixed, channel pocket text→image",
        "mixed, channel pocket text→text",
    ]
    [panel] = draw_recall("x", outcomes).axes
    lines = {line.get_label(): line.get_ydata() for line in panel.lines}
    assert set(lines) == {
        "text-to-image, recall", "image-to-text, recall", "image-to-text, success", "mixed, recall", "mixed, success",
    }  # fmt: skip
    for outcome in outcomes:
        expected = 100 * outcome.means(["R@3"])["R@3"]
        assert lines[f"{outcome.task.name}, recall"][2] == pytest.approx(expected)


def test_the_command_draws_them(photographs: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    folder = tmp_path / "captioned"
    folder.mkdir()
    for name in ("chelsea.png", "coffee.png"):
        shutil.copyfile(photographs / name, folder / name)
        (folder / name).with_suffix(".txt").write_text(CAPTIONS[name][0])
    result = CliRunner().invoke(application(), ["evaluate", str(folder), "--plots", str(tmp_path / "plots")])
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "plots").iterdir())) == 6


# --- what an approximate index misses --------------------------------------------------------------------


def test_recall_of_an_index_is_counted_against_all_scores(tmp_path: Path) -> None:
    from mmsearch.ann.choose import open_index
    from mmsearch.types import Ranking

    random = np.random.default_rng(0)
    vectors = random.standard_normal((300, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.arange(300)
    exact = open_index(ids, ids, [(0, vectors.astype(np.float16))], 16)
    assert recall(exact, vectors[0]) == 1.0

    class Forgetful:
        """Finds every other one of the best."""

        ids = exact.ids
        scores = staticmethod(exact.scores)

        @staticmethod
        def search(query: np.ndarray, depth: int) -> Ranking:
            found = exact.search(query, 2 * depth)
            return Ranking(found.ids[::2], found.scores[::2])

    assert recall(Forgetful(), vectors[0]) == 0.5  # type: ignore[arg-type]


def test_an_exact_index_is_said_to_be_exact(outcomes: list[Outcome]) -> None:
    assert [outcome.ann_recall for outcome in outcomes] == [None, None, None]
