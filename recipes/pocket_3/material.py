"""What pocket 3 learns from: groups of texts that say the same, most of them about a picture; sentence pairs; names."""

from __future__ import annotations

import gzip
import json
import random
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from torch import Tensor

TRAIN = ("flickr8k-train", "textbook-photo-train", "ebooks-train", "textbook-drawing-train")
DEV = ("flickr8k-dev", "textbook-photo-dev")
COCO_HELD_OUT = 2500  # pictures whose captions measure how captions find each other
LONGEST_GLOSS = 60
WORDS = 60_000  # of the dictionary
SENTENCES = 12_000  # of German, French, Spanish each
# How often a pair of sentences is drawn, by where it is from.
CHINESE, WORD, CAPTION, OTHER = 1.0, 0.35, 0.25, 0.35
USELESS = ("surname", "variant", "old variant", "see ", "abbr", "used in", "CL:")


@dataclass(frozen=True, slots=True)
class Group:
    """Texts about one picture: its captions, what else is said of it, and captions in Chinese and other languages."""

    source: str  # "flickr", "books", "multi30k", "coco"
    captions: list[str]
    further: list[str] = field(default_factory=list)
    chinese: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """All groups; those of the ``pictures`` in hand come first. ``cluster`` (n,) joins what shares a caption."""

    listed: list[Group]
    pictures: int
    cluster: Tensor

    @property
    def sources(self) -> dict[str, NDArray[np.int64]]:
        """Source -> the numbers of its groups."""
        names = np.array([group.source for group in self.listed])
        return {name: np.flatnonzero(names == name) for name in ("flickr", "books", "multi30k", "coco")}


def read_groups(data: Path, features: Path) -> Groups:
    """The training pictures' texts, as ``look`` has listed the pictures in ``features``, and texts without pictures."""
    chinese = chinese_captions(data)
    listed = []
    for name in TRAIN:
        for record in json.loads((features / f"{name}.json").read_text(encoding="utf-8")):
            flickr = name.startswith("flickr")
            own = chinese.get(("train", PurePosixPath(record["path"]).stem), []) if flickr else []
            listed.append(Group("flickr" if flickr else "books", record["captions"], record["extra"], own))
    pictures = len(listed)
    for record in lines(data, "multi30k"):
        if record["split"] == "train":
            captions = list(dict.fromkeys([record["en"], *record["more"]]))
            listed.append(Group("multi30k", captions, others=[record["de"], record["fr"]]))
    listed += [Group("coco", record["captions"]) for record in lines(data, "coco-captions")[COCO_HELD_OUT:]]
    return Groups(listed, pictures, torch.from_numpy(_clusters(listed)))


def chinese_captions(data: Path) -> dict[tuple[str, str], list[str]]:
    """(split, key) -> Chinese captions of Flickr8k pictures: translations by a machine, then written ones."""
    translated, written = {}, {}
    for record in lines(data, "flickr8k-cn"):
        key = record["split"], record["id"]
        if record["engine"].startswith("baidu"):
            translated[key] = record["zh"]
        elif record["engine"] == "written":
            written[key] = record["zh"]
    return {
        key: texts + (written.get(key, []) if key[0] == "train" else []) for key, texts in translated.items()
    }


def sentence_pairs(data: Path) -> list[tuple[str, str, float]]:
    """(sentence, the same in English, how often it is drawn); rows held out for tests are left out."""
    draw = random.Random(1)
    found = [(r["zh"], r["en"], CHINESE) for r in lines(data, "parallel-en-zh") if not r.get("laser_test")]
    words = []
    for record in lines(data, "cc-cedict"):
        gloss = re.sub(r"\([^)]*\)|\[[^]]*\]", "", record["en"][0]).strip(" ;,")
        if gloss and not gloss.startswith(USELESS) and len(record["zh"]) <= 6 and len(gloss) < LONGEST_GLOSS:
            words.append((record["zh"], gloss, WORD))
    draw.shuffle(words)
    found += words[:WORDS]
    found += [(r["zh"], r["en"], CHINESE) for r in class_names(data)]
    for record in lines(data, "multi30k"):
        if record["split"] == "train":
            found += [(record[language], record["en"], CAPTION) for language in ("de", "fr")]
    for language in ("de", "fr", "es"):
        rows = [r for r in lines(data, f"parallel-en-{language}") if not r.get("laser_test")]
        draw.shuffle(rows)
        found += [(r[language], r["en"], OTHER) for r in rows[:SENTENCES]]
    return found


def class_names(data: Path) -> list[dict[str, str]]:
    """The 1,000 ImageNet classes in order, each with its name in several languages."""
    content = (data / "texts" / "imagenet-names.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in content.splitlines()]


def lines(data: Path, name: str) -> list[dict[str, Any]]:
    """The records of a file of texts."""
    with gzip.open(data / "texts" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def tokenize(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    """Token ids of each text."""
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def related(cluster: Tensor, queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
    """Which keys (k,) are of a query's own group (q,), and which neither right nor wrong: both (q, k) bool."""
    same = queries[:, None] == keys
    return same, (cluster[queries][:, None] == cluster[keys]) & ~same


def _clusters(groups: list[Group]) -> NDArray[np.int64]:
    """Groups that share a caption word for word get one number."""
    cluster, first = np.arange(len(groups)), {}
    for number, group in enumerate(groups):
        for text in group.captions:
            other = first.setdefault(text.lower().strip(" ."), number)
            if cluster[other] != cluster[number]:
                cluster[cluster == cluster[number]] = cluster[other]
    return cluster
