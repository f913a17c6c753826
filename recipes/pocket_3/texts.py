"""The text tower learns what captions of one picture have in common, and what Chinese ones say.

A step draws groups of texts: two texts of each are to find each other among all of the step, and, where the picture is
in hand, to find it among others and be found by it. Class names are to find the classes' mean features. Sentences of
other languages go to the vectors that unchanged MiniLM gives to their English meaning, and English ones stay near
theirs, so that searching texts by texts loses nothing.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from material import class_names, related, sentence_pairs, tokenize
from pictures import read_features
from prototypes import class_prototypes
from torch import Tensor, nn
from tower import LARGEST_SCALE, Average, encode, keep, parameter_groups, resume, set_rates, unit

from mmsearch.train.objectives.losses import info_nce

if TYPE_CHECKING:
    from pathlib import Path

    from material import Groups
    from tokenizers import Tokenizer

    from mmsearch.train.recipe import Recipe
    from mmsearch.train.towers.heads import Head
    from mmsearch.train.towers.text import TextTower

STEPS = 330
DRAWN = {"flickr": 88, "books": 36, "multi30k": 68, "coco": 32}  # groups a step
SENTENCES, ENGLISH, CLASSES, OTHER_CLASSES, SHOWN, MEMORY = 96, 28, 16, 200, 1536, 4096
RATE, TABLE_RATE, HEAD_RATE = 5e-5, 1e-4, 3e-4
HIDDEN = 0.06  # of the tokens
ENGLISH_PROMPTS = ("{}", "a photo of a {}", "a picture of a {}", "{} in a photograph", "a drawing of a {}")
CHINESE_PROMPTS = ("{}", "一张{}的照片", "{}的图片")


class TextTraining:
    """``fit`` trains the tower in place, resumes from its checkpoint and leaves the averaged weights in it."""

    def __init__(
        self,
        recipe: Recipe,
        tower: TextTower,
        tokenizer: Tokenizer,
        groups: Groups,
        teacher: tuple[TextTower, Tokenizer],
        picture_head: Head,
        data: Path,
        features: Path,
    ) -> None:
        self.tower, self.tokenizer, self.groups, self.head = tower, tokenizer, groups, picture_head
        self.unknown = tokenizer.token_to_id("[UNK]")
        self.sources = groups.sources
        self.captions = [tokenize(tokenizer, group.captions) for group in groups.listed]
        self.further = [tokenize(tokenizer, group.further) for group in groups.listed]
        self.chinese = [tokenize(tokenizer, group.chinese) for group in groups.listed]
        self.others = [tokenize(tokenizer, group.others) for group in groups.listed]
        sentences = sentence_pairs(data)
        shares = np.array([sentence[2] for sentence in sentences])
        self.total = shares.sum()
        self.shares = shares / self.total
        self.english = [sentence[1] for sentence in sentences]
        self.sentence_ids = tokenize(tokenizer, [sentence[0] for sentence in sentences])
        self.english_ids = tokenize(tokenizer, self.english)
        self.teacher, self.teacher_tokenizer = teacher[0].eval(), teacher[1]
        self.teacher_ids = tokenize(teacher[1], self.english)
        self.views = read_features(features)
        self.middle = self.views[0].float().mean(0)
        self.names, self.classes = class_names(data), class_prototypes(data, self.views[0].float())
        self.picture_scale = nn.Parameter(torch.tensor(math.log(20.0)))
        self.text_scale = nn.Parameter(torch.tensor(math.log(20.0)))
        self.named = {f"text.{name}": p for name, p in tower.named_parameters()}
        self.named |= {f"head.{name}": p for name, p in picture_head.named_parameters()}
        self.named |= {"picture_scale": self.picture_scale, "text_scale": self.text_scale}
        # the last vectors of two texts of each picture, and whose they are (-1: not seen yet)
        self.memory = torch.zeros(2 * groups.pictures, recipe.dimension)
        self.owner = torch.full((2 * groups.pictures,), -1)

    def fit(self, checkpoint: Path, steps: int = STEPS) -> None:
        """Train for ``steps``."""
        table = self.tower.embeddings["word_embeddings"].weight
        heads = [p for name, p in self.named.items() if "head." in name or "scale" in name]
        known = {id(p) for p in (*heads, table)}
        below = [p for p in self.named.values() if id(p) not in known]
        rows = {"params": [table], "weight_decay": 0.0, "top": TABLE_RATE}
        optimizer = torch.optim.AdamW(
            [*parameter_groups(below, RATE), rows, *parameter_groups(heads, HEAD_RATE)], betas=(0.9, 0.98)
        )
        average = Average(self.named, 0.99)
        state = resume(checkpoint, average, optimizer)
        step, saved = state["step"], time.monotonic()
        self.memory, self.owner = state.get("memory", self.memory), state.get("owner", self.owner)
        self.tower.train()
        self.head.train()
        while step < steps:
            set_rates(optimizer, step, steps)
            torch.manual_seed(step)
            loss = self._loss(np.random.default_rng((2, step)))
            loss.backward()
            nn.utils.clip_grad_norm_(list(self.named.values()), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            with torch.no_grad():
                self.picture_scale.clamp_(max=LARGEST_SCALE)
                self.text_scale.clamp_(max=LARGEST_SCALE)
            step += 1
            average.update(step)
            if step % 10 == 0:
                print(f"texts, step {step}: loss {float(loss.detach()):.3f}", flush=True)
            if time.monotonic() - saved > 240 or step == steps:
                remembered = {"memory": self.memory, "owner": self.owner}
                keep(checkpoint, step, average, optimizer, remembered)
                saved = time.monotonic()
        average.swap()
        self.tower.eval()
        self.head.eval()

    def _loss(self, chance: np.random.Generator) -> Tensor:
        drawn = np.concatenate([chance.choice(self.sources[s], n, replace=False) for s, n in DRAWN.items()])
        pairs = [self._pair(int(group), chance) for group in drawn]
        classes = chance.choice(1000, CLASSES, replace=False)
        names = [self._class_name(int(c), chance) for c in classes]
        foreign = chance.choice(len(self.shares), SENTENCES, p=self.shares)
        english = chance.choice(len(self.shares), ENGLISH, p=self.shares)
        taught = encode(self.teacher, [self.teacher_ids[i] for i in (*foreign, *english)])
        texts = [first for first, _ in pairs] + [second for _, second in pairs] + names
        texts += [self.sentence_ids[i] for i in foreign] + [self.english_ids[i] for i in english]
        below = encode(self.tower, texts, train=True, hidden=HIDDEN, unknown=self.unknown)
        sizes = [len(drawn), len(drawn), CLASSES, SENTENCES + ENGLISH]
        first, second, named, sentences = unit(self.tower.head(below)).split(sizes)
        loss = self._pictures_and_classes(drawn, first, second, classes, named, chance)
        return loss + self._sentences(foreign, below[-sizes[3] :], sentences, taught)

    def _pair(self, number: int, chance: np.random.Generator) -> tuple[list[int], list[int]]:
        """Two texts of a group, in either order: an English one, and one of any kind."""
        captions, further, draw = self.captions[number], self.further[number], chance.random(2)
        place = int(chance.integers(len(captions)))
        first = captions[place]
        if further and draw[0] < 0.2:
            first = further[chance.integers(len(further))]
        if self.chinese[number] and draw[1] < 0.6:
            second = self.chinese[number][chance.integers(len(self.chinese[number]))]
        elif self.others[number] and draw[1] < 0.25:
            second = self.others[number][chance.integers(len(self.others[number]))]
        elif further and (draw[1] < 0.5 or len(captions) == 1):
            second = further[chance.integers(len(further))]
        else:
            second = captions[(place + 1 + chance.integers(max(1, len(captions) - 1))) % len(captions)]
        return (second, first) if chance.random() < 0.5 else (first, second)

    def _class_name(self, number: int, chance: np.random.Generator) -> list[int]:
        language, prompts = ("zh", CHINESE_PROMPTS) if chance.random() < 0.35 else ("en", ENGLISH_PROMPTS)
        prompt = prompts[chance.integers(len(prompts))]
        return list(self.tokenizer.encode(prompt.format(self.names[number][language])).ids)

    def _pictures_and_classes(
        self,
        drawn: Any,
        first: Tensor,
        second: Tensor,
        classes: Any,
        named: Tensor,
        chance: np.random.Generator,
    ) -> Tensor:
        cluster, numbers = self.groups.cluster, torch.from_numpy(drawn)
        scale, kin = self.picture_scale.exp(), related(self.groups.cluster, numbers, numbers)
        loss = 0.5 * info_nce(first, second, self.text_scale.exp(), *kin)
        loss = loss + 0.5 * info_nce(second, first, self.text_scale.exp(), *kin)
        own = numbers[numbers < self.groups.pictures]
        count = len(own)
        strangers = np.setdiff1d(chance.permutation(self.groups.pictures)[:SHOWN], own.numpy())
        shown = np.concatenate([own.numpy(), strangers])
        pictures = unit(self.head(self._features(shown, chance)))
        queries, owners = torch.cat([first[:count], second[:count]]), torch.cat([own, own])
        loss = loss + info_nce(queries, pictures, scale, *related(cluster, owners, torch.from_numpy(shown)))
        seen = (self.owner >= 0).nonzero()[:, 0]
        seen = seen[torch.from_numpy(chance.permutation(len(seen))[:MEMORY])]
        seen = seen[~torch.isin(self.owner[seen], own)]
        kin = related(cluster, own, torch.cat([numbers, self.owner[seen]]))
        for side in (first, second):
            loss = loss + 0.5 * info_nce(pictures[:count], torch.cat([side, self.memory[seen]]), scale, *kin)
        with torch.no_grad():
            places = torch.cat([2 * own, 2 * own + 1])
            self.memory[places], self.owner[places] = queries.detach(), owners
        return loss + 0.2 * self._classes(classes, named, self.memory[seen[:1024]], chance)

    def _features(self, shown: Any, chance: np.random.Generator) -> Tensor:
        """A view of each picture (n, width)."""
        view = chance.integers(0, len(self.views), len(shown))
        result = torch.empty(len(shown), self.views[0].shape[1])
        for number, features in enumerate(self.views):
            result[view == number] = features[shown[view == number]].float()
        return result

    def _classes(self, classes: Any, named: Tensor, texts: Tensor, chance: np.random.Generator) -> Tensor:
        """Names find their class among others; a class as a picture might show it finds its name among texts."""
        others = chance.choice(np.setdiff1d(np.arange(1000), classes), OTHER_CLASSES, replace=False)
        shown = np.concatenate([classes, others])
        same = torch.from_numpy(classes)[:, None] == torch.from_numpy(shown)
        scale = self.picture_scale.exp()
        loss = info_nce(named, unit(self.head(self.classes[shown])), scale, same)
        rest = (
            self.views[0][torch.from_numpy(chance.choice(self.groups.pictures, CLASSES))].float()
            - self.middle
        )
        varied = unit(self.head((self.classes[classes] + 0.5 * rest).clamp(min=0)))
        same = torch.cat([torch.eye(CLASSES) > 0, torch.zeros(CLASSES, len(texts)) > 0], 1)
        return loss + info_nce(varied, torch.cat([named, texts]), scale, same)

    def _sentences(self, foreign: Any, below: Tensor, vectors: Tensor, taught: Tensor) -> Tensor:
        """``below`` and ``vectors``: rows below and above the head of foreign, then English sentences."""
        away = (1 - (below[:SENTENCES] * taught[:SENTENCES]).sum(1)).mean()
        moved = (1 - (below[SENTENCES:] * taught[SENTENCES:]).sum(1)).mean()
        meanings = [self.english[i] for i in foreign]
        same = torch.tensor([[a == b for b in meanings] for a in meanings])
        same = torch.cat([same, torch.zeros(SENTENCES, ENGLISH) > 0], 1)
        told_apart = info_nce(below[:SENTENCES], taught, torch.tensor(20.0), same)
        likeness = (vectors @ vectors.T - taught @ taught.T).square().mean()
        return 4 * away + 0.1 * told_apart + 2 * moved + 4 * likeness
