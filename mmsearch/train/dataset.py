"""What the loop trains on: decoded pictures, tokenized captions, and which of them belong together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor

from mmsearch.errors import MediaError, UsageError
from mmsearch.train.pairs import Pair, find_source, read_pairs, read_pictures, read_text_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from mmsearch.train.recipe import DataRecipe, PictureRecipe
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
    """Pictures (n, side, side, 3) uint8 with their captions; ``cluster`` (n,) joins those that share a text."""

    name: str
    pixels: Images
    texts: Texts
    cluster: Numbers

    def __len__(self) -> int:
        return len(self.cluster)


def load_pictures(
    names: Iterable[str],
    data: Path,
    recipe: DataRecipe,
    picture: PictureRecipe,
    tokenizer: Tokenizer,
    cache: Path,
) -> CaptionedPictures:
    """The captioned pictures of several sources as one; decoded once into ``cache``."""
    named = list(names)
    pairs = [pair for name in named for pair in read_pairs(find_source(data, name), recipe.extra_texts)]
    pixels, kept = _decode(pairs, picture, cache)
    pairs = [pairs[i] for i in kept]
    captions = [(*pair.captions, *pair.extra) for pair in pairs]
    return CaptionedPictures("+".join(named), pixels, tokenize(captions, tokenizer), _clusters(captions))


def load_texts(names: Iterable[str], data: Path, tokenizer: Tokenizer, most: int = 2) -> Texts | None:
    """The text groups of several files, ``most`` texts of each; None without names."""
    groups = [g[:most] for name in names for g in read_text_groups(find_source(data, name))]
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


def augment(
    pixels: Images, size: int, crop: float, color: float, flip: bool, random: np.random.Generator
) -> Tensor:
    """Random crops of at least ``crop`` of the area, flips and color changes: (n, size, size, 3), 0 to 255."""
    views = []
    for picture in pixels:
        view = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]  # (1, 3, h, w)
        if crop < 1:
            view = _random_crop(view, crop, random)
        if view.shape[2:] != (size, size):
            view = functional.interpolate(view, (size, size), mode="bilinear", antialias=True)
        views.append(view.flip(3) if flip and random.random() < 0.5 else view)
    batch = torch.cat(views).permute(0, 2, 3, 1)
    return _change_color(batch.float(), color, random) if color > 0 else batch


def resize(pixels: Images, size: int) -> Tensor:
    """Pictures (n, h, w, 3) uint8 at ``size``, unchanged where they have it."""
    return augment(pixels, size, 1.0, 0.0, False, np.random.default_rng(0))


def _random_crop(view: Tensor, smallest: float, random: np.random.Generator) -> Tensor:
    height, width = view.shape[2:]
    area, aspect = random.uniform(smallest, 1.0), np.exp(random.uniform(-0.25, 0.25))
    h = min(height, max(1, round(height * float(np.sqrt(area * aspect)))))
    w = min(width, max(1, round(width * float(np.sqrt(area / aspect)))))
    top, left = random.integers(0, height - h + 1), random.integers(0, width - w + 1)
    return view[:, :, top : top + h, left : left + w]


def _change_color(batch: Tensor, strength: float, random: np.random.Generator) -> Tensor:
    factors = torch.from_numpy(1 + strength * random.uniform(-1, 1, (3, len(batch), 1, 1, 1))).float()
    bright = batch * factors[0]
    mean = bright.mean((1, 2, 3), keepdim=True)
    contrasted = mean + (bright - mean) * factors[1]
    gray = contrasted.mean(3, keepdim=True)
    return (gray + (contrasted - gray) * factors[2]).clamp(0, 255)


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
    parent = list(range(len(groups)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    owner: dict[str, int] = {}
    for number, group in enumerate(groups):
        for text in group:
            parent[root(number)] = root(owner.setdefault(" ".join(text.lower().split()), number))
    return np.array([root(i) for i in range(len(groups))], dtype=np.int64)


def in_batches(count: int, size: int, compute: Callable[[slice], Tensor]) -> Tensor:
    """``compute`` over slices of ``range(count)``, joined, without gradients."""
    with torch.no_grad():
        return torch.cat([compute(slice(i, min(i + size, count))) for i in range(0, count, size)])
