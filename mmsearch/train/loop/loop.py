"""The training loop, top to bottom: phases of steps, each a contrast of pictures and captions.

Every random choice follows from (seed, phase, step, part), so a run that was cut off goes on to the same curve, and
several processes take the steps that one would.
"""

from __future__ import annotations

import json
import math
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mmsearch.train.loop.batches import draw_batch
from mmsearch.train.loop.caching import backward_in_parts, edges_of
from mmsearch.train.loop.distributed import joined, norms_kept, share_norms
from mmsearch.train.loop.features import Features
from mmsearch.train.loop.material import prepare
from mmsearch.train.loop.memory import checkpoint_layers
from mmsearch.train.loop.optimizer import follow, make_optimizer, set_rates
from mmsearch.train.loop.recall import RECALL, nested_recall
from mmsearch.train.loop.state import (
    CACHE_FOLDER,
    CHECKPOINT_FILE,
    HISTORY_FILE,
    WEIGHTS_FILE,
    Run,
    claim,
    restore,
    save,
    save_weights,
)
from mmsearch.train.objectives.losses import Sides, contrast, keep_similarities, tell_apart
from mmsearch.train.objectives.multitask import Tasks
from mmsearch.train.towers.build import build_towers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mmsearch.train.data.dataset import Texts
    from mmsearch.train.loop.batches import Batch
    from mmsearch.train.loop.distributed import World
    from mmsearch.train.loop.material import Material
    from mmsearch.train.recipe import Phase, Recipe


@dataclass(frozen=True, slots=True)
class Progress:
    """One line of a run: ``dev`` is there after an evaluation; ``seconds`` since this process began."""

    phase: str
    step: int
    steps: int
    loss: float
    rate: float  # pictures a second
    seconds_a_step: float
    seconds: float
    dev: dict[str, dict[str, float]] | None = None
    best: float | None = None


