"""What the loop trains on: decoded pictures, tokenized captions, and which of them belong together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from mmsearch.datasets.pairs import Pair, read_pairs, read_pictures, read_text_groups
from mmsearch.datasets.sources import find_sources
from mmsearch.errors import MediaError, UsageError
from mmsearch.search.duplicates.components import Components

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from mmsearch.train.recipe import PictureRecipe, Recipe
    from mmsearch.types import Images

    Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Tokenized texts, each of a group: ``tokens[starts[i] : starts[i + 1]]`` is text i.

    The texts of group g are those from ``first[g]`` to ``first[g + 1]``.
    """

    tokens: NDArray[np.int32]
    starts: Numbers
    first: Numbers
    group: Numbers  # (texts,)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def batch(self, rows: Sequence[int] | Numbers) -> tuple[Tensor, Tensor]:
        """Ids and mask (n, longest) int64 of the texts ``rows``, padded with 0."""
        parts = [self.tokens[self.starts[row] : self.starts[row + 1]] for row in rows]
        ids = np.zeros((len(parts), max(map(len, parts))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for line, part in enumerate(parts):
            ids[line, : len(part)] = part
            mask[line, : len(part)] = 1
        return torch.from_numpy(ids), torch.from_numpy(mask)


@dataclass(frozen=True, slots=True, eq=False)
class CaptionedPictures:
    """Pictures (n, side, side, 3) uint8 with their captions, and what they were read from.

    ``cluster`` (n,) is equal for those that share a text, ``kind`` (n,) for those of the same class or classes;
    -1 is a picture whose class is not known.
    """

    name: str
    pixels: Images
    texts: Texts
    cluster: Numbers
    kind: Numbers
    pairs: tuple[Pair, ...]

    def __len__(self) -> int:
        return len(self.pairs)

    def captions(self) -> list[str]:
        """All texts, in the order of ``texts``."""
        return [text for pair in self.pairs for text in (*pair.captions, *pair.extra)]


def load_pictures(
    names: Iterable[str], data: Path, recipe: Recipe, extra: Sequence[str], tokenizer: Tokenizer, cache: Path
) -> CaptionedPictures:
    """The captioned pictures of several sources as one; decoded once into ``cache``.

    ``extra`` names record fields that hold further captions.
    """
    named = list(names)
    fields = [recipe.data.class_field, *(task.field for task in recipe.classifiers)]
    pairs = [
        pair
        for name in named
        for source, split in find_sources(data, name)
        for pair in read_pairs(source, extra, split, fields)
    ]
    pixels, kept = _decode(pairs, recipe.picture, cache)
    pairs = [pairs[i] for i in kept]
    captions = [(*pair.captions, *pair.extra) for pair in pairs]
    return CaptionedPictures(
        name="+".join(named),
        pixels=pixels,
        texts=tokenize(captions, tokenizer),
        cluster=_clusters(captions),
        kind=_kinds([pair.labels[0] for pair in pairs]),
        pairs=tuple(pairs),
    )


def load_texts(names: Iterable[str], data: Path, tokenizer: Tokenizer, most: int = 2) -> Texts | None:
    """The text groups of several files, ``most`` texts of each; None without names."""
    sources = [source for name in names for source, _ in find_sources(data, name)]
    groups = [group[:most] for source in sources for group in read_text_groups(source)]
    return tokenize(groups, tokenizer) if groups else None


def tokenize(groups: Sequence[Sequence[str]], tokenizer: Tokenizer) -> Texts:
    """Tokens of all texts, group by group; the tokenizer cuts what is too long."""
    flat = [text for group in groups for text in group]
    encoded = [encoding.ids for encoding in tokenizer.encode_batch(flat)]
    sizes = [len(group) for group in groups]
    return Texts(
        tokens=np.array([token for ids in encoded for token in ids], dtype=np.int32),
        starts=np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        first=np.cumsum([0, *sizes], dtype=np.int64),
        group=np.repeat(np.arange(len(groups), dtype=np.int64), sizes),
    )


def _decode(pairs: Sequence[Pair], recipe: PictureRecipe, cache: Path) -> tuple[Images, list[int]]:
    """Pixels of the pictures that can be decoded, and which those are; kept in ``cache`` between runs."""
    cache.mkdir(parents=True, exist_ok=True)
    identity = (
        repr([(p.picture.path, str(p.picture.container)) for p in pairs]) + f"{recipe.size}{recipe.fit}"
    )
    base = cache / f"pixels-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    pixels_file, kept_file = base.with_suffix(".npy"), base.with_suffix(".kept.npy")
    if not kept_file.exists():
        _decode_all(pairs, recipe, pixels_file, kept_file)
    kept: list[int] = np.load(kept_file, allow_pickle=False).tolist()
    return np.load(pixels_file, mmap_mode="r", allow_pickle=False)[: len(kept)], kept


def _decode_all(pairs: Sequence[Pair], recipe: PictureRecipe, pixels_file: Path, kept_file: Path) -> None:
    from mmsearch.media.picture import load_picture
    from mmsearch.types import PictureSpec

    spec = PictureSpec(recipe.size, recipe.fit)
    shape = (len(pairs), recipe.size, recipe.size, 3)
    pixels = np.lib.format.open_memmap(pixels_file, mode="w+", dtype=np.uint8, shape=shape)
    kept: list[int] = []
    for row, content in enumerate(read_pictures(pair.picture for pair in pairs)):
        try:
            pixels[len(kept)] = load_picture(content, spec).pixels
        except MediaError:
            continue  # one bad file never stops a run; the count of pictures shows it
        kept.append(row)
    if not kept:
        raise UsageError("none of the training pictures can be decoded; look at one with mmsearch show")
    pixels.flush()
    np.save(kept_file, np.array(kept, dtype=np.int64))


def _clusters(groups: Sequence[Sequence[str]]) -> Numbers:
    """A number per group, equal for groups that share a text word for word (joined transitively)."""
    same = Components(len(groups))
    owner: dict[str, int] = {}
    for number, group in enumerate(groups):
        for text in group:
            same.join(number, owner.setdefault(" ".join(text.lower().split()), number))
    return np.array(same.roots(), dtype=np.int64)


def _kinds(labels: Sequence[tuple[str, ...] | None]) -> Numbers:
    """A number per picture, equal for the same set of labels whatever their order and case; -1 without any."""
    numbers: dict[frozenset[str], int] = {}
    sets = [frozenset(label.casefold() for label in given or ()) for given in labels]
    return np.array([numbers.setdefault(one, len(numbers)) if one else -1 for one in sets], dtype=np.int64)


def in_batches(count: int, size: int, compute: Callable[[slice], Tensor]) -> Tensor:
    """``compute`` over slices of ``range(count)``, joined, without gradients."""
    with torch.no_grad():
        return torch.cat([compute(slice(i, min(i + size, count))) for i in range(0, count, size)])
