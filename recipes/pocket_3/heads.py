"""Both heads once more, over towers that stay as they will be compiled: batches so large cost nothing then."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from material import class_names, lines, related, tokenize
from torch import Tensor, nn
from tower import LARGEST_SCALE, Average, encode, parameter_groups, set_rates, unit

from mmsearch.train.objectives.losses import info_nce

if TYPE_CHECKING:
    from pathlib import Path

    from material import Groups
    from pictures import Captions
    from tokenizers import Tokenizer

    from mmsearch.train.towers.heads import Head
    from mmsearch.train.towers.text import TextTower

EPOCHS, BATCH, RATE = 20, 1024, 4e-4
PAIRS, CLASSES, ENGLISH, PRINTED, CHINESE = 256, 40, 192, 160, 96  # further texts a step
PROMPTS = (("en", "{}"), ("en", "a photo of a {}"), ("zh", "一张{}的照片"))
GROUPS, SENTENCES = 8_000, 6_000
TEXTS_WEIGHT, LIKENESS_WEIGHT, TEACHING = 0.5, 40.0, 8.0
HONEST = 0.4  # of the pictures are shown by the teacher's vectors, which were not fitted to them


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the towers say, below their heads."""

    views: list[Tensor]  # features of the pictures (n, width), a tensor for each view
    captions: Captions  # their ``vectors`` are rows of the text tower
    pairs: Tensor  # (2m, width) two texts each of groups without pictures
    classes: Tensor  # (1000, width) features of the classes
    names: Tensor  # (prompts, 1000, width) rows of their names
    english: Tensor  # (s, width) rows of English sentences, the first of which are what ``chinese`` means
    chinese: Tensor
    native: Tensor  # (s, width) what MiniLM gives for ``english``
    printed: (
        Tensor  # (p, width) what MiniLM gives for the further texts of the pictures (kind 1), in their order
    )
    taught: Tensor  # (n, d) what a teacher gives for the pictures


