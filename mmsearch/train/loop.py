"""The training loop, top to bottom: phases of steps, each a contrast of pictures and captions.

Every random choice follows from (seed, phase, step, part), so a run that was cut off goes on to the same curve.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mmsearch.train.features import Features
from mmsearch.train.losses import contrast, keep_similarities
from mmsearch.train.material import prepare
from mmsearch.train.state import (
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
from mmsearch.train.towers import build_towers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mmsearch.train.dataset import Texts
    from mmsearch.train.material import Material
    from mmsearch.train.recipe import Phase, Recipe
    from mmsearch.train.towers import Towers


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


def train(
    recipe: Recipe,
    data: Path,
    output: Path,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    stop_after: int | None = None,
) -> TrainResult:
    """Train by ``recipe`` on ``data`` into ``output``; goes on where a run of the same recipe was cut off.

    ``stop_after`` ends the run after so many steps, its checkpoint saved. UsageError when ``output`` holds a
    run of another recipe.
    """
    claim(output, recipe)
    towers = build_towers(recipe, data)
    material = prepare(recipe, data, output, towers)
    dimension = recipe.dimension
    run = Run(
        towers,
        torch.zeros(len(material.train), dimension),
        torch.zeros(len(material.train.texts), dimension),
    )
    restore(run, output / CHECKPOINT_FILE)
    clock = time.monotonic()
    left = math.inf if stop_after is None else stop_after
    while run.phase < len(recipe.phases) and left > 0:
        left -= _run_phase(run, recipe, material, output, progress, clock, left)
    if run.phase == len(recipe.phases):
        save_weights(towers, output / WEIGHTS_FILE)
    return TrainResult(output, run.best, run.dev or {})


def _run_phase(
    run: Run,
    recipe: Recipe,
    material: Material,
    output: Path,
    progress: Callable[[Progress], None],
    clock: float,
    most_steps: float,
) -> int:
    """Steps of the phase that ``run`` stands in, at most ``most_steps``; returns how many were taken."""
    phase, towers = recipe.phases[run.phase], run.towers
    towers.picture.train_layers(phase.picture_layers)
    towers.text.train_layers(phase.text_layers)
    features = Features(recipe, phase, material.train, material.pairs, towers, output / CACHE_FOLDER)
    optimizer = _optimizer(towers, phase)
    if run.optimizer is not None:
        optimizer.load_state_dict(run.optimizer)
    trained = {name: p for name, p in towers.named_parameters() if p.requires_grad}
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
        for group in optimizer.param_groups:
            group["lr"] = group["top"] * _schedule(run.step, steps, phase.warmup)
        shuffle = np.random.default_rng((recipe.seed, run.phase, run.step // per_epoch))
        order = shuffle.permutation(len(material.train))
        place = run.step % per_epoch * phase.batch
        loss = _step(run, recipe, phase, material, features, order[place : place + phase.batch])
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(trained.values(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            towers.log_scale.clamp_(max=-math.log(recipe.loss.smallest_temperature))
            decay = min(recipe.average, (1 + run.step) / (10 + run.step))
            for name, parameter in trained.items():
                run.average[name].lerp_(parameter, 1 - decay)
        run.step += 1
        taken += 1
        ended = run.step == steps
        dev = None
        if run.step % every == 0 or ended:
            assert run.average is not None
            dev = _evaluate(run, run.average, material, features)
            ended = ended or 0 < phase.patience <= run.worse
        pace = (time.monotonic() - began) / taken
        since = time.monotonic() - clock
        line = Progress(phase.name, run.step, steps, loss, phase.batch / pace, pace, since, dev, run.best)
        progress(line)
        with (output / HISTORY_FILE).open("a", encoding="utf-8") as history:
            history.write(json.dumps(asdict(line)) + "\n")
        if time.monotonic() - saved > recipe.checkpoint_seconds:
            run.optimizer = optimizer.state_dict()
            save(run, output / CHECKPOINT_FILE)
            saved = time.monotonic()

    run.optimizer = optimizer.state_dict()
    if ended:  # the next phase starts from the best weights so far: one that made nothing better is undone
        _try_blends(run, phase, material, features)
        if run.best_weights is not None:
            towers.load_state_dict(run.best_weights)
        run.phase, run.step, run.worse = run.phase + 1, 0, 0
        run.optimizer = run.average = run.first = None
    save(run, output / CHECKPOINT_FILE)
    return taken


def _step(
    run: Run,
    recipe: Recipe,
    phase: Phase,
    material: Material,
    features: Features,
    rows: np.ndarray[Any, Any],
) -> float:
    """One contrast of ``rows`` (pictures) with their captions; leaves gradients, returns the loss."""
    towers, data = run.towers, material.train
    random = np.random.default_rng((recipe.seed, run.phase, run.step, 1))
    captions = np.concatenate([_draw(data.texts, row, phase.captions, random) for row in rows])
    others = random.choice(len(data.texts), min(phase.text_bank, len(data.texts)), replace=False)
    strangers = random.choice(len(data), min(phase.picture_bank, len(data)), replace=False)
    pairs = _draw_pairs(material.pairs, phase.text_pairs, random)
    views = random.integers(1 << 31)

    def part(start: int, stop: int) -> tuple[Tensor, Tensor]:
        torch.manual_seed(recipe.seed + 7919 * run.step + start)  # the same dropout when a part runs twice
        pictures = features.pictures(rows[start:stop], int(views) + start)
        texts = features.captions(captions[start * phase.captions : stop * phase.captions])
        return pictures, texts

    def loss_of(pictures: Tensor, texts: Tensor) -> Tensor:
        torch.manual_seed(recipe.seed + 7919 * run.step + len(rows))
        with torch.no_grad():
            run.picture_memory[rows] = pictures.detach()
            run.text_memory[captions] = texts.detach()
        loss: Tensor = contrast(
            recipe.loss,
            towers,
            pictures=(pictures, torch.from_numpy(rows)),
            captions=(texts, torch.from_numpy(data.texts.group[captions])),
            strangers=features.strangers(strangers, run.picture_memory),
            others=features.others(others, run.text_memory),
            pairs=features.pairs(pairs) if pairs is not None else None,
            cluster=torch.from_numpy(data.cluster),
            captions_per_picture=phase.captions,
        )
        if recipe.loss.keep_text and material.kept is not None:
            keep = keep_similarities(texts, material.kept[captions])
            loss = loss + recipe.loss.keep_text * keep
        return loss

    size = phase.micro or len(rows)
    edges = [(i, min(i + size, len(rows))) for i in range(0, len(rows), size)]
    return backward_in_parts([partial(part, *edge) for edge in edges], loss_of)


def backward_in_parts(
    parts: Sequence[Callable[[], tuple[Tensor, ...]]], loss_of: Callable[..., Tensor]
) -> float:
    """Gradients of ``loss_of`` over all parts' vectors together, one part's activations in memory at a time.

    Each part is computed twice, first without gradients. Gao et al., "Scaling Deep Contrastive Learning Batch
    Size under Memory Limited Setup", 2021. A single part is computed once.
    """
    if len(parts) == 1:
        loss = loss_of(*parts[0]())
        loss.backward()
        return float(loss.detach())
    with torch.no_grad():
        outputs = [part() for part in parts]
    leaves = [torch.cat(columns).requires_grad_() for columns in zip(*outputs, strict=True)]
    loss = loss_of(*leaves)
    loss.backward()
    done = [0] * len(leaves)
    for part in parts:
        vectors = part()
        gradients = []
        for column, vector in enumerate(vectors):
            gradient = leaves[column].grad
            assert gradient is not None
            gradients.append(gradient[done[column] : done[column] + len(vector)])
            done[column] += len(vector)
        torch.autograd.backward(vectors, gradients)
    return float(loss.detach())


def _optimizer(towers: Towers, phase: Phase) -> torch.optim.AdamW:
    rates = {"picture": phase.picture_rate, "text": phase.text_rate, "head": phase.head_rate}
    groups = []
    for name, parameters in towers.layer_parameters().items():
        for decays in (True, False):  # vectors and scalars (norms, biases, the scale) do not decay
            chosen = [p for p in parameters if (p.dim() > 1) == decays]
            decay = phase.weight_decay if decays else 0.0
            if chosen:
                groups.append(
                    {"params": chosen, "weight_decay": decay, "top": rates[name], "lr": rates[name]}
                )
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def _schedule(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up, then a cosine to zero: the share of the top rate at ``step``."""
    warm = max(1, round(steps * warmup))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _try_blends(run: Run, phase: Phase, material: Material, features: Features) -> None:
    """Evaluate weights between the phase's first and last: often better than both, most of all elsewhere.

    Wortsman et al., "Robust Fine-Tuning of Zero-Shot Models", CVPR 2022.
    """
    if run.first is None or run.average is None:
        return
    for share in phase.blends:
        blend = {name: torch.lerp(run.first[name], last, share) for name, last in run.average.items()}
        _evaluate(run, blend, material, features)


