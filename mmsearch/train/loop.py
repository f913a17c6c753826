"""The training loop, top to bottom: phases of steps, each a contrast of pictures and captions.

Every random choice follows from (seed, phase, step, part), so a run that was cut off goes on to the same curve.
"""

from __future__ import annotations

import copy
import json
import math
import os
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mmsearch.errors import UsageError
from mmsearch.train.dataset import load_pictures, load_texts
from mmsearch.train.features import Features
from mmsearch.train.losses import contrast, keep_similarities
from mmsearch.train.recipe import RECIPE_FILE, Recipe
from mmsearch.train.towers import build_towers, find_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mmsearch.train.dataset import CaptionedPictures, Texts
    from mmsearch.train.recipe import Phase
    from mmsearch.train.towers import Towers

CHECKPOINT_FILE = "checkpoint.pt"
WEIGHTS_FILE = "weights.safetensors"
HISTORY_FILE = "history.jsonl"
TOKENIZER_FILE = "tokenizer.json"
CALIBRATION_FILE = "calibration.npy"  # pictures of the training set, for static quantization
CALIBRATION_PICTURES = 512
CACHE_FOLDER = "cache"  # decoded pictures and frozen features; may be deleted


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


@dataclass(slots=True)
class _Run:
    """What changes while a run goes on; all of it is in the checkpoint."""

    towers: Towers
    picture_memory: Tensor  # (pictures, dimension), the last vectors; rows of zeros are not known yet
    text_memory: Tensor  # (captions, dimension)
    phase: int = 0
    step: int = 0
    best: float = -1.0
    worse: int = 0  # evaluations since the best
    dev: dict[str, dict[str, float]] | None = None
    best_weights: dict[str, Tensor] | None = None
    average: dict[str, Tensor] | None = None
    optimizer: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Material:
    """What does not change: the data, and the text features of the towers that training started from."""

    train: CaptionedPictures
    dev: tuple[CaptionedPictures, ...]
    pairs: Texts | None
    kept: Tensor | None  # features of the training captions


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
    _claim(output, recipe)
    towers = build_towers(recipe, data)
    material = _prepare(recipe, data, output, towers)
    dimension = recipe.dimension
    run = _Run(
        towers,
        torch.zeros(len(material.train), dimension),
        torch.zeros(len(material.train.texts), dimension),
    )
    _restore(run, output / CHECKPOINT_FILE)
    clock = time.monotonic()
    left = math.inf if stop_after is None else stop_after
    while run.phase < len(recipe.phases) and left > 0:
        left -= _run_phase(run, recipe, material, output, progress, clock, left)
    if run.phase == len(recipe.phases):
        save_weights(towers, output / WEIGHTS_FILE)
    return TrainResult(output, run.best, run.dev or {})


