"""What compiled towers say of captioned pictures: vectors and features, in several views of each picture."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mmsearch.cores import cores
from mmsearch.datasets.pairs import Pair, read_pictures
from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.errors import MediaError, UsageError
from mmsearch.media.picture import load_picture
from mmsearch.train.adapt.taps import FEATURES, VECTORS, expose_features
from mmsearch.train.data.views import augment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from mmsearch.types import Images, Vectors

BLOCK = 64  # pictures that are in memory at a time
CROP = 0.6  # smallest area of a random crop


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """n captioned pictures with m captions as frozen towers see them; vectors are unit rows, float32."""

    vectors: Tensor  # (views, n, dimension); view 0 is the picture as it is
    features: Tensor  # (views, n, width)
    text_vectors: Tensor  # (m, dimension)
    text_features: Tensor  # (m, text width)
    owner: Tensor  # (m,) the picture of each caption

    def __len__(self) -> int:
        return int(self.vectors.shape[1])

    def part(self, rows: Tensor) -> Known:
        """The pictures ``rows`` (k,) and their captions."""
        place = torch.full((len(self),), -1)
        place[rows] = torch.arange(len(rows))
        kept = place[self.owner] >= 0
        return Known(
            self.vectors[:, rows],
            self.features[:, rows],
            self.text_vectors[kept],
            self.text_features[kept],
            place[self.owner[kept]],
        )


class TappedEncoder(CompiledEncoder):
    """A copy of a compiled encoder that gives features beside vectors."""

    @classmethod
    def copy(cls, source: Path, folder: Path) -> TappedEncoder:
        """The encoder in ``source``, written to ``folder`` with an output for its features."""
        import onnx

        encoder = CompiledEncoder(source)
        shutil.copytree(source, folder)
        for role in ("image", "text"):
            if role not in encoder.description.files:
                raise UsageError(f"{encoder.name} has no {role} tower: adapt an encoder that has both")
            path = folder / encoder.description.files[role]
            model = onnx.load(path)
            expose_features(model)
            onnx.save(model, path)
        return cls(folder, encoder.name)

    def open_pictures(self, batch: Images) -> tuple[Vectors, Vectors]:
        """Vectors and features of pictures (n, size, size, 3) uint8."""
        vectors, features = self._session("image").run([VECTORS, FEATURES], {"pixels": batch})
        return vectors, features

    def open_texts(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Vectors and features of texts, one at a time as `CompiledEncoder.encode_texts` takes them."""
        rows: list[list[Any]] = []
        session = self._session("text")
        for inputs in self.inputs(texts):
            rows.append(session.run([VECTORS, FEATURES], inputs))
        vectors, features = (np.concatenate(column) for column in zip(*rows, strict=True))
        return vectors, features


def look(encoder: TappedEncoder, pairs: Sequence[Pair], views: int, seed: int) -> tuple[Known, list[int]]:
    """What ``encoder`` says of ``pairs``, and which of them could be decoded.

    View 0 of a picture is the picture, view 1 its mirror image, further ones are random crops.
    """
    side = encoder.picture.size

    def see(row: int, pixels: Images) -> tuple[Vectors, Vectors]:
        shown = [pixels[None], pixels[None, :, ::-1]][:views]
        chances = [np.random.default_rng([seed, row, view]) for view in range(2, views)]
        for chance in chances:
            shown.append(augment(pixels[None], side, CROP, 0.0, [chance]).round().to(torch.uint8).numpy())
        return encoder.open_pictures(np.ascontiguousarray(np.concatenate(shown)))

    seen: list[tuple[Vectors, Vectors]] = []
    kept: list[int] = []
    with ThreadPoolExecutor(cores()) as threads:
        for rows, pictures in decode(encoder, pairs):
            kept += rows
            seen += threads.map(see, rows, pictures)
        captions = [pairs[row].captions for row in kept]
        said = list(threads.map(encoder.open_texts, captions))
    if not kept:
        raise UsageError("none of the pictures can be decoded; look at one with mmsearch show")
    vectors, features = (torch.from_numpy(np.stack(c, axis=1)) for c in zip(*seen, strict=True))
    texts, text_features = (torch.from_numpy(np.concatenate(c)) for c in zip(*said, strict=True))
    sizes = torch.tensor([len(one) for one in captions])
    owner = torch.repeat_interleave(torch.arange(len(kept)), sizes)
    return Known(vectors, features, texts, text_features, owner), kept


def decode(encoder: CompiledEncoder, pairs: Sequence[Pair]) -> Iterator[tuple[list[int], list[Images]]]:
    """Rows and pixels (size, size, 3) of the pictures that can be decoded, some at a time."""

    def one(content: bytes) -> Images | None:
        try:
            return load_picture(content, encoder.picture).pixels
        except MediaError:
            return None  # one bad file never stops a run; the count of pictures shows it

    contents = iter(enumerate(read_pictures(pair.picture for pair in pairs)))
    with ThreadPoolExecutor(cores()) as threads:
        while block := list(islice(contents, BLOCK)):
            pictures = threads.map(one, (content for _, content in block))
            good = [(row, p) for (row, _), p in zip(block, pictures, strict=True) if p is not None]
            yield [row for row, _ in good], [picture for _, picture in good]


def encode(encoder: CompiledEncoder, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor, Tensor]:
    """Vectors of the pictures that can be decoded, of their captions, and the picture of each caption."""

    def caption(texts: Iterable[str]) -> Vectors:
        return encoder.encode_texts(list(texts))

    images: list[Vectors] = []
    kept: list[int] = []
    with ThreadPoolExecutor(cores()) as threads:
        for rows, pictures in decode(encoder, pairs):
            kept += rows
            images += threads.map(lambda pixels: encoder.encode_images(pixels[None]), pictures)
        captions = list(threads.map(caption, [pairs[row].captions for row in kept]))
    owner = torch.repeat_interleave(torch.arange(len(kept)), torch.tensor([len(c) for c in captions]))
    return torch.from_numpy(np.concatenate(images)), torch.from_numpy(np.concatenate(captions)), owner


def encode_texts(encoder: CompiledEncoder, texts: Sequence[str]) -> Vectors:
    """Unit vectors (n, dimension) of n texts, on all cores."""
    blocks = [list(texts[start : start + BLOCK]) for start in range(0, len(texts), BLOCK)]
    with ThreadPoolExecutor(cores()) as threads:
        return np.concatenate(list(threads.map(encoder.encode_texts, blocks)))
