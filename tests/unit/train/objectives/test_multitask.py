from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mmsearch.errors import UsageError  # noqa: E402
from mmsearch.search.tags.labels import Label  # noqa: E402
from mmsearch.train.data.classes import indicators, label_sentences  # noqa: E402
from mmsearch.train.loop.loop import TrainResult, train  # noqa: E402
from mmsearch.train.objectives.multitask import CLASSIFIERS_FILE, LABELS_FILE, Classifier, Imitation  # noqa: E402
from mmsearch.train.objectives.teachers import read_vectors  # noqa: E402
from mmsearch.train.recipe import (  # noqa: E402
    ClassifierRecipe,
    HeadRecipe,
    LossRecipe,
    Phase,
    Recipe,
    TeacherRecipe,
)
from mmsearch.train.towers.pretrained import read_weights  # noqa: E402
from tests.unit.train.conftest import COLORS, TAGS, tiny_recipe  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch

LABELS = (Label("dog", ("hound", "puppy")), Label("cat"), Label("tree", ("hound",)))


def thorough(epochs: int = 60, **changes: Any) -> Recipe:
    """A recipe that learns the colors well, both towers through."""
    phase = Phase(
        "through", epochs, 8, captions=2, picture_layers=-1, text_layers=-1, picture_rate=3e-3, text_rate=3e-3,
        head_rate=1e-2, evaluations=0.1,
    )  # fmt: skip
    recipe = tiny_recipe(phases=(phase,), average=0.9, loss=LossRecipe())
    picture = replace(recipe.picture, normalization="trained", head=HeadRecipe(hidden=8, dropout=0.0))
    return replace(recipe, picture=picture, **changes)


def lines(result: TrainResult) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (result.output / "history.jsonl").read_text().splitlines()]


def test_labels_are_found_by_synonym_and_case_and_the_first_label_owns_a_word() -> None:
    found = indicators(LABELS, [("Puppy",), ("hound", "CAT"), (), None, ("bird",)])
    assert found.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_each_word_of_a_label_goes_into_each_sentence() -> None:
    recipe = ClassifierRecipe("kind", "label", prompts=("{}", "a photo of {a}"))
    expected = ["dog", "a photo of a dog", "hound", "a photo of a hound", "puppy", "a photo of a puppy"]
    assert label_sentences(recipe, LABELS)[0] == expected


def test_a_single_label_costs_its_cross_entropy_and_unknown_rows_nothing() -> None:
    classifier = Classifier(ClassifierRecipe("kind", "label"), 3, 4)
    logits = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)
    loss = classifier.loss(logits, targets, targets.any(1))
    assert float(loss) == pytest.approx(
        float(torch.nn.functional.cross_entropy(logits[:2], torch.tensor([1, 0])))
    )


def test_label_smoothing_is_torchs() -> None:
    classifier = Classifier(ClassifierRecipe("kind", "label", smoothing=0.2), 3, 4)
    logits = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[0, 1, 0], [1, 0, 0]], dtype=torch.bool)
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor([1, 0]), label_smoothing=0.2)
    assert float(classifier.loss(logits, targets, targets.any(1))) == pytest.approx(float(expected))


def test_several_labels_cost_binary_cross_entropy_where_labels_are_known() -> None:
    classifier = Classifier(ClassifierRecipe("kind", "label", several=True), 3, 4)
    logits = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[0, 1, 1], [0, 0, 0], [0, 0, 0]], dtype=torch.bool)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[:2], targets[:2].float())
    assert float(classifier.loss(logits, targets, torch.tensor([True, True, False]))) == pytest.approx(
        float(expected)
    )


@pytest.mark.parametrize("loss", ["cosine", "mse", "similarities"])
def test_who_equals_the_teacher_pays_nothing_and_who_does_not_does(loss: Any) -> None:
    vectors = torch.nn.functional.normalize(
        torch.randn(5, 4, generator=torch.Generator().manual_seed(1)), dim=1
    )
    imitation = Imitation(TeacherRecipe("pocket", "pocket", loss=loss), 4, 4)
    assert float(imitation(vectors, vectors, (vectors, None))) == pytest.approx(0, abs=1e-6)
    assert float(imitation(vectors.roll(1, 0), vectors, (vectors, None))) > 0.01
    half = vectors.clone()
    half[2:] = 0  # the teacher has nothing to say of these
    moved = vectors.clone()
    moved[2:] = vectors[2:].roll(1, 0)
    assert float(imitation(moved, vectors, (half, None))) == pytest.approx(0, abs=1e-6)


def test_a_teacher_of_both_towers_teaches_the_similarities_across() -> None:
    generator = torch.Generator().manual_seed(1)
    pictures, captions = (
        torch.nn.functional.normalize(torch.randn(5, 4, generator=generator), dim=1) for _ in "ab"
    )
    imitation = Imitation(TeacherRecipe("t", "t", tower="both", loss="similarities"), 4, 4)
    turn = torch.linalg.qr(torch.randn(4, 4, generator=generator)).Q  # keeps every similarity
    assert float(imitation(pictures @ turn, captions @ turn, (pictures, captions))) == pytest.approx(
        0, abs=1e-5
    )
    assert float(imitation(pictures @ turn, captions, (pictures, captions))) > 0.1