def _run_phase(
    run: _Run,
    recipe: Recipe,
    material: _Material,
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
    per_epoch = max(1, len(material.train) // phase.batch)
    steps = max(1, round(per_epoch * phase.epochs))
    every = max(1, round(per_epoch / phase.evaluations))
    saved, began, taken, ended = time.monotonic(), time.monotonic(), 0, run.step >= steps

    while not ended and taken < most_steps:
        towers.picture.set_training(True)
        towers.text.set_training(True)
        for group in optimizer.param_groups:
            group["lr"] = group["top"] * _schedule(run.step, steps, phase.warmup)
        order = np.random.default_rng((recipe.seed, run.phase, run.step // per_epoch)).permutation(len(material.train))
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
            dev = _evaluate(run, material, features)
            ended = ended or 0 < phase.patience <= run.worse
        pace = (time.monotonic() - began) / taken
        line = Progress(
            phase.name, run.step, steps, loss, phase.batch / pace, pace, time.monotonic() - clock, dev, run.best
        )
        progress(line)
        with (output / HISTORY_FILE).open("a", encoding="utf-8") as history:
            history.write(json.dumps(asdict(line)) + "\n")
        if time.monotonic() - saved > recipe.checkpoint_seconds:
            run.optimizer = optimizer.state_dict()
            _save(run, output / CHECKPOINT_FILE)
            saved = time.monotonic()

    run.optimizer = optimizer.state_dict()
    if ended:  # the next phase starts from this one's best weights
        if run.best_weights is not None:
            towers.load_state_dict(run.best_weights, strict=False)
        run.phase, run.step, run.worse = run.phase + 1, 0, 0
        run.optimizer = run.average = None
    _save(run, output / CHECKPOINT_FILE)
    return taken


def _step(
    run: _Run, recipe: Recipe, phase: Phase, material: _Material, features: Features, rows: np.ndarray[Any, Any]
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
    parts = [(i, min(i + size, len(rows))) for i in range(0, len(rows), size)]
    return backward_in_parts([lambda a=a, b=b: part(a, b) for a, b in parts], loss_of)


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


def save_weights(towers: Towers, path: Path) -> None:
    """All parameters and statistics as safetensors, float32."""
    from safetensors.torch import save_file

    save_file({k: v.contiguous() for k, v in towers.state_dict().items()}, path)


def _claim(output: Path, recipe: Recipe) -> None:
    output.mkdir(parents=True, exist_ok=True)
    saved = output / RECIPE_FILE
    if saved.exists() and not _goes_on(Recipe.load(saved), recipe):
        raise UsageError(f"{output} holds a run of another recipe; give another --output or delete it")
    saved.write_text(recipe.dumps(), encoding="utf-8")


def _goes_on(old: Recipe, new: Recipe) -> bool:
    """Whether ``new`` is ``old``, perhaps with further phases."""
    return replace(new, phases=new.phases[: len(old.phases)]) == old


def _prepare(recipe: Recipe, data: Path, output: Path, towers: Towers) -> _Material:
    import shutil

    from tokenizers import Tokenizer

    if not (output / TOKENIZER_FILE).exists():
        if not recipe.text.weights:
            raise UsageError("text.weights must name a folder with a tokenizer.json")
        shutil.copyfile(find_tokenizer(recipe.text.weights, data), output / TOKENIZER_FILE)
    tokenizer = Tokenizer.from_file(str(output / TOKENIZER_FILE))
    tokenizer.no_padding()
    tokenizer.enable_truncation(recipe.text.max_tokens)
    cache = output / CACHE_FOLDER
    plain = replace(recipe.data, extra_texts=())
    train_set = load_pictures(recipe.data.train, data, recipe.data, recipe.picture, tokenizer, cache)
    dev = [load_pictures([name], data, plain, recipe.picture, tokenizer, cache) for name in recipe.data.dev]
    pairs = load_texts(recipe.data.texts, data, tokenizer)
    kept = None
    if recipe.loss.keep_text:
        first = Features(recipe, recipe.phases[0], train_set, pairs, towers, cache, lazy=True)
        kept = first.all_texts(train_set.texts)
    if not (output / CALIBRATION_FILE).exists():
        rows = np.random.default_rng(recipe.seed).permutation(len(train_set))[:CALIBRATION_PICTURES]
        np.save(output / CALIBRATION_FILE, train_set.pixels[np.sort(rows)])
    return _Material(train_set, tuple(dev), pairs, kept)


def _restore(run: _Run, path: Path) -> None:
    if not path.exists():
        return
    saved = torch.load(path, map_location="cpu", weights_only=True)
    run.towers.load_state_dict(saved.pop("towers"))
    for name, value in saved.items():
        setattr(run, name, value)


def _save(run: _Run, path: Path) -> None:
    """Replace the checkpoint by rename, so that a kill leaves the old one or the new one."""
    names = [f.name for f in fields(run) if f.name != "towers"]
    state = {name: getattr(run, name) for name in names} | {"towers": run.towers.state_dict()}
    torch.save(state, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def _optimizer(towers: Towers, phase: Phase) -> torch.optim.AdamW:
    rates = {"picture": phase.picture_rate, "text": phase.text_rate, "head": phase.head_rate}
    groups = []
    for name, parameters in towers.layer_parameters().items():
        for decays in (True, False):  # vectors and scalars (norms, biases, the scale) do not decay
            chosen = [p for p in parameters if (p.dim() > 1) == decays]
            decay = phase.weight_decay if decays else 0.0
            if chosen:
                groups.append({"params": chosen, "weight_decay": decay, "top": rates[name], "lr": rates[name]})
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def _schedule(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up, then a cosine to zero: the share of the top rate at ``step``."""
    warm = max(1, round(steps * warmup))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _evaluate(run: _Run, material: _Material, features: Features) -> dict[str, dict[str, float]]:
    """Dev figures of the averaged weights; keeps those weights when they are the best so far."""
    assert run.average is not None
    parameters = dict(run.towers.named_parameters())
    current = {name: parameters[name].detach().clone() for name in run.average}
    with torch.no_grad():
        for name, value in run.average.items():
            parameters[name].copy_(value)
        dev = {data.name: features.evaluate(data) for data in material.dev}
        for name, value in current.items():
            parameters[name].copy_(value)
    sizes = {data.name: len(data) for data in material.dev}
    total = sum(sizes[name] * sum(measures.values()) / len(measures) for name, measures in dev.items())
    score = total / sum(sizes.values()) if dev else float(run.step)
    run.worse += 1
    if score > run.best:
        run.best, run.worse, run.dev = score, 0, dev
        run.best_weights = {name: value.clone() for name, value in run.average.items()}
    return dev


def _draw(texts: Texts, group: int, count: int, random: np.random.Generator) -> np.ndarray[Any, Any]:
    """``count`` texts of a group, different ones as far as there are."""
    first, stop = int(texts.first[group]), int(texts.first[group + 1])
    chosen = first + random.permutation(stop - first)[:count]
    return np.resize(chosen, count)


def _draw_pairs(
    texts: Texts | None, count: int, random: np.random.Generator
) -> np.ndarray[Any, Any] | None:
    """Two texts of each of ``count`` groups, side by side."""
    if texts is None or not count:
        return None
    groups = random.choice(len(texts.first) - 1, min(count, len(texts.first) - 1), replace=False)
    return np.concatenate([_draw(texts, int(group), 2, random) for group in groups])