@dataclass(frozen=True, slots=True)
class TrainResult:
    """Where the weights lie, and the dev figures of those that were kept."""

    output: Path
    best: float
    dev: dict[str, dict[str, float]]
    leads: bool = True  # of several processes, the one that speaks for them


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same throughout a run."""

    recipe: Recipe
    material: Material
    output: Path
    world: World
    progress: Callable[[Progress], None]
    began: float  # on the monotonic clock

    def report(self, line: Progress) -> None:
        """Tell the caller, and add to the history, of the process that leads."""
        if self.world.leads:
            self.progress(line)
            with (self.output / HISTORY_FILE).open("a", encoding="utf-8") as history:
                history.write(json.dumps(asdict(line)) + "\n")

    def keep(self, run: Run, optimizer: torch.optim.Optimizer | None) -> None:
        """Save the checkpoint, by the process that leads."""
        run.optimizer = optimizer.state_dict() if optimizer else None
        if self.world.leads:
            save(run, self.output / CHECKPOINT_FILE)


def train(
    recipe: Recipe,
    data: Path,
    output: Path,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    stop_after: int | None = None,
) -> TrainResult:
    """Train by ``recipe`` on ``data`` into ``output``; goes on where a run of the same recipe was cut off.

    ``stop_after`` ends the run after so many steps, its checkpoint saved. Processes that torchrun has started train
    together; only the first writes and reports. UsageError when ``output`` holds a run of another recipe.
    """
    began = time.monotonic()
    with joined() as world:
        with world.first():
            if world.leads:
                claim(output, recipe)
            towers = build_towers(recipe, data)
            material = prepare(recipe, data, output, towers)
        if world.size > 1:
            share_norms(towers)
        run = Run(
            towers,
            torch.zeros(len(material.train), recipe.dimension),
            torch.zeros(len(material.train.texts), recipe.dimension),
            Tasks(recipe, material.labelled, material.taught),
        )
        restore(run, output / CHECKPOINT_FILE)
        setting = Setting(recipe, material, output, world, progress, began)
        left = math.inf if stop_after is None else stop_after
        while run.phase < len(recipe.phases) and left > 0:
            left -= _run_phase(run, setting, left)
        if run.phase == len(recipe.phases) and world.leads:
            save_weights(towers, output / WEIGHTS_FILE)
            run.tasks.save(output)
    return TrainResult(output, run.best, run.dev or {}, world.leads)


def _run_phase(run: Run, setting: Setting, most_steps: float) -> int:
    """Steps of the phase that ``run`` stands in, at most ``most_steps``; returns how many were taken."""
    recipe, material, world = setting.recipe, setting.material, setting.world
    phase, towers = recipe.phases[run.phase], run.towers
    towers.picture.train_layers(phase.picture_layers)
    towers.text.train_layers(phase.text_layers)
    checkpoint_layers(towers, phase.checkpointing)
    with world.first():
        cache = setting.output / CACHE_FOLDER
        features = Features(recipe, phase, material.train, material.further_texts, towers, cache)
    optimizer = make_optimizer(run, phase)
    if run.optimizer is not None:
        optimizer.load_state_dict(run.optimizer)
    trained = {name: p for name, p in run.parameters().items() if p.requires_grad}
    if run.average is None:
        run.average = {name: p.detach().clone() for name, p in trained.items()}
        run.first = {name: p.detach().clone() for name, p in trained.items()}
    per_epoch = max(1, len(material.train) // phase.batch)
    steps = max(1, round(per_epoch * phase.epochs))
    every = max(1, round(per_epoch / phase.evaluations))
    saved, began, taken, ended = time.monotonic(), time.monotonic(), 0, run.step >= steps

    while not ended and taken < most_steps:
        towers.picture.set_training(True)
        towers.text.set_training(True)
        set_rates(optimizer, run.step, steps, phase.warmup)
        batch = draw_batch(recipe, phase, material, (run.phase, run.step), per_epoch)
        loss = _step(run, setting, features, batch)
        world.add_gradients(trained.values())
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(trained.values(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            towers.log_scale.clamp_(max=-math.log(recipe.loss.smallest_temperature))
        follow(run.average, trained, run.step, recipe.average)
        run.step += 1
        taken += 1
        ended = run.step == steps
        dev = None
        if run.step % every == 0 or ended:
            dev = _evaluate(run, setting, features, run.average)
            ended = ended or 0 < phase.patience <= run.worse
        pace, now = (time.monotonic() - began) / taken, time.monotonic() - setting.began
        setting.report(
            Progress(phase.name, run.step, steps, loss, phase.batch / pace, pace, now, dev, run.best)
        )
        if time.monotonic() - saved > recipe.checkpoint_seconds:
            setting.keep(run, optimizer)
            saved = time.monotonic()

    if ended:  # the next phase starts from the best weights so far: one that made nothing better is undone
        _try_blends(run, setting, features, phase)
        if run.best_weights is not None:
            run.load(run.best_weights)
        run.phase, run.step, run.worse = run.phase + 1, 0, 0
        run.average = run.first = None
    setting.keep(run, None if ended else optimizer)
    return taken


def _step(run: Run, setting: Setting, features: Features, batch: Batch) -> float:
    """One contrast of the batch's pictures with their captions; leaves gradients, returns the loss."""
    recipe, material = setting.recipe, setting.material
    data, each = material.train, recipe.phases[run.phase].captions

    def part(start: int, stop: int) -> tuple[Tensor, Tensor]:
        torch.manual_seed(batch.dropout + start)  # the same dropout when a part runs twice
        # and statistics of the batches that move once
        with nullcontext() if torch.is_grad_enabled() else norms_kept(run.towers):
            pictures = features.pictures(batch.rows[start:stop], batch.seed, start)
        return pictures, features.captions(batch.captions[start * each : stop * each])

    def loss_of(pictures: Tensor, texts: Tensor) -> Tensor:
        torch.manual_seed(batch.dropout + len(batch.rows))
        with torch.no_grad():
            run.picture_memory[batch.rows] = pictures.detach()
            run.text_memory[batch.captions] = texts.detach()
        owners = data.texts.group[batch.captions]
        sides = Sides(
            pictures=(pictures, torch.from_numpy(batch.rows)),
            captions=(texts, torch.from_numpy(owners)),
            strangers=features.strangers(batch.strangers, run.picture_memory),
            others=features.others(batch.others, run.text_memory),
            pairs=features.texts(material.pairs, batch.pairs)
            if material.pairs and batch.pairs is not None
            else None,
            captions_per_picture=each,
        )
        loss = contrast(recipe.loss, run.towers, sides, material.kin)
        if material.swapped and batch.swapped is not None:
            places, rows = batch.swapped
            false = features.texts(material.swapped, rows)
            own = pictures[places // each]
            apart = tell_apart(own, texts[places], false, run.towers.log_scale.exp())
            loss = loss + recipe.loss.swapped * apart
        if recipe.loss.keep_text and material.kept is not None:
            keep = keep_similarities(texts, material.kept[batch.captions])
            loss = loss + recipe.loss.keep_text * keep

        def prompts(labels: Texts) -> Tensor:
            return features.texts(labels, batch.prompts[id(labels)])

        tasks: Tensor = run.tasks((pictures, batch.rows), (texts, batch.captions, owners), prompts)
        return loss + tasks

    edges = edges_of(len(batch.rows), recipe.phases[run.phase].micro, setting.world)
    return backward_in_parts([partial(part, *edge) for edge in edges], loss_of, setting.world)


def _try_blends(run: Run, setting: Setting, features: Features, phase: Phase) -> None:
    """Evaluate weights between the phase's first and last: often better than both, most of all elsewhere.

    Wortsman et al., "Robust Fine-Tuning of Zero-Shot Models", CVPR 2022.
    """
    if run.first is None or run.average is None:
        return
    for share in phase.blends:
        blend = {name: torch.lerp(run.first[name], last, share) for name, last in run.average.items()}
        _evaluate(run, setting, features, blend)


def _evaluate(
    run: Run, setting: Setting, features: Features, weights: dict[str, Tensor]
) -> dict[str, dict[str, float]]:
    """Dev figures of the towers with ``weights`` in place; keeps them when they are the best so far."""
    parameters = run.parameters()
    current = {name: parameters[name].detach().clone() for name in weights}
    with torch.no_grad():
        for name, value in weights.items():
            parameters[name].copy_(value)
        mine = _measure(run, setting, features) if setting.world.leads else {}
        dev: dict[str, dict[str, float]] = setting.world.agree(mine)
        complete = run.weights()
        for name, value in current.items():
            parameters[name].copy_(value)
    total = sum(len(data) for data in setting.material.dev)
    score = float(run.step)
    if total:
        means = {name: sum(figures[key] for key in RECALL) / len(RECALL) for name, figures in dev.items()}
        score = sum(len(data) * means[data.name] for data in setting.material.dev) / total
    run.worse += 1
    if score > run.best:
        run.best, run.worse, run.dev = score, 0, dev
        run.best_weights = complete
    return dev


def _measure(run: Run, setting: Setting, features: Features) -> dict[str, dict[str, float]]:
    """Recall of each dev set, of its first dimensions too where those must serve, and what the tasks learned."""
    dev: dict[str, dict[str, float]] = {}
    for number, data in enumerate(setting.material.dev):
        pictures, texts = features.vectors(data)
        owner = torch.from_numpy(data.texts.group)
        dev |= nested_recall(data.name, pictures, texts, owner, setting.recipe.loss.nested)
        dev[data.name] |= run.tasks.evaluate(number, pictures, texts, data.texts.group, features.groups)
    return dev
