from __future__ import annotations

import dataclasses
import re
import typing
from pathlib import Path
from typing import Any

import pytest

from mmsearch.errors import UsageError
from mmsearch.train.recipe import (
    ClassifierRecipe,
    DataRecipe,
    HeadRecipe,
    LossRecipe,
    Phase,
    PictureRecipe,
    Recipe,
    TeacherRecipe,
)

RECIPES = sorted((Path(__file__).parents[3] / "recipes").glob("*.toml"))


def test_a_written_recipe_reads_back_as_the_same_value() -> None:
    recipe = Recipe(
        name='odd "name"\nwith \\ lines',
        version="2",
        data=DataRecipe(train=("a", "b"), dev=("c",)),
        phases=(Phase("heads", 3, 8), Phase("through", 0.5, 4, picture_layers=-1, crop=0.4)),
        picture=PictureRecipe(size=64, head=HeadRecipe(hidden=0)),
        loss=LossRecipe(kind="sigmoid", nested=(64,), same_text="positive"),
        classifiers=(
            ClassifierRecipe("a", "kind"),
            ClassifierRecipe("b", "tags", several=True, prompts=("a {}",)),
        ),
        teachers=(TeacherRecipe("t", "pocket", loss="similarities"),),
        ingredients=("one", "two"),
    )
    assert Recipe.loads(recipe.dumps()) == recipe


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_every_recipe_that_ships_can_be_read(path: Path) -> None:
    assert Recipe.load(path).phases


MINIMAL = 'name = "x"\nversion = "1"\n[data]\ntrain = ["a"]\n[[phases]]\nname = "p"\nepochs = 1\nbatch = 2\n'


@pytest.mark.parametrize(
    ("addition", "complaint"),
    [
        ("learning_rate = 1\n", r"unknown key: phases\[0\]\.learning_rate"),
        ("crop = 'much'\n", r"phases\[0\]\.crop must be a float"),
        ("[loss]\nkind = 'triplet'\n", r"loss\.kind must be one of 'infonce', 'sigmoid'"),
        ("[picture]\nmean = 1\n", r"picture\.mean must be a list"),
        ("[picture\n", "Expected"),
    ],
)
def test_a_wrong_recipe_is_refused_by_the_name_of_its_key(
    tmp_path: Path, addition: str, complaint: str
) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(MINIMAL + addition)
    with pytest.raises(UsageError, match=complaint):
        Recipe.load(path)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ValueError, match="missing key: data"):
        Recipe.loads('name = "x"\nversion = "1"\nphases = []\n')


def keys_of(kind: Any) -> set[str]:
    """All keys that a recipe may have, of whichever table."""
    keys: set[str] = set()
    for name, hint in typing.get_type_hints(kind).items():
        keys.add(name)
        for part in (hint, *typing.get_args(hint)):
            if dataclasses.is_dataclass(part):
                keys |= keys_of(part)
    return keys


def test_every_key_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "training.md").read_text(encoding="utf-8")
    tables = " ".join(re.findall(r"`([^`]+)`", page.partition("## Every key")[2]))
    assert keys_of(Recipe) - set(re.findall(r"\w+", tables)) == set()


@pytest.mark.parametrize(
    ("addition", "complaint"),
    [
        ("[loss]\nnested = [384]\n", "loss.nested has 384"),
        ("[loss]\nswapped = 0.2\n", "loss.swapped needs data.swaps"),
        ("[loss]\nsame_class = 'ignored'\n", "loss.same_class needs data.class_field"),
        ("[[teachers]]\nname = 'a b'\nsource = 'x'\n", "'a b': classifiers and teachers need names"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(tmp_path: Path, addition: str, complaint: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(MINIMAL + addition)
    with pytest.raises(UsageError, match=complaint):
        Recipe.load(path)
