"""The text tower once more: captions of one picture, the teacher's vectors of the pictures, sentences and labels.

As in pocket 3, but pictures are the vectors that a teacher gives to those that it was not fitted to, so that no picture
network takes part; names of emoji and machine translations of captions join the sentences; and what is printed under
the books' figures is held to what unchanged MiniLM makes of it from the start, not by going back afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from fit import fit
from material import lines, related, tokenize
from texts import HIDDEN, MEMORY, TextTraining
from tower import LARGEST_SCALE, encode, parameter_groups, unit

from mmsearch.train.objectives.losses import info_nce

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from drawings import Drawing
    from torch import Tensor, nn

STEPS = 200
DRAWN = {"flickr": 88, "books": 36, "multi30k": 60, "coco": 32}  # groups a step
SENTENCES, ENGLISH, PRINTED, SHOWN = 110, 40, 48, 2048
RATE, TABLE_RATE, HEAD_RATE = 5e-5, 1e-4, 1.5e-4
TRANSLATED, LABEL, FOREIGN_LABEL = 0.4, 2.0, 1.0  # how often a pair is drawn
AWAY, APART, MOVED, LIKENESS = 4.0, 0.1, 4.0, 20.0  # weights, see `_sentences`


class FurtherTextTraining(TextTraining):
    """``learn`` trains the tower in place and leaves the averaged weights in it."""

    def add_sentences(self, data: Path, drawings: Sequence[Drawing]) -> None:
        """Translated captions and labels of emoji beside the sentences of pocket 3."""
        pairs = []
        for record in lines(data, "flickr8k-cn"):
            if record["engine"].startswith("baidu") and record["split"] == "train":
                pairs += [(z, e, TRANSLATED) for z, e in zip(record["zh"], record["en"], strict=False)]
        for drawing in {drawing.key: drawing for drawing in drawings if drawing.chinese}.values():
            pairs += [
                (text, drawing.captions["，" in text], LABEL)
                for text in drawing.chinese[: len(drawing.captions)]
            ]
            pairs += [(text, drawing.captions[0], FOREIGN_LABEL) for text in drawing.others]
        self.english = [*self.english, *(pair[1] for pair in pairs)]
        self.sentence_ids += tokenize(self.tokenizer, [pair[0] for pair in pairs])
        self.english_ids += tokenize(self.tokenizer, [pair[1] for pair in pairs])
        self.teacher_ids += tokenize(self.teacher_tokenizer, [pair[1] for pair in pairs])
        shares = np.concatenate([self.shares * self.total, [pair[2] for pair in pairs]])
        self.shares = shares / shares.sum()

    def learn(self, taught: Tensor, checkpoint: Path, steps: int = STEPS) -> None:
        """``taught`` (n, d): the teacher's vectors of the pictures."""
        self.taught = taught
        self.printed = [(i, j) for i, texts in enumerate(self.further) for j in range(min(2, len(texts)))]
        self.named: dict[str, nn.Parameter] = {f"text.{name}": p for name, p in self.tower.named_parameters()}
        self.named |= {"picture_scale": self.picture_scale, "text_scale": self.text_scale}
        with torch.no_grad():
            self.picture_scale.fill_(float(np.log(30.0)))
        table = self.tower.embeddings["word_embeddings"].weight
        heads = [p for name, p in self.named.items() if "head." in name or "scale" in name]
        known = {id(p) for p in (*heads, table)}
        below = [p for p in self.named.values() if id(p) not in known]
        rows = {"params": [table], "weight_decay": 0.0, "top": TABLE_RATE}
        groups = [
            *parameter_groups(below, RATE, 0.05),
            rows,
            *parameter_groups(heads, HEAD_RATE, 0.05),
        ]
        self.tower.train()
        kept = {"memory": self.memory, "owner": self.owner}
        fit("texts", self.named, groups, self._step, steps, checkpoint, decay=0.99, warmup=0.08, kept=kept)
        self.tower.eval()

    def _step(self, step: int, chance: np.random.Generator) -> Tensor:
        with torch.no_grad():
            self.picture_scale.clamp_(max=LARGEST_SCALE)
            self.text_scale.clamp_(max=LARGEST_SCALE)
        drawn = np.concatenate([chance.choice(self.sources[s], n, replace=False) for s, n in DRAWN.items()])
        pairs = [self._pair(int(group), chance) for group in drawn]
        foreign = chance.choice(len(self.shares), SENTENCES, p=self.shares)
        english = chance.choice(len(self.shares), ENGLISH, p=self.shares)
        printed = [self.printed[i] for i in chance.choice(len(self.printed), PRINTED, replace=False)]
        books = [self.further[i][j] for i, j in printed]
        asked = [self.teacher_ids[i] for i in (*foreign, *english)]
        asked += tokenize(self.teacher_tokenizer, [self.groups.listed[i].further[j] for i, j in printed])
        with torch.no_grad():
            taught = encode(self.teacher, asked)
        texts = [first for first, _ in pairs] + [second for _, second in pairs]
        texts += [self.sentence_ids[i] for i in foreign] + [self.english_ids[i] for i in english] + books
        below = encode(self.tower, texts, train=True, hidden=HIDDEN, unknown=self.unknown)
        first, second, rest = unit(self.tower.head(below)).split([len(drawn), len(drawn), len(taught)])
        loss = self._groups(torch.from_numpy(drawn), first, second, chance)
        return loss + self._native(foreign, below[2 * len(drawn) :], rest, taught)

    def _groups(self, numbers: Tensor, first: Tensor, second: Tensor, chance: np.random.Generator) -> Tensor:
        """Two texts of each group find each other, and those of pictures find them and are found."""
        cluster, scale = self.groups.cluster, self.picture_scale.exp()
        kin, texts = related(cluster, numbers, numbers), self.text_scale.exp()
        loss = 0.5 * (info_nce(first, second, texts, *kin) + info_nce(second, first, texts, *kin))
        own = numbers[numbers < self.groups.pictures]
        count = len(own)
        strangers = np.setdiff1d(chance.permutation(self.groups.pictures)[:SHOWN], own.numpy())
        shown = torch.cat([own, torch.from_numpy(strangers)])
        queries, owners = torch.cat([first[:count], second[:count]]), torch.cat([own, own])
        loss = loss + info_nce(queries, self.taught[shown], scale, *related(cluster, owners, shown))
        seen = (self.owner >= 0).nonzero()[:, 0]
        seen = seen[torch.from_numpy(chance.permutation(len(seen))[:MEMORY])]
        seen = seen[~torch.isin(self.owner[seen], own)]
        kin = related(cluster, own, torch.cat([numbers, self.owner[seen]]))
        for side in (first, second):
            keys = torch.cat([side, self.memory[seen]])
            loss = loss + 0.5 * info_nce(self.taught[own], keys, scale, *kin)
        with torch.no_grad():
            places = torch.cat([2 * own, 2 * own + 1])
            self.memory[places], self.owner[places] = queries.detach(), owners
        return loss

    def _native(self, foreign: Any, below: Tensor, vectors: Tensor, taught: Tensor) -> Tensor:
        """Foreign sentences go to MiniLM's vectors of their meaning, English and printed texts stay at theirs."""
        away = (1 - (below[:SENTENCES] * taught[:SENTENCES]).sum(1)).mean()
        moved = (1 - (below[SENTENCES:] * taught[SENTENCES:]).sum(1)).mean()
        known = taught[: SENTENCES + ENGLISH]
        meanings = [self.english[i] for i in foreign]
        same = torch.tensor([[a == b for b in meanings] for a in meanings])
        same = torch.cat([same, torch.zeros(SENTENCES, ENGLISH) > 0], 1)
        apart = info_nce(below[:SENTENCES], known, torch.tensor(20.0), same)
        likeness = (vectors @ vectors.T - taught @ taught.T).square().mean()
        printed, native = vectors[-PRINTED:], taught[-PRINTED:]
        likeness = likeness + 2 * (printed @ printed.T - native @ native.T).square().mean()
        return AWAY * away + APART * apart + MOVED * moved + LIKENESS * likeness
