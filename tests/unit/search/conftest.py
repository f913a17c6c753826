"""A small index with a toy encoder: real catalogue, real rankings, vectors that anyone can reckon."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmsearch.ann.choose import open_index
from mmsearch.ann.index import VectorIndex
from mmsearch.search.calibration.background import Background
from mmsearch.search.calibration.estimation import estimate
from mmsearch.search.index.documents import Documents
from mmsearch.search.index.kept import Kept
from mmsearch.search.index.sampling import sample
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.values import NewDocument, NewItem
from mmsearch.types import FieldValue, Locator, Modality, PictureSpec, SoundSpec

DIMENSION = 96
# A picture and a sentence about the same thing share this much of their direction, as in a CLIP.
CROSS_MODAL = 0.5


def concept(word: str) -> np.ndarray:
    """A direction for a word, the same in every run."""
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).standard_normal(DIMENSION)


def unit(vector: np.ndarray) -> np.ndarray:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


class ToyEncoder:
    """Vectors are sums of the directions of words; a picture is written as the words that it shows."""

    name = "toy"
    dimension = DIMENSION
    fingerprint = "f" * 64
    picture = PictureSpec(8)
    sound, sound_fingerprint = SoundSpec(), ""
    parallel = True
    modalities: frozenset[Modality] = frozenset({"image", "text"})

    def encode_texts(self, batch: Sequence[str]) -> np.ndarray:
        return np.stack([unit(self._words(text) + 2.0 * concept("(text)")) for text in batch])

    def show(self, words: str) -> np.ndarray:
        """The vector of a picture that shows ``words``."""
        own = CROSS_MODAL * self._words(words) + (1 - CROSS_MODAL) * concept(f"(picture) {words}")
        return unit(own + 2.0 * concept("(picture)"))

    def encode_images(self, batch: np.ndarray) -> np.ndarray:
        raise AssertionError("toy pictures are words")

    def bank(self, modality: Modality) -> np.ndarray | None:
        return None

    def _words(self, text: str) -> np.ndarray:
        words = [word.strip(".,").lower() for word in text.split()]
        return np.sum([concept(word) for word in words if word not in {"a", "the", "in", "on"}], axis=0)


@dataclass
class Doc:
    """A document to be indexed: ``shows`` is a picture in words. Those of one ``content`` are equal to the byte."""

    path: str
    shows: str | None = None
    captions: Sequence[str] = ()
    passages: Sequence[str] = ()
    title: str | None = None
    fields: dict[str, FieldValue] = field(default_factory=dict)
    content: str | None = None


class ToyIndex:
    """A ``SearchIndex`` over documents written as values."""

    def __init__(self, folder: Path, documents: Sequence[Doc]) -> None:
        self.encoder = ToyEncoder()
        self.encoders = (self.encoder,)
        self.generation = "toy"
        rows: dict[Modality, list[np.ndarray]] = {"image": [], "text": []}
        with Catalogue.open(folder / "catalogue.sqlite", write=True) as catalogue:
            corpus = catalogue.add_corpus("/corpus")
            self.encoder_id = catalogue.add_encoder("toy", "f" * 64, DIMENSION, ("image", "text"))
            catalogue.put([self._new(corpus, document, rows) for document in documents], self.encoder_id)
        self.catalogue = Catalogue.open(folder / "catalogue.sqlite")
        self.documents = Documents.read(self.catalogue)
        self._indexes: dict[Modality, VectorIndex | None] = {m: self._vectors(m, rows[m]) for m in rows}
        self._backgrounds: dict[tuple[Modality, Modality], Background] = {}
        self.copy_groups: dict[bytes, int] = {}
        self.allow_private = False
        self.kept = Kept()

    def _new(self, corpus: int, document: Doc, rows: dict[Modality, list[np.ndarray]]) -> NewDocument:
        items: list[NewItem] = []

        def add(modality: Modality, locator: Locator, text: str | None, vector: np.ndarray, key: str) -> None:
            rows[modality].append(vector)
            own = f"{document.path} {len(items)}" if document.content is None else document.content
            digest = hashlib.sha256(f"{own} {key}".encode()).digest()
            items.append(NewItem(modality, locator, digest, text, len(rows[modality]) - 1))

        if document.shows is not None:
            add("image", Locator(), None, self.encoder.show(document.shows), document.shows)
        texts = [(Locator("title"), document.title)] if document.title else []
        texts += [(Locator("caption", n), text) for n, text in enumerate(document.captions)]
        at = 0
        for passage in document.passages:
            texts.append((Locator("characters", at, at + len(passage)), passage))
            at += len(passage) + 1
        for locator, text in texts:
            add("text", locator, text, self.encoder.encode_texts([text])[0], text)
        return NewDocument(corpus, document.path, "s", document.title, document.fields, tuple(items))

    def _vectors(self, modality: Modality, rows: list[np.ndarray]) -> VectorIndex | None:
        ids, item_rows = self.catalogue.embeddings(self.encoder_id, modality)
        if not ids.size:
            return None
        halves = np.stack(rows).astype(np.float16)
        return open_index(ids, item_rows, [(0, halves)], DIMENSION)

    def vector_index(self, encoder: Any, modality: Modality) -> VectorIndex | None:
        return self._indexes.get(modality)

    def background(self, encoder: Any, query: Modality, item: Modality) -> Background:
        if (query, item) not in self._backgrounds:
            nonsense = [f"nonsense{n} gibberish{n}" for n in range(60)]
            queries = self.encoder.encode_texts(nonsense)
            if query == "image":
                queries = np.stack([self.encoder.show(text) for text in nonsense])
            self._backgrounds[query, item] = estimate(queries, sample(self, encoder, item, 500, seed=0)[1])
        return self._backgrounds[query, item]

    def text_vectors(self, encoder: Any, texts: Sequence[str]) -> np.ndarray:
        return encoder.encode_texts(texts)

    def picture_vector(self, encoder: Any, source: Any) -> np.ndarray:
        return self.encoder.show(str(source))


@pytest.fixture
def build(tmp_path: Path) -> Callable[[Sequence[Doc]], ToyIndex]:
    """Documents -> an index of them."""
    return lambda documents: ToyIndex(tmp_path, documents)


THINGS = re.findall(
    r"\w+", "dog cat horse bicycle boat train cake tree house bridge snow beach river street mountain"
)
DEEDS = re.findall(r"\w+", "running sleeping jumping red old small broken painted crowded empty")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> ToyIndex:
    """450 documents: pictures of two things each, every third with a caption, and as many texts."""
    documents = []
    for n, thing in enumerate(THINGS):
        for m, other in enumerate(THINGS):
            words = f"{DEEDS[(n + m) % len(DEEDS)]} {thing} {other}"
            captions = [f"a {words}"] if (n + m) % 3 == 0 else []
            fields: dict[str, FieldValue] = {"year": 1900 + 10 * n + m % 10, "thing": thing}
            documents.append(Doc(f"photos/{thing}/{n}-{m}.jpg", words, captions, fields=fields))
            documents.append(Doc(f"notes/{m}-{n}.txt", passages=[f"The {other} is {words}."]))
    return ToyIndex(tmp_path_factory.mktemp("pictures"), documents)


@pytest.fixture(scope="session")
def doc() -> type[Doc]:
    """How a document is written."""
    return Doc
