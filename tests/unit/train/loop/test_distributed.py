from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mmsearch.errors import UsageError  # noqa: E402
from mmsearch.train.loop.caching import edges_of  # noqa: E402
from mmsearch.train.loop.distributed import World, norms_kept  # noqa: E402
from mmsearch.train.loop.loop import train  # noqa: E402
from mmsearch.train.loop.state import HISTORY_FILE, WEIGHTS_FILE  # noqa: E402
from mmsearch.train.recipe import ClassifierRecipe, Phase, Recipe  # noqa: E402
from mmsearch.train.towers.pretrained import read_weights  # noqa: E402
from tests.unit.train.conftest import tiny_recipe  # noqa: E402

pytestmark = pytest.mark.torch

# Takes a list of runs (recipe, output, steps to stop after) in one of several processes.
MEMBER = """
import json, sys
from pathlib import Path
import torch.distributed as distributed
from mmsearch.train.loop.loop import train
from mmsearch.train.recipe import Recipe
rank, size, store, data, jobs = sys.argv[1:]
distributed.init_process_group("gloo", init_method=f"file://{store}", rank=int(rank), world_size=int(size))
told = []
for recipe, output, stop in json.loads(jobs):
    train(Recipe.loads(recipe), Path(data), Path(output), progress=told.append, stop_after=stop)
assert bool(told) == (int(rank) == 0), "only the first process reports"
distributed.destroy_process_group()
"""

PLAIN = Phase(
    "through", 2, 4, captions=2, picture_layers=-1, text_layers=-1, crop=0.5, color=0.2, text_pairs=3
)


def without_dropout(recipe: Recipe, normalization: str) -> Recipe:
    heads = (replace(tower.head, dropout=0.0) for tower in (recipe.picture, recipe.text))
    picture = replace(recipe.picture, head=next(heads), normalization=normalization)
    return replace(recipe, picture=picture, text=replace(recipe.text, head=next(heads)))


# Parts of equal size have equal dropout; without dropout the parts do not matter, even to trained batch norms.
RECIPES = {
    "two phases in parts": tiny_recipe(phases=tuple(replace(p, micro=2) for p in tiny_recipe().phases)),
    "batch norm": without_dropout(tiny_recipe(phases=(PLAIN,)), "trained"),
    "a classifier": replace(
        without_dropout(tiny_recipe(phases=(PLAIN,)), "frozen"),
        classifiers=(ClassifierRecipe("warm", "warm", tower="both", kind="prompts"),),
    ),
}


def environment() -> dict[str, str]:
    here = str(Path(__file__).parents[4])
    return {**os.environ, "PYTHONPATH": here, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"}


def losses(output: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (output / HISTORY_FILE).read_text().splitlines()]


@pytest.fixture(scope="module")
def pair(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs of two processes: each recipe whole, the first one also cut off twice."""
    folder = tmp_path_factory.mktemp("pair")
    jobs: list[tuple[str, str, int | None]] = [
        (recipe.dumps(), str(folder / name), None) for name, recipe in RECIPES.items()
    ]
    jobs += [(RECIPES["two phases in parts"].dumps(), str(folder / "cut"), stop) for stop in (2, 4, None)]
    members = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                MEMBER,
                str(rank),
                "2",
                str(folder / "store"),
                str(data),
                json.dumps(jobs),
            ],
            env=environment(),
        )
        for rank in range(2)
    ]
    assert [member.wait(timeout=300) for member in members] == [0, 0]
    return folder


@pytest.mark.parametrize("name", RECIPES)
def test_two_processes_take_the_steps_of_one(data: Path, pair: Path, tmp_path: Path, name: str) -> None:
    train(RECIPES[name], data, tmp_path / "one")
    # Norms over four pictures of one color each magnify the last digit; apart they would differ by half.
    tolerance = 1e-2 if name == "batch norm" else 1e-5
    assert losses(pair / name) == pytest.approx(losses(tmp_path / "one"), rel=tolerance)


def test_two_processes_that_were_cut_off_go_on_to_the_same_curve(pair: Path) -> None:
    assert losses(pair / "cut") == losses(pair / "two phases in parts")
    whole, cut = (read_weights(pair / name / WEIGHTS_FILE) for name in ("two phases in parts", "cut"))
    assert all(torch.equal(whole[key], cut[key]) for key in whole)


def test_torchrun_starts_the_command(data: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(replace(RECIPES["two phases in parts"], phases=(PLAIN,)).dumps())
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    arguments = [
        "-m",
        "mmsearch",
        "train",
        str(recipe),
        "--data",
        str(data),
        "--output",
        str(tmp_path / "run"),
    ]
    done = subprocess.run(
        [*command, *arguments], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(losses(tmp_path / "run")) == 2 * 2
    assert done.stdout.count("dev score") == 1  # one process speaks for both


def test_parts_are_as_many_on_each_process_and_no_larger_than_asked() -> None:
    assert edges_of(10, 0) == [(0, 10)]
    assert edges_of(10, 4) == [(0, 3), (3, 6), (6, 10)]
    assert edges_of(10, 4, World(0, 2)) == [(0, 2), (2, 5), (5, 7), (7, 10)]
    assert World(1, 2).share(edges_of(10, 4, World(1, 2))) == [(5, 7), (7, 10)]


def test_a_batch_with_fewer_pictures_than_processes_is_refused() -> None:
    with pytest.raises(UsageError, match="2 pictures a step are too few for 3 processes"):
        edges_of(2, 0, World(0, 3))


def test_statistics_stay_while_norms_are_kept() -> None:
    norm = torch.nn.BatchNorm2d(2)
    inputs = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0)) + 5
    with norms_kept(norm):
        norm(inputs)
    assert torch.equal(norm.running_mean, torch.zeros(2))
    norm(inputs)
    assert float(norm.running_mean.min()) > 0.1