def read_sentences(
    data: Path, tower: TextTower, tokenizer: Tokenizer, teacher: tuple[TextTower, Tokenizer]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """``names``, ``english``, ``chinese`` and ``native`` of `Seen`."""
    chance = np.random.default_rng(3)
    pairs = [r for r in lines(data, "parallel-en-zh") if not r.get("laser_test")]
    pairs = [pairs[i] for i in chance.permutation(len(pairs))[:SENTENCES]]
    others = [r["en"] for r in lines(data, "parallel-en-de") if not r.get("laser_test")]
    english = [r["en"] for r in pairs] + [others[i] for i in chance.permutation(len(others))[:SENTENCES]]
    listed = class_names(data)
    prompts = [[prompt.format(name[language]) for name in listed] for language, prompt in PROMPTS]
    names = torch.stack([encode(tower, tokenize(tokenizer, prompt)) for prompt in prompts])
    chinese = encode(tower, tokenize(tokenizer, [r["zh"] for r in pairs]))
    native = encode(teacher[0], tokenize(teacher[1], english))
    return names, encode(tower, tokenize(tokenizer, english)), chinese, native


def read_pairs_of_texts(groups: Groups, tower: TextTower, tokenizer: Tokenizer) -> Tensor:
    """Two captions each of groups without pictures (2m, width), side by side."""
    rest = groups.listed[groups.pictures :]
    chosen = [rest[i] for i in np.random.default_rng(0).permutation(len(rest))[:GROUPS]]
    texts = [text for group in chosen if len(group.captions) > 1 for text in group.captions[:2]]
    return encode(tower, tokenize(tokenizer, texts))


def fit_heads(picture_head: Head, text_head: Head, seen: Seen, epochs: int = EPOCHS) -> Tensor:
    """Train both heads in place, from what they are; the scale of the cosines, as a logarithm."""
    scale, text_scale = (nn.Parameter(torch.tensor(math.log(value))) for value in (25.0, 20.0))
    named = {f"picture.{name}": p for name, p in picture_head.named_parameters()}
    named |= {f"text.{name}": p for name, p in text_head.named_parameters()}
    named |= {"scale": scale, "text_scale": text_scale}
    optimizer = torch.optim.AdamW(parameter_groups(list(named.values()), RATE), betas=(0.9, 0.98))
    average, batch = Average(named, 0.99), min(BATCH, len(seen.taught))
    steps = epochs * (len(seen.taught) // batch)
    picture_head.train()
    text_head.train()
    for step in range(steps):
        set_rates(optimizer, step, steps)
        _loss(
            picture_head, text_head, (scale, text_scale), seen, np.random.default_rng((9, step)), batch
        ).backward()
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            scale.clamp_(max=LARGEST_SCALE)
            text_scale.clamp_(max=LARGEST_SCALE)
        average.update(step)
    average.swap()
    picture_head.eval()
    text_head.eval()
    return scale.detach()


def _loss(
    picture_head: Head, text_head: Head, scales: Any, seen: Seen, chance: np.random.Generator, batch: int
) -> Tensor:
    captions, (scale, text_scale) = seen.captions, (one.exp() for one in scales)
    numbers = chance.choice(len(seen.taught), batch, replace=False)
    own, drawn = torch.from_numpy(numbers), torch.from_numpy(captions.draw(numbers, chance))
    strangers = torch.from_numpy(chance.choice(len(captions.vectors), batch, replace=False))
    classes = torch.from_numpy(chance.choice(1000, CLASSES, replace=False))
    view = torch.from_numpy(chance.integers(0, len(seen.views), batch))
    shown = torch.stack([seen.views[v][n] for v, n in zip(view.tolist(), numbers, strict=True)]).float()
    first = seen.views[0]
    rest = first[torch.from_numpy(chance.choice(len(first), CLASSES))].float() - first.float().mean(0)
    fitted = unit(picture_head(torch.cat([shown, (seen.classes[classes] + 0.5 * rest).clamp(min=0)])))
    honest = torch.from_numpy(chance.random(batch) < HONEST)[:, None]
    pictures = torch.cat([torch.where(honest, seen.taught[own], fitted[:batch]), fitted[batch:]])
    names = seen.names[torch.from_numpy(chance.integers(0, len(PROMPTS), CLASSES)), classes]
    pairs = torch.from_numpy(chance.choice(len(seen.pairs) // 2, PAIRS, replace=False))
    english = torch.from_numpy(chance.choice(len(seen.english), ENGLISH, replace=False))
    chinese = torch.from_numpy(chance.choice(len(seen.chinese), CHINESE, replace=False))
    further = (captions.kind == 1).nonzero()[:, 0]
    printed = torch.from_numpy(chance.choice(len(further), min(PRINTED, len(further)), replace=False))
    parts = [captions.vectors[drawn], names, captions.vectors[strangers], seen.pairs[2 * pairs]]
    parts += [seen.pairs[2 * pairs + 1], seen.english[english], seen.chinese[chinese]]
    parts.append(captions.vectors[further[printed]])
    vectors = unit(text_head(torch.cat(parts).float())).split([len(part) for part in parts])
    texts, far, one, other, spoken, foreign, read = torch.cat(vectors[:2]), *vectors[2:]
    # pictures and texts; a class is like no picture
    cluster = torch.cat([captions.cluster, captions.cluster.max() + 1 + torch.arange(1000)])
    mine = torch.cat([own, len(captions.cluster) + classes])
    same, ignored = related(cluster, mine, torch.cat([mine, captions.owner[strangers]]))
    right = same.clone()
    right[:, len(mine) :] = False
    loss = info_nce(pictures, torch.cat([texts, far]), scale, right, ignored | (same & ~right))
    loss = loss + info_nce(texts, pictures, scale, *related(cluster, mine, mine))
    # texts and texts
    diagonal = torch.eye(PAIRS) > 0
    both = info_nce(one, other, text_scale, diagonal) + info_nce(other, one, text_scale, diagonal)
    likeness = torch.zeros(())
    for mine_now, native in ((spoken, seen.native[english]), (read, seen.printed[printed])):
        likeness = likeness + (mine_now @ mine_now.T - native @ native.T).square().mean()
    translated = (1 - (foreign * unit(text_head(seen.english[chinese]))).sum(1)).mean()
    taught = (1 - (fitted[:batch] * seen.taught[own]).sum(1)).mean()
    return loss + 0.5 * TEXTS_WEIGHT * both + LIKENESS_WEIGHT * likeness + translated + TEACHING * taught
