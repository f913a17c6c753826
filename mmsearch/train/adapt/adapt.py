"""Adapt an encoder to one's own pairs: heads on frozen towers, chosen by cross-validation, judged on pairs held out.

The towers run once over the pairs; what is fitted are two small heads (`mmsearch.train.adapt.residual`), so that a few
hundred pairs do and two cores need minutes. How long to train and how far to go is chosen by cross-validation among
the pairs that are not held out. The adapted encoder is written as it will be used, measured against the old one
on the held-out pairs, and saved only if it is better than chance explains.
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from mmsearch.datasets.pairs import read_pairs
from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import DESCRIPTION
from mmsearch.encoders.registry import OPENCLIP_PREFIX, shipped_encoders
from mmsearch.errors import EncoderError, UsageError
from mmsearch.train.adapt.judging import Judged, judge, score
from mmsearch.train.adapt.publish import measure_backgrounds, publish, write_encoder
from mmsearch.train.adapt.residual import Heads, HeadSettings, fit
from mmsearch.train.adapt.tapped import Known, TappedEncoder, look
from mmsearch.train.data.heldout import clusters, parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from mmsearch.datasets.pairs import Pair

FEWEST = 40  # pictures; with fewer nothing can be told from chance
FEWEST_HELD_OUT = 5
LIMIT = 0.05  # p value above which a gain is put down to chance
NEAR = 0.5  # points of the score that the best candidate may have above one that moves the vectors less
TRAIN_SPLIT = "train"


@dataclass(frozen=True, slots=True)
class Adaptation:
    """How an encoder is adapted. ``most_lost`` is in points of the score on the pairs to keep, when there are any."""

    held_out: float = 0.2  # share of the pictures that judges the result
    split: str | None = None  # records of this split alone; None = "train" if there is one, else all
    most_lost: float = 2.0
    precision: str | None = None  # of a source that has yet to be compiled; None = int8 for runs, else fp32
    folds: int = 4
    views: int = 4  # of each picture: as it is, mirrored, random crops
    shares: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 1.0)  # of the heads' way that are tried
    heads: HeadSettings = field(default=HeadSettings())
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0.05 <= self.held_out <= 0.5:
            raise UsageError(f"--held-out is a share from 0.05 to 0.5, not {self.held_out}")


@dataclass(frozen=True, slots=True)
class Adapted:
    """What became of an adaptation: ``fitted`` pictures, the chosen epochs and share of the heads' way, and figures."""

    directory: Path
    fitted: int
    epochs: int
    share: float
    own: Judged
    kept: Judged | None

    @property
    def better(self) -> bool:
        """Whether the held-out pairs show a gain that chance does not explain."""
        return self.own.gain > 0 and self.own.comparison.difference > 0 and self.own.comparison.p <= LIMIT


@dataclass(frozen=True, slots=True, eq=False)
class _Material:
    """Pairs to fit to, ``cluster`` (n,) joining those that share a caption, pairs to judge by, and pairs to keep."""

    known: Known
    said: list[Sequence[str]]  # the captions (n) of those that are fitted to
    cluster: Tensor
    held_out: list[Pair]
    anchors: tuple[Known, Tensor] | None = None  # hold the heads back; with their clusters
    check: Known | None = None  # what a candidate loses on them is counted while choosing
    checked: list[Pair] = field(default_factory=list)  # the pairs of ``check``


