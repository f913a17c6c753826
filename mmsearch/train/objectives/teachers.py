"""Vectors of a teacher: another encoder, or a file that holds them by key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.datasets.pairs import read_pictures
from mmsearch.errors import EncoderError, MediaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.train.data.dataset import CaptionedPictures
    from mmsearch.train.recipe import TeacherRecipe

    Matrix = NDArray[np.float32]

BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """A teacher's vectors (n, e) float32 of pictures and of captions; rows of zeros where it gives none."""

    pictures: Matrix | None
    captions: Matrix | None

    @property
    def dimension(self) -> int:
        """Of the teacher's space."""
        one = self.captions if self.pictures is None else self.pictures
        assert one is not None
        return int(one.shape[1])


def load_taught(recipe: TeacherRecipe, data: Path, train: CaptionedPictures, cache: Path) -> Taught:
    """What the teacher of ``recipe`` gives the training pictures and captions; an encoder's is kept in ``cache``.

    UsageError when its source is no encoder and no file of vectors, or has nothing for the training data.
    """
    source = next((path for path in (data / recipe.source, Path(recipe.source)) if path.is_file()), None)
    wants = recipe.tower in {"picture", "both"}, recipe.tower in {"text", "both"}
    captions = train.captions() if wants[1] else []
    if source is not None:
        vectors = read_vectors(source)
        found = (
            _rows(vectors, (_names(pair.picture.path) for pair in train.pairs)) if wants[0] else None,
            _rows(vectors, ((text,) for text in captions)) if wants[1] else None,
        )
    else:
        encoder = _encoder(recipe, data)
        found = (
            _encoded(encoder, train, cache) if wants[0] else None,
            _encoded(encoder, captions, cache) if wants[1] else None,
        )
    for kind, matrix in zip(("pictures", "captions"), found, strict=True):
        if matrix is not None and not matrix.any():
            raise UsageError(
                f"teacher {recipe.name}: {recipe.source} has vectors of none of the training {kind}; "
                "its keys are the pictures' paths or names, or the captions themselves"
            )
    return Taught(*found)


def read_vectors(path: Path) -> dict[str, Matrix]:
    """Vectors by key: a safetensors file with a tensor per key, or NAME.npy (n, e) beside NAME.txt, a key a line.

    UsageError for a file that is neither, or whose rows and keys differ in number.
    """
    if path.suffix == ".safetensors":
        from safetensors.numpy import load_file

        loaded: Mapping[str, NDArray[np.floating]] = load_file(path)
        return {key: np.asarray(value, dtype=np.float32).ravel() for key, value in loaded.items()}
    if path.suffix != ".npy":
        raise UsageError(f"{path}: a teacher's vectors are a .safetensors or .npy file, or an encoder")
    keys_file = path.with_suffix(".txt")
    if not keys_file.is_file():
        raise UsageError(f"{keys_file} is missing: write the keys of {path.name} into it, one a line")
    keys = keys_file.read_text(encoding="utf-8").splitlines()
    matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    if matrix.ndim != 2 or len(matrix) != len(keys):
        raise UsageError(f"{path} has the shape {matrix.shape}, {keys_file.name} {len(keys)} keys")
    return {key: np.asarray(row, dtype=np.float32) for key, row in zip(keys, matrix, strict=True)}


def _rows(vectors: Mapping[str, Matrix], keys: Iterable[Iterable[str]]) -> Matrix:
    """The vector of the first of each row's keys that there is one for, zeros for none."""
    dimensions = {len(vector) for vector in vectors.values()}
    if len(dimensions) != 1:
        raise UsageError(f"the teacher's vectors are of {len(dimensions)} lengths; they must be of one")
    nothing = np.zeros(dimensions.pop(), dtype=np.float32)
    return np.stack([next((vectors[key] for key in names if key in vectors), nothing) for names in keys])


def _names(path: str) -> Iterator[str]:
    """What a key may call a picture: its path, shorter from the left, then the same without its suffix."""
    parts = PurePosixPath(path).parts
    shorter = [str(PurePosixPath(*parts[i:])) for i in range(len(parts))]
    yield from shorter
    yield from (str(PurePosixPath(name).with_suffix("")) for name in shorter)


def _encoder(recipe: TeacherRecipe, data: Path) -> Encoder:
    from mmsearch.encoders.registry import load_encoder

    try:
        inside = data / recipe.source
        return load_encoder(str(inside) if inside.is_dir() else recipe.source)
    except EncoderError as error:
        raise UsageError(f"teacher {recipe.name}: {error}; or give a file of vectors") from error


def _encoded(encoder: Encoder, what: CaptionedPictures | list[str], cache: Path) -> Matrix:
    """The encoder's vectors of all training pictures, or of captions."""
    known = (
        what if isinstance(what, list) else [(p.picture.path, str(p.picture.container)) for p in what.pairs]
    )
    digest = hashlib.sha256(f"{encoder.fingerprint} {known!r}".encode()).hexdigest()[:16]
    path = cache / f"teacher-{digest}.npy"
    if not path.exists():
        if isinstance(what, list):
            parts = (what[i : i + BATCH] for i in range(0, len(what), BATCH))
            vectors = np.concatenate([encoder.encode_texts(part) for part in parts])
        else:
            vectors = _encode_pictures(encoder, what)
        cache.mkdir(parents=True, exist_ok=True)
        np.save(path, vectors.astype(np.float32))
    matrix: Matrix = np.load(path, allow_pickle=False)
    return matrix


def _encode_pictures(encoder: Encoder, data: CaptionedPictures) -> Matrix:
    from mmsearch.media.picture import load_picture

    result = np.zeros((len(data), encoder.dimension), dtype=np.float32)
    contents = read_pictures(pair.picture for pair in data.pairs)
    for start in range(0, len(data), BATCH):
        pixels, kept = [], []
        for row in range(start, min(start + BATCH, len(data))):
            try:
                pixels.append(load_picture(next(contents), encoder.picture).pixels)
            except MediaError:
                continue
            kept.append(row)
        if kept:
            result[kept] = encoder.encode_images(np.stack(pixels))
    return result
