"""How pocket 4 was trained, from the run of pocket 3, on two cores in some two hours.

    python recipes/pocket_4 --data DATA --start RUN_OF_POCKET_3 --encoder POCKET_2 --output runs/pocket
    mmsearch encoder compile runs/pocket mmsearch/encoders/pocket --precision int8

It needs what recipes/pocket_3 needs, and the package resvg-py; clip art, emoji and WordNet are fetched from Debian and
npm. POCKET_2 is the encoder that pocket 3 was trained from. New beside pocket 3: drawings with words, what the ImageNet
classes are a kind of, vectors that may be cut short, and a way back to the networks as ImageNet left them. What is
there already is not made again, and training resumes. docs/log.md has the figures, and what was run otherwise.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

sys.path.insert(1, str(Path(__file__).parents[1] / "pocket_3"))

from both_heads import EPOCHS, Features, fit_heads
from contrast import (
    CHINESE_NAME,
    FURTHER_NAME,
    KIND_OF,
    NAME,
    Classes,
    Contrast,
    Drawn,
    Texts,
    Weights,
)
from drawings import CLIPART, EMOJI, Drawing, read_drawings
from heads import read_pairs_of_texts, read_sentences
from kinds import read_kinds
from last_stages import STEPS, Maps, guesses, run, train_last_stages
from look import TEACHERS, see
from material import TRAIN, Groups, class_names, read_groups, tokenize
from packages import unpacked
from pictures import UpperNetworks, read_features, teach
from prototypes import class_prototypes
from reading import FURTHER, minilm, read_captions, training_tokenizer
from text_tower import STEPS as TEXT_STEPS
from text_tower import FurtherTextTraining
from tower import encode, unit

from mmsearch.train.loop.state import (
    CALIBRATION_FILE,
    RECIPE_FILE,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    save_weights,
)
from mmsearch.train.recipe import Recipe
from mmsearch.train.towers.build import build_towers
from mmsearch.train.towers.pretrained import read_weights
from mmsearch.train.towers.tables import PackedTable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from mmsearch.train.towers.build import Towers
    from mmsearch.train.towers.text import TextTower

DRAWING_VIEWS = (0, 2, 3)  # as it is, two random crops; what is written in some makes no sense mirrored
PROMPTS = {
    "en": ("{}", "a photo of a {}", "a picture of a {}", "a drawing of a {}"),
    "zh": ("{}", "一张{}的照片"),
}
IN_CHINESE = 0.35  # of the texts of pictures
FIRST_EPOCHS = 14  # of the heads, before the last stages train
FIRST = Weights(drawings=0.05, classes=0.1, nested=0.0)
STAGES = Weights(classes=0.1, nested=0.0, honest=0.0, negatives=3072)
BACK = 0.5  # of the way that the text tower goes back to where it started
# The last stages as they end: shares of those of pocket 3, of what was trained further, and of ImageNet's.
STARTED, FURTHER_TRAINED, IMAGENET = 0.4, 0.3, 0.3
SCALE = 30.0  # of the cosines, to begin with


def main() -> None:
    """Run what is missing of the stages, in order."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("--data", "--start", "--encoder", "--output"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--picture-steps", type=int, default=STEPS)
    parser.add_argument("--text-steps", type=int, default=TEXT_STEPS)
    chosen = parser.parse_args()
    data, start, output, seen = chosen.data, chosen.start, chosen.output, chosen.start / "seen"
    output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    recipe = dataclasses.replace(Recipe.load(start / RECIPE_FILE), version="4.1")
    bare = dataclasses.replace(recipe, text=dataclasses.replace(recipe.text, weights=None))
    towers, teacher = build_towers(bare, data), minilm(recipe, data)
    imagenet = copy.deepcopy(UpperNetworks(towers, seen)).state_dict()
    towers.load_state_dict(read_weights(start / WEIGHTS_FILE))
    shutil.copyfile(start / TOKENIZER_FILE, output / TOKENIZER_FILE)
    tokenizer = training_tokenizer(output / TOKENIZER_FILE)
    groups = read_groups(data, seen)
    drawings = read_drawings(lambda name: unpacked(name, output), seen)
    for name in (CLIPART, EMOJI):
        pixels = np.load(seen / f"{name}.pixels.npy", mmap_mode="r")
        for view in DRAWING_VIEWS:
            if not (seen / f"{name}.{view}.maps.npy").exists():
                see(pixels, view, chosen.encoder, seen, name)
    first = read_captions(groups, towers.text, tokenizer, output / "captions.npy", head=True)
    taught = teach(seen, first, list(TEACHERS), "taught-again.npy")
    material = _Material(data, groups, drawings, tokenizer, teacher, taught, output)

    heads = copy.deepcopy((towers.picture.head, towers.text.head))
    networks, maps = UpperNetworks(towers, seen), Maps(seen, TRAIN, range(len(read_features(seen))))
    drawn = Maps(seen, (CLIPART, EMOJI), DRAWING_VIEWS)
    features = _features(networks, maps, drawn, drawings, data, seen)
    contrast = Contrast(*heads, material.texts(towers.text, "start"), taught, FIRST, SCALE)
    fit_heads(contrast, features, output / "first.pt", FIRST_EPOCHS)
    contrast.weights, before = STAGES, copy.deepcopy(networks.state_dict())
    read = read_features(seen)[0].float()
    guessed = guesses(data, seen, TRAIN, read[:, :1280], TEACHERS)
    train_last_stages(
        networks,
        contrast,
        maps,
        drawn,
        features,
        read,
        guessed,
        data,
        output / "stages.pt",
        chosen.picture_steps,
    )
    _mix(networks, ((before, STARTED), (networks.state_dict(), FURTHER_TRAINED), (imagenet, IMAGENET)))

    before = copy.deepcopy(towers.text.state_dict())
    training = FurtherTextTraining(
        recipe, towers.text, tokenizer, groups, teacher, towers.picture.head, data, seen
    )
    training.add_sentences(data, drawings)
    training.learn(taught, output / "texts.pt", chosen.text_steps)
    _mix(towers.text, ((towers.text.state_dict(), 1 - BACK), (before, BACK)))
    towers.text.head.load_state_dict({n.removeprefix("head."): v for n, v in before.items() if "head." in n})
    with torch.no_grad():
        table = towers.text.embeddings["word_embeddings"].weight
        table.copy_(PackedTable(table.detach()).weight)  # as it will be compiled
    features = _features(networks, maps, drawn, drawings, data, seen)
    _turn(towers, features.pictures[0][:6000], material.texts(towers.text, "end"), taught)
    contrast = Contrast(
        towers.picture.head, towers.text.head, material.texts(towers.text, "end"), taught, Weights(), SCALE
    )
    fit_heads(contrast, features, output / "heads.pt", EPOCHS)
    _spread(towers)
    with torch.no_grad():
        towers.log_scale.copy_(contrast.scales[0])
    save_weights(towers, output / WEIGHTS_FILE)
    (output / RECIPE_FILE).write_text(recipe.dumps(), encoding="utf-8")
    pixels = np.load(seen / f"{TRAIN[0]}.pixels.npy", mmap_mode="r")
    np.save(output / CALIBRATION_FILE, pixels[:: max(1, len(pixels) // 512)][:512])


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Material:
    data: Path
    groups: Groups
    drawings: list[Drawing]
    tokenizer: Tokenizer
    teacher: tuple[TextTower, Tokenizer]
    taught: torch.Tensor
    output: Path

    def texts(self, tower: TextTower, name: str) -> Texts:
        """All texts as rows of ``tower``, below its head; captions are kept under ``name``."""
        _, english, chinese, native = read_sentences(self.data, tower, self.tokenizer, self.teacher)
        further = [
            text for group in self.groups.listed[: self.groups.pictures] for text in group.further[:FURTHER]
        ]
        path = self.output / f"{name}-captions.npy"
        captions = read_captions(self.groups, tower, self.tokenizer, path, head=False)
        return Texts(
            dataclasses.replace(captions, in_chinese=IN_CHINESE),
            read_pairs_of_texts(self.groups, tower, self.tokenizer),
            english,
            chinese,
            native,
            encode(self.teacher[0], tokenize(self.teacher[1], further)),
            self._classes(tower),
            self._drawn(tower),
        )

    def _classes(self, tower: TextTower) -> Classes:
        names = class_names(self.data)
        folder = unpacked("wordnet", self.output) / "usr/share/wordnet"
        labels = self.data / "weights" / "imagenet1k-labels.txt"
        kinds = read_kinds(folder, labels, [name["en"] for name in names])
        holds: dict[str, set[int]] = {}
        called: dict[str, int] = {}
        for number, (named, name) in enumerate(zip(kinds, names, strict=True)):
            words = [(word, FURTHER_NAME if place else NAME) for place, word in enumerate(named.names)]
            words += [(word, KIND_OF) for kind in named.kinds for word in kind]
            words.append((name["zh"].split("，")[0], CHINESE_NAME))
            for word, kind in words:
                holds.setdefault(word, set()).add(number)
                called.setdefault(word, kind)
        texts, rows, listed = [], [], []
        for word, kind in called.items():
            for prompt in PROMPTS["zh" if kind == CHINESE_NAME else "en"]:
                texts.append(prompt.format(word))
                row = torch.zeros(len(names), dtype=torch.bool)
                row[list(holds[word])] = True
                rows.append(row)
                listed.append(kind)
        return Classes(self._rows(tower, texts), torch.stack(rows), torch.tensor(listed))

    def _drawn(self, tower: TextTower) -> Drawn:
        number: dict[str, int] = {}
        keys: dict[str, int] = {}
        for drawing in self.drawings:
            for text in (*drawing.captions, *drawing.further, *drawing.chinese, *drawing.others):
                number.setdefault(text, len(number))
        key = torch.tensor([keys.setdefault(drawing.key, len(keys)) for drawing in self.drawings])
        train = np.array([i for i, drawing in enumerate(self.drawings) if not drawing.held_out])
        return Drawn(self.drawings, self._rows(tower, list(number)), number, key, train)

    def _rows(self, tower: TextTower, texts: list[str]) -> torch.Tensor:
        return encode(tower.eval(), tokenize(self.tokenizer, texts))


def _features(
    networks: UpperNetworks, maps: Maps, drawn: Maps, drawings: list[Drawing], data: Path, seen: Path
) -> Features:
    """What ``networks`` give for all pictures and drawings in all views, and for the classes."""
    pictures = [run(networks, maps, np.arange(len(maps)), view) for view in range(len(maps.views))]
    others = [run(networks, drawn, np.arange(len(drawn)), view) for view in range(len(drawn.views))]
    train = np.array([i for i, drawing in enumerate(drawings) if not drawing.held_out])
    classes = class_prototypes(data, read_features(seen)[0].float(), pictures[0].float())
    return Features(pictures, others, train, classes)


def _mix(module: torch.nn.Module, parts: tuple[tuple[dict[str, Any], float], ...]) -> None:
    """Set ``module`` to a mean of states, each with its share (Wortsman et al., "Model soups", ICML 2022)."""
    mixed = {
        name: sum(share * state[name] for state, share in parts)
        if value.is_floating_point()
        else value.clone()
        for name, value in module.state_dict().items()
    }
    module.load_state_dict(mixed)


def _turn(towers: Towers, features: torch.Tensor, texts: Texts, taught: torch.Tensor) -> None:
    """Turn the space so that its first dimensions say most, ``taught`` with it: no cosine changes."""
    with torch.no_grad():
        pictures = unit(towers.picture.head.eval()(features.float()))
        captions = unit(towers.text.head.eval()(texts.captions.vectors[: len(features)].float()))
        both = torch.cat([pictures, captions])
        _, axes = torch.linalg.eigh(both.T @ both)  # rising
        _apply(towers, axes.flip(1).T)
        taught.copy_(taught @ axes.flip(1))


def _spread(towers: Towers) -> None:
    """Turn the space by chance, so that all floats are of like size, which bytes and bits are made for.

    `mmsearch encoder calibrate` finds the axes again that vectors are cut short along.
    """
    torch.manual_seed(4)
    width = towers.picture.head.linear.out_features
    _apply(towers, torch.linalg.qr(torch.randn(width, width))[0])


def _apply(towers: Towers, turn: torch.Tensor) -> None:
    with torch.no_grad():
        for head in (towers.picture.head, towers.text.head):
            for one in (head.linear.weight, head.linear.bias, head.output.weight):
                one.copy_(turn @ one)


if __name__ == "__main__":
    main()