def adapt(
    source: str,
    pairs: Path,
    output: Path,
    settings: Adaptation = Adaptation(),
    *,
    keep: Path | None = None,
    force: bool = False,
    progress: Callable[[str], None] = lambda _: None,
    judged: Callable[[Adapted], None] = lambda _: None,
) -> Adapted:
    """Write ``source`` adapted to the captioned pictures ``pairs`` as the encoder directory ``output``.

    ``source`` is the name or directory of a compiled encoder, the folder of a training run, or ``openclip:…``. Of
    ``keep``, captioned pictures of a domain that is not to be lost, one half holds the heads back and the other
    measures. ``judged`` gets the figures before anything is saved. EncoderError, and nothing is saved, when they
    are no better than before, unless ``force``.
    """
    if output.is_dir() and any(output.iterdir()) and not (output / DESCRIPTION).exists():
        raise UsageError(f"{output} holds something else than an encoder: give another --output")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".adapt-") as folder:
        work = Path(folder)
        base = CompiledEncoder(_compiled(source, pairs, work, settings.precision))
        towers = TappedEncoder.copy(base.directory, work / "tapped")
        material = _look_at(towers, pairs, keep, settings, progress)
        epochs, share = choose(material, settings, progress)
        progress(f"fitting to {len(material.known)} pictures for {epochs} epochs")
        heads = _fitted(material, epochs, settings)
        made = work / output.name
        write_encoder(towers, heads.picture.weights(share), heads.text.weights(share), material.said, made)
        progress("measuring what was written")
        new = CompiledEncoder(made)
        own = judge(pairs.name, material.held_out, base, new)
        kept = judge(keep.name, material.checked, base, new) if keep else None
        result = Adapted(output, len(material.known), epochs, share, own, kept)
        judged(result)
        if not (result.better or force):
            raise EncoderError(_refusal(result, source))
        origin = {"name": source, "version": base.description.version, "fingerprint": base.fingerprint}
        said = {"pairs": pairs.name, "keep": keep.name if keep else None, "epochs": epochs, "share": share}
        recipe = {"adapted_from": origin, **said, "settings": dataclasses.asdict(settings)}
        measure_backgrounds(made, [part for part in (material.held_out, material.checked) if part])
        publish(made, output, recipe, _figures(result))
    return result


def choose(material: _Material, settings: Adaptation, progress: Callable[[str], None]) -> tuple[int, float]:
    """The epochs and the share of the way that cross-validation finds best, within what may be lost elsewhere.

    Of candidates that are as good, that which moves the vectors least. EncoderError if all lose too much.
    """
    gains: dict[tuple[float, int], list[float]] = {}
    losses: dict[tuple[float, int], list[float]] = {}
    fold_of = parts(material.cluster.numpy(), [1 / settings.folds] * settings.folds, settings.seed)
    started = time.perf_counter()
    for fold in range(settings.folds):
        # one more fit of the same length follows, to all pictures
        left = (time.perf_counter() - started) / max(fold, 1) * (settings.folds - fold + 1) / 60
        known = f", {left:.1f} min left" if fold else ""
        progress(f"cross-validation, {fold + 1} of {settings.folds}{known}")
        rows, others = (
            torch.from_numpy(np.flatnonzero(chosen)) for chosen in (fold_of != fold, fold_of == fold)
        )
        train, test = material.known.part(rows), material.known.part(others)
        for epochs, heads in fit(
            train, material.cluster[rows], material.anchors, settings.heads, settings.seed
        ):
            for share in settings.shares:
                gain = score(heads.recall(test, share)) - score(heads.recall(test, 0.0))
                gains.setdefault((share, epochs), []).append(gain)
                if material.check is not None:
                    before, after = (score(heads.recall(material.check, s)) for s in (0.0, share))
                    losses.setdefault((share, epochs), []).append(before - after)
    allowed = [c for c in gains if c not in losses or np.mean(losses[c]) <= settings.most_lost]
    if not allowed:
        least = min(float(np.mean(loss)) for loss in losses.values())
        raise EncoderError(
            f"whatever is learned costs {least:.1f} points or more on the pairs to keep: give a larger --most-lost"
        )
    best = max(float(np.mean(gains[candidate])) for candidate in allowed)
    share, epochs = min(c for c in allowed if np.mean(gains[c]) >= best - NEAR)
    return epochs, share


