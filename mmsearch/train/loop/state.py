"""What changes while a run goes on, and the folder that keeps it: recipe, checkpoint, weights."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from mmsearch.errors import UsageError
from mmsearch.train.recipe import RECIPE_FILE, Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.train.towers.build import Towers

CHECKPOINT_FILE = "checkpoint.pt"
WEIGHTS_FILE = "weights.safetensors"
HISTORY_FILE = "history.jsonl"
TOKENIZER_FILE = "tokenizer.json"
CALIBRATION_FILE = "calibration.npy"  # pictures of the training set, for static quantization
TASKS = "tasks."  # before the names of tasks' parameters
CACHE_FOLDER = "cache"  # decoded pictures and frozen features; may be deleted


@dataclass(slots=True)
class Run:
    """What changes while a run goes on; all of it is in the checkpoint."""

    towers: Towers
    picture_memory: Tensor  # (pictures, dimension), the last vectors; rows of zeros are not known yet
    text_memory: Tensor  # (captions, dimension)
    tasks: nn.Module = field(default_factory=nn.Module)  # what is learned beside the towers
    phase: int = 0
    step: int = 0
    best: float = -1.0
    worse: int = 0  # evaluations since the best
    dev: dict[str, dict[str, float]] | None = None
    best_weights: dict[str, Tensor] | None = None
    average: dict[str, Tensor] | None = None
    first: dict[str, Tensor] | None = None  # what trains, as the phase began
    optimizer: dict[str, Any] | None = None

    def parameters(self) -> dict[str, nn.Parameter]:
        """All that can train, by name; what belongs to the tasks begins with "tasks."."""
        tasks = {f"{TASKS}{name}": parameter for name, parameter in self.tasks.named_parameters()}
        return dict(self.towers.named_parameters()) | tasks

    def weights(self) -> dict[str, Tensor]:
        """A copy of all parameters and statistics."""
        tasks = {f"{TASKS}{name}": value for name, value in self.tasks.state_dict().items()}
        return {name: value.clone() for name, value in (self.towers.state_dict() | tasks).items()}

    def load(self, weights: dict[str, Tensor]) -> None:
        """Take over what ``weights`` gave."""
        tasks = {k.removeprefix(TASKS): v for k, v in weights.items() if k.startswith(TASKS)}
        self.towers.load_state_dict({k: v for k, v in weights.items() if not k.startswith(TASKS)})
        self.tasks.load_state_dict(tasks)


def claim(output: Path, recipe: Recipe) -> None:
    """Make ``output`` the folder of this run; UsageError when it holds a run of another recipe."""
    output.mkdir(parents=True, exist_ok=True)
    saved = output / RECIPE_FILE
    if saved.exists() and not _goes_on(Recipe.load(saved), recipe):
        raise UsageError(f"{output} holds a run of another recipe; give another --output or delete it")
    saved.write_text(recipe.dumps(), encoding="utf-8")


def _goes_on(old: Recipe, new: Recipe) -> bool:
    """Whether ``new`` is ``old``, perhaps with further phases."""
    return replace(new, phases=new.phases[: len(old.phases)]) == old


def restore(run: Run, path: Path) -> None:
    """Set ``run`` to what the checkpoint holds, if there is one."""
    if not path.exists():
        return
    saved = torch.load(path, map_location="cpu", weights_only=True)
    run.load(saved.pop("towers"))
    for name, value in saved.items():
        setattr(run, name, value)


def save(run: Run, path: Path) -> None:
    """Replace the checkpoint by rename, so that a kill leaves the old one or the new one."""
    names = [f.name for f in fields(run) if f.name not in {"towers", "tasks"}]
    state = {name: getattr(run, name) for name in names} | {"towers": run.weights()}
    torch.save(state, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def save_weights(towers: Towers, path: Path) -> None:
    """All parameters and statistics as safetensors, float32."""
    from safetensors.torch import save_file

    save_file({k: v.contiguous() for k, v in towers.state_dict().items()}, path)