def _evaluate(
    run: Run, weights: dict[str, Tensor], material: Material, features: Features
) -> dict[str, dict[str, float]]:
    """Dev figures of the towers with ``weights`` in place; keeps them when they are the best so far."""
    parameters = dict(run.towers.named_parameters())
    current = {name: parameters[name].detach().clone() for name in weights}
    with torch.no_grad():
        for name, value in weights.items():
            parameters[name].copy_(value)
        dev = {data.name: features.evaluate(data) for data in material.dev}
        complete = {name: value.clone() for name, value in run.towers.state_dict().items()}
        for name, value in current.items():
            parameters[name].copy_(value)
    sizes = {data.name: len(data) for data in material.dev}
    total = sum(sizes[name] * sum(measures.values()) / len(measures) for name, measures in dev.items())
    score = total / sum(sizes.values()) if dev else float(run.step)
    run.worse += 1
    if score > run.best:
        run.best, run.worse, run.dev = score, 0, dev
        run.best_weights = complete
    return dev


def _draw(texts: Texts, group: int, count: int, random: np.random.Generator) -> np.ndarray[Any, Any]:
    """``count`` texts of a group, different ones as far as there are."""
    first, stop = int(texts.first[group]), int(texts.first[group + 1])
    chosen = first + random.permutation(stop - first)[:count]
    return np.resize(chosen, count)


def _draw_pairs(texts: Texts | None, count: int, random: np.random.Generator) -> np.ndarray[Any, Any] | None:
    """Two texts of each of ``count`` groups, side by side."""
    if texts is None or not count:
        return None
    groups = random.choice(len(texts.first) - 1, min(count, len(texts.first) - 1), replace=False)
    return np.concatenate([_draw(texts, int(group), 2, random) for group in groups])