def _compiled(source: str, pairs: Path, work: Path, precision: str | None) -> Path:
    """The directory of ``source``, compiled first if it is none yet."""
    shipped = shipped_encoders()
    if source in shipped or (Path(source) / DESCRIPTION).is_file():
        return shipped.get(source) or Path(source)
    open_clip = source.startswith(OPENCLIP_PREFIX)
    if not open_clip and not Path(source).is_dir():
        raise EncoderError(
            f"no encoder {source!r}: adapt {', '.join(shipped)}, openclip:ARCHITECTURE/PRETRAINED, a directory of an "
            "encoder, or that of a training run"
        )
    from mmsearch.train.compile.export import compile_encoder

    chosen = precision or ("fp32" if open_clip else "int8")
    calibration = pairs if open_clip and chosen == "int8" else None
    return compile_encoder(source, work / "compiled", chosen, calibration=calibration).directory


def _look_at(
    towers: TappedEncoder,
    pairs: Path,
    keep: Path | None,
    settings: Adaptation,
    progress: Callable[[str], None],
) -> _Material:
    own = _read(pairs, settings.split)
    _ask_for_more(pairs, len(own))
    progress(f"{len(own)} pictures of {pairs.name} go through the towers")
    known, rows = look(towers, own, settings.views, settings.seed)
    own = [own[row] for row in rows]
    _ask_for_more(pairs, len(own))
    cluster = clusters([pair.captions for pair in own])
    part = parts(cluster, (1 - settings.held_out, settings.held_out), settings.seed)
    fitted = np.flatnonzero(part == 0)
    held_out = [own[row] for row in np.flatnonzero(part)]
    if len(held_out) < FEWEST_HELD_OUT or len(np.unique(cluster[fitted])) < settings.folds:
        raise UsageError(f"{pairs}: nearly all pictures share captions, so none can be held out; give others")
    material = _Material(
        known.part(torch.from_numpy(fitted)),
        [own[row].captions for row in fitted],
        torch.from_numpy(cluster[fitted]),
        held_out,
    )
    if keep is None:
        return material
    others = read_pairs(keep)
    progress(f"{len(others)} pictures of {keep.name} go through the towers")
    known, rows = look(towers, others, 1, settings.seed)
    others = [others[row] for row in rows]
    cluster = clusters([pair.captions for pair in others])
    part = parts(cluster, (0.5, 0.5), settings.seed)
    first, second = (np.flatnonzero(part == half) for half in (0, 1))
    anchors = known.part(torch.from_numpy(first)), torch.from_numpy(cluster[first])
    checked = [others[row] for row in second]
    return dataclasses.replace(
        material, anchors=anchors, check=known.part(torch.from_numpy(second)), checked=checked
    )


def _ask_for_more(pairs: Path, pictures: int) -> None:
    if pictures < FEWEST:
        raise UsageError(
            f"{pairs}: {pictures} captioned pictures are too few to adapt to; give {FEWEST} or more"
        )


def _read(pairs: Path, split: str | None) -> list[Pair]:
    if split is not None:
        return read_pairs(pairs, split=split)
    try:
        return read_pairs(pairs, split=TRAIN_SPLIT)
    except UsageError:
        return read_pairs(pairs)


def _fitted(material: _Material, epochs: int, settings: Adaptation) -> Heads:
    last = dataclasses.replace(settings.heads, epochs=(epochs,))
    ((_, heads),) = fit(material.known, material.cluster, material.anchors, last, settings.seed)
    return heads


def _refusal(result: Adapted, source: str) -> str:
    own = result.own
    return (
        f"not saved: on {own.pictures} held-out pictures the adapted encoder is no better than {source} "
        f"({score(own.before):.1f} → {score(own.after):.1f} points, p = {own.comparison.p:.2g}); look whether the "
        "captions fit their pictures, give more pairs, or --force"
    )


def _figures(result: Adapted) -> dict[str, object]:
    def one(judged: Judged) -> dict[str, object]:
        return {"pictures": judged.pictures, "captions": judged.captions, **judged.record()}

    figures: dict[str, object] = {"fitted_pictures": result.fitted, "held_out": one(result.own)}
    return figures | ({"kept": one(result.kept)} if result.kept else {})
