from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch")

from mmsearch.errors import MissingExtraError
from mmsearch.train.loop.boards import tensorboard
from mmsearch.train.loop.loop import Progress
from mmsearch.train.recipe import Phase
from tests.unit.train.conftest import tiny_recipe

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch

LINE = Progress("heads", 3, 9, 1.5, 10.0, 0.1, 1.0, {"dev": {"t2i@1": 20.0}}, 20.0)


def test_curves_can_be_read_back(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with tensorboard(tmp_path) as write:
        assert not list(tmp_path.iterdir())  # a process that reports nothing makes no file
        write(LINE)
    events = accumulator.EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("heads/loss")] == [(3, 1.5)]
    assert events.Scalars("heads/dev/t2i@1")[0].value == 20.0


def test_without_tensorboard_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"mmsearch\[tensorboard\]"), tensorboard(tmp_path):
        pass


def test_the_command_writes_curves_where_asked(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from typer.testing import CliRunner

    from mmsearch.cli.main import application

    recipe = tmp_path / "recipe.toml"
    recipe.write_text(tiny_recipe(phases=(Phase("heads", 2, 4),)).dumps())
    arguments = [
        "train",
        str(recipe),
        "--data",
        str(data),
        "--output",
        str(tmp_path / "run"),
        "--tensorboard",
    ]
    ended = CliRunner().invoke(application(), arguments)
    assert ended.exit_code == 0, ended.output
    assert "heads 4/4  loss" in ended.stderr
    assert "dev score" in ended.stdout
    assert len(list((tmp_path / "run" / "tensorboard").iterdir())) == 1


def test_a_terminal_gets_a_bar_and_the_dev_figures_stay_above_it() -> None:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TextColumn

    from mmsearch.cli.output.training_progress import show_in

    screen = io.StringIO()
    columns = (TextColumn("{task.description} {task.completed}/{task.total} {task.fields[state]}"),)
    with Bar(
        *columns,
        console=Console(file=screen, force_terminal=True, width=120, highlight=False),
        auto_refresh=False,
    ) as bar:
        show_in(bar)(LINE)
        bar.refresh()
    assert "heads 3/9  dev: t2i@1 20.0" in screen.getvalue()
    assert "heads 3/9 loss 1.500  10 pictures/s  best 20.00" in screen.getvalue()
