"""Word vectors for sentences in a further language, learned from those of the originals; see `languages`."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
import torch.nn.functional as functional
from torch import nn

from mmsearch.train.data.dataset import Texts, in_batches, tokenize
from mmsearch.train.languages.lexicon import add_pieces, first_rows, own_pieces, with_foreign_letters
from mmsearch.train.loop.optimizer import follow, set_rates
from mmsearch.train.objectives.losses import info_nce
from mmsearch.train.towers.decompiled import TABLE
from mmsearch.train.towers.text import TextTower

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from mmsearch.datasets.translations import Translations
    from mmsearch.train.recipe import TextRecipe

    Numbers: TypeAlias = NDArray[np.int64]

LONGEST = 64  # tokens of a sentence that is learned from
SORTED = 8  # batches of sentences that are drawn together and parted by length
ENCODED = 128  # sentences that go through the tower together
SCALE = 20.0  # of the cosines in the contrast
REPORTED = 50  # steps between two lines of progress


@dataclass(frozen=True, slots=True)
class Schedule:
    """How word vectors learn; ``steps`` are for each language."""

    steps: int = 300
    batch: int = 128  # translations a step
    rate: float = 5e-4
    warmup: float = 0.05  # share of the steps
    contrast: float = 0.1  # weight of telling a batch's originals apart, beside the cosine
    average: float = 0.98  # decay of the mean of the rows that is kept
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """A vocabulary that has grown by ``added`` pieces, and the rows (n, width) float32 of its ``table``.

    ``own`` (p,) are the ids of the pieces that learn: what was added, and old ones in letters of the translations' own.
    """

    tokenizer: str
    added: int
    own: Numbers
    table: Tensor

    @classmethod
    def of(
        cls,
        tokenizer: str,
        languages: Sequence[Translations],
        old: Tensor,
        most: int,
        known: Sequence[str] = (),
    ) -> Words:
        """``tokenizer`` (JSON) with up to ``most`` pieces of each language, whose first rows come below the ``old``.

        A piece of several languages has what the first of them makes of it. ``known``: see `add_pieces`.
        """
        from tokenizers import Tokenizer

        for pairs in languages:
            tokenizer = add_pieces(tokenizer, pairs, most, known)
        grown = Tokenizer.from_str(tokenizer)
        size, width = old.shape
        fresh = np.full((grown.get_vocab_size() - size, width), np.nan, dtype=np.float32)
        own = np.arange(size, size + len(fresh))
        originals = [*known, *(original for pairs in languages for original, _ in pairs)]
        for pairs in languages:
            pieces = own_pieces(grown, pairs)
            own = np.union1d(own, with_foreign_letters(grown, pieces[pieces < size], originals))
            missing = pieces[pieces >= size]
            missing = missing[np.isnan(fresh[missing - size, 0])]
            fresh[missing - size] = first_rows(grown, pairs, old.numpy(), missing)
        # what is written otherwise since longer pieces are there
        fresh[np.isnan(fresh[:, 0])] = old.mean(0).numpy()
        return cls(tokenizer, len(fresh), own, torch.cat([old, torch.from_numpy(fresh)]))


def learn_rows(
    words: Words,
    languages: Sequence[Translations],
    recipe: TextRecipe,
    state: dict[str, Tensor],
    schedule: Schedule,
    progress: Callable[[str], None],
) -> Tensor:
    """The rows (p, width) of the pieces that learn: translations are to have the vectors of their originals.

    ``recipe`` and ``state`` are the tower's as it was, which stays as it is but for those rows.
    """
    chance = np.random.default_rng(schedule.seed)
    steps = schedule.steps * len(languages)
    pairs = [pair for every in languages for pair in _drawn(every, schedule, chance)]
    progress(f"{len(pairs)} originals go through the tower")
    numbers: dict[str, int] = {}
    owner = torch.tensor([numbers.setdefault(original, len(numbers)) for original, _ in pairs])
    before = _tower(recipe, state, state[TABLE])
    targets = _vectors(before, _texts(_first(words.tokenizer, len(state[TABLE])), list(numbers)))
    sentences = _texts(words.tokenizer, [translation for _, translation in pairs])
    tower = _tower(recipe, state, words.table)
    table = tower.embeddings["word_embeddings"].weight
    rows = nn.Parameter(words.table[words.own].clone())
    average = {"rows": rows.detach().clone()}
    groups = [{"params": [rows], "top": schedule.rate, "lr": schedule.rate}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.0)
    scale = torch.tensor(SCALE)
    started = time.perf_counter()
    for step, batch in enumerate(_batches(np.diff(sentences.starts), schedule.batch, steps, chance), 1):
        set_rates(optimizer, step - 1, steps, schedule.warmup)
        with torch.no_grad():
            table[words.own] = rows
        table.requires_grad_(True)
        vectors = functional.normalize(tower(*sentences.batch(batch)), dim=-1)
        meant = targets[owner[batch]]
        loss = (1.0 - (vectors * meant).sum(1)).mean()
        if schedule.contrast:
            same = owner[batch][:, None] == owner[batch][None, :]
            loss = loss + schedule.contrast * info_nce(vectors, meant, scale, same)
        (gradient,) = torch.autograd.grad(loss, [table])
        rows.grad = gradient[words.own]
        table.requires_grad_(False)
        optimizer.step()
        follow(average, {"rows": rows}, step - 1, schedule.average)
        if step % REPORTED == 0 or step == steps:
            left = (time.perf_counter() - started) / step * (steps - step) / 60
            progress(f"step {step} of {steps}: loss {float(loss.detach()):.3f}, {left:.1f} min left")
    return average["rows"]


def _drawn(pairs: Translations, schedule: Schedule, chance: np.random.Generator) -> Translations:
    """The pairs that there is time for."""
    most = schedule.steps * schedule.batch
    if len(pairs) <= most:
        return pairs
    return [pairs[row] for row in np.sort(chance.choice(len(pairs), most, replace=False))]


def _batches(lengths: Numbers, size: int, count: int, chance: np.random.Generator) -> Iterator[Numbers]:
    """The rows of ``count`` batches: all rows in turn, in an order by chance, those of like length together."""
    size = min(size, len(lengths))
    made = 0
    while True:
        every = chance.permutation(len(lengths))
        for start in range(0, len(every) - size + 1, SORTED * size):
            together = every[start : start + SORTED * size]
            together = together[np.argsort(lengths[together], kind="stable")]
            whole = len(together) // size
            for place in chance.permutation(whole).tolist():
                if made == count:
                    return
                yield together[place * size : (place + 1) * size]
                made += 1


def _tower(recipe: TextRecipe, state: dict[str, Tensor], table: Tensor) -> TextTower:
    """The tower in float32 with the rows ``table``; nothing of it trains."""
    grown = dataclasses.replace(recipe, vocabulary=len(table))
    tower = TextTower(grown, state["head.linear.weight"].shape[0])
    tower.load_state_dict({**state, TABLE: table.clone()})
    tower.requires_grad_(False)
    tower.eval()
    return tower


def _first(tokenizer: str, size: int) -> str:
    """``tokenizer`` as it was when it had ``size`` pieces."""
    content = json.loads(tokenizer)
    vocabulary: dict[str, int] = content["model"]["vocab"]
    content["model"]["vocab"] = {piece: number for piece, number in vocabulary.items() if number < size}
    return json.dumps(content)


def _texts(tokenizer: str, texts: Sequence[str]) -> Texts:
    from tokenizers import Tokenizer

    reading = Tokenizer.from_str(tokenizer)
    reading.no_padding()
    reading.enable_truncation(LONGEST)
    return tokenize([[text] for text in texts], reading)


def _vectors(tower: TextTower, texts: Texts) -> Tensor:
    """Unit vectors (n, dimension) of n texts."""
    order = np.argsort(np.diff(texts.starts), kind="stable")  # so that little is padding

    def compute(part: slice) -> Tensor:
        return functional.normalize(tower(*texts.batch(order[part])), dim=-1)

    return in_batches(len(texts), ENCODED, compute)[torch.from_numpy(np.argsort(order))]
