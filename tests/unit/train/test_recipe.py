from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.errors import UsageError
from mmsearch.train.recipe import DataRecipe, HeadRecipe, LossRecipe, Phase, PictureRecipe, Recipe

RECIPES = sorted((Path(__file__).parents[3] / "recipes").glob("*.toml"))


def test_a_written_recipe_reads_back_as_the_same_value() -> None:
    recipe = Recipe(
        name='odd "name"\nwith \\ lines',
        version="2",
        data=DataRecipe(train=("a", "b"), dev=("c",)),
        phases=(Phase("heads", 3, 8), Phase("through", 0.5, 4, picture_layers=-1, crop=0.4)),
        picture=PictureRecipe(size=64, head=HeadRecipe(hidden=0)),
        loss=LossRecipe(kind="sigmoid"),
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