def test_classifiers_learn_their_labels_beside_the_contrast(data: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("warm\nlight\ngray = grey\n")
    recipe = thorough(
        classifiers=(
            ClassifierRecipe("warm", "warm", tower="both"),
            ClassifierRecipe("tags", "tags", several=True, labels=str(tmp_path / "labels.txt")),
            ClassifierRecipe("named", "warm", kind="prompts", prompts=("a {} picture",)),
        )
    )
    result = train(recipe, data, tmp_path / "run")
    figures = result.dev["colors"]
    assert min(figures["warm@1"], figures["tags@1"]) > 80
    assert "named@1" in figures
    assert figures["t2i@1"] > 50

    saved = read_weights(result.output / CLASSIFIERS_FILE)
    assert saved["tags.weight"].shape == (len(TAGS), 8)
    names = json.loads((result.output / LABELS_FILE).read_text())
    assert names == {"warm": ["False", "True"], "tags": ["warm", "light", "gray"]}


def test_a_run_with_tasks_that_was_cut_off_goes_on_to_the_same_curve(data: Path, tmp_path: Path) -> None:
    teacher = tmp_path / "teacher.npy"
    np.save(teacher, np.eye(len(COLORS), 5, dtype=np.float32) + 0.1)
    teacher.with_suffix(".txt").write_text("\n".join(f"{name}.png" for name in COLORS))
    recipe = replace(
        tiny_recipe(),
        classifiers=(ClassifierRecipe("warm", "warm"), ClassifierRecipe("named", "warm", kind="prompts")),
        teachers=(TeacherRecipe("eye", str(teacher)),),
    )
    whole = train(recipe, data, tmp_path / "whole")
    for stop in (3, 4, None):
        cut = train(recipe, data, tmp_path / "cut", stop_after=stop)
    assert [line["loss"] for line in lines(cut)] == [line["loss"] for line in lines(whole)]
    kept, resumed = (read_weights(run.output / CLASSIFIERS_FILE) for run in (whole, cut))
    assert all(torch.equal(kept[name], resumed[name]) for name in kept)


def test_a_teacher_of_pictures_is_imitated(data: Path, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    random = np.random.default_rng(0)
    targets = {name: random.normal(size=8).astype(np.float32) for name in COLORS}
    save_file(targets, tmp_path / "teacher.safetensors")
    assert read_vectors(tmp_path / "teacher.safetensors").keys() == targets.keys()

    def loss(weight: float) -> float:
        teacher = TeacherRecipe("random", str(tmp_path / "teacher.safetensors"), weight=weight)
        recipe = thorough(30, teachers=(teacher,), loss=LossRecipe(picture_to_text=0.0, text_to_picture=0.0))
        return float(lines(train(recipe, data, tmp_path / f"{weight}"))[-1]["loss"])

    assert loss(1.0) < 0.5  # 1 - cosine starts at about 1
    assert loss(0.0) == 0.0


def test_the_shipped_encoder_can_teach_both_towers(data: Path, tmp_path: Path) -> None:
    teacher = TeacherRecipe("pocket", "pocket", tower="both", loss="similarities")
    phase = Phase("heads", 1, 8)
    result = train(tiny_recipe(phases=(phase,), teachers=(teacher,)), data, tmp_path / "run")
    plain = train(tiny_recipe(phases=(phase,)), data, tmp_path / "plain")
    assert lines(result)[0]["loss"] > lines(plain)[0]["loss"] + 0.01
    assert len(list((tmp_path / "run" / "cache").glob("teacher-*.npy"))) == 2


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (
            {"classifiers": (ClassifierRecipe("kind", "nothing"),)},
            "fewer than two labels in the field 'nothing'",
        ),
        (
            {"classifiers": (ClassifierRecipe("kind", "warm", labels="none.txt"),)},
            "labels of classifier kind",
        ),
        ({"teachers": (TeacherRecipe("far", "nowhere"),)}, "teacher far: no encoder"),
    ],
)
def test_a_task_without_data_is_refused(data: Path, tmp_path: Path, changes: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        train(tiny_recipe(**changes), data, tmp_path / "run")


def test_a_teacher_that_knows_none_of_the_pictures_is_refused(data: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "other.npy", np.ones((1, 4), dtype=np.float32))
    (tmp_path / "other.txt").write_text("elsewhere.png\n")
    teacher = TeacherRecipe("other", str(tmp_path / "other.npy"))
    with pytest.raises(UsageError, match="vectors of none of the training pictures"):
        train(tiny_recipe(teachers=(teacher,)), data, tmp_path / "run")


def test_keys_and_rows_of_a_teacher_must_be_as_many(tmp_path: Path) -> None:
    np.save(tmp_path / "few.npy", np.ones((1, 4), dtype=np.float32))
    (tmp_path / "few.txt").write_text("a\nb\n")
    with pytest.raises(UsageError, match=r"shape \(1, 4\), few.txt 2 keys"):
        read_vectors(tmp_path / "few.npy")


def test_pictures_of_a_class_can_be_each_others_answers(data: Path, tmp_path: Path) -> None:
    def first_loss(rule: Any) -> float:
        recipe = tiny_recipe(phases=(Phase("heads", 1, 8),))
        classes = replace(recipe.data, class_field="warm")
        told = replace(recipe, data=classes, loss=LossRecipe(same_class=rule))
        return float(lines(train(told, data, tmp_path / rule))[0]["loss"])

    by_rule = {rule: first_loss(rule) for rule in ("negative", "ignored", "positive")}
    assert len(set(by_rule.values())) == 3
    assert by_rule["ignored"] < by_rule["negative"]


def test_dev_figures_tell_what_a_prefix_is_worth(data: Path, tmp_path: Path) -> None:
    result = train(thorough(40, loss=LossRecipe(nested=(2, 4))), data, tmp_path / "run")
    assert result.dev.keys() == {"colors", "colors[:2]", "colors[:4]"}
    assert result.best == pytest.approx(sum(result.dev["colors"].values()) / 6)  # the whole vector chooses
    assert (
        result.dev["colors[:2]"] != result.dev["colors"]
    )  # sixteen pictures are too few to say which is better
