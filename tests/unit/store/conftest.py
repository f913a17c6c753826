"""A catalogue to write to, and documents to write."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.values import NewDocument, NewItem
from mmsearch.store.directory import IndexDirectory, Manifest
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mmsearch.store.durable.checksums import Checksum
    from mmsearch.store.precision import Precision
    from mmsearch.types import FieldValue, Modality, Vectors

DIMENSION = 8


def key(content: str) -> bytes:
    return hashlib.sha256(content.encode()).digest()


class Writer:
    """Writes documents as the pipeline does: vectors first, each content once."""

    def __init__(
        self,
        catalogue: Catalogue,
        directory: IndexDirectory | None = None,
        precision: Precision = "float16",
    ) -> None:
        self.catalogue = catalogue
        self.directory = directory
        self.corpus_id = catalogue.add_corpus("/corpus")
        self.encoder_id = catalogue.add_encoder("pocket", "a" * 64, DIMENSION, ["image", "text"], precision)
        self.rows: dict[tuple[Modality, bytes], int] = {}

    def item(self, modality: Modality, locator: str, content: str, text: str | None = None) -> NewItem:
        """An item whose content has the next free row, or the row that it has already."""
        taken = sum(one == modality for one, _ in self.rows)
        row = self.rows.setdefault((modality, key(content)), taken)
        return NewItem(modality, Locator.parse(locator), key(content), text, row)

    def document(
        self,
        path: str,
        *,
        picture: str | None = None,
        title: str | None = None,
        captions: tuple[str, ...] = (),
        passages: tuple[str, ...] = (),
        fields: dict[str, FieldValue] | None = None,
        stamp: str = "1",
    ) -> NewDocument:
        """A document of a picture (its content), captions and passages."""
        items = [] if picture is None else [self.item("image", "whole", picture)]
        items += [self.item("text", f"caption:{n}", text, text) for n, text in enumerate(captions)]
        places = [sum(map(len, passages[:n])) for n in range(len(passages) + 1)]
        items += [
            self.item("text", f"characters:{places[n]}-{places[n + 1]}", text, text)
            for n, text in enumerate(passages)
        ]
        return NewDocument(self.corpus_id, path, stamp, title, fields or {}, tuple(items))

    def put(self, *documents: NewDocument) -> None:
        """Vectors to the shards (if there is a directory), then documents to the catalogue."""
        checksums: dict[Modality, Sequence[Checksum]] = {}
        if self.directory is not None:
            record = self.catalogue.encoders()[0]
            for modality in record.modalities:
                there = self.catalogue.highest_row(self.encoder_id, modality) + 1
                wanted = sum(one == modality for one, _ in self.rows)
                with self.directory.shards(record, modality, rows=there) as shards:
                    shards.append(vectors(np.arange(there, wanted), modality))
                    shards.sync()
                    checksums[modality] = shards.checksums(there)
        self.catalogue.put(documents, self.encoder_id, checksums)


def vectors(rows: np.ndarray, modality: Modality = "image") -> Vectors:
    """The vector that row n always has in these tests: known by its row, and of unit length."""
    angles = (rows[:, None] + 1) * (np.arange(DIMENSION) + 1) * (1.0 if modality == "image" else 1.7)
    drawn = np.sin(angles).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(tmp_path / "catalogue.sqlite", write=True) as opened:
        yield opened


@pytest.fixture
def writer(catalogue: Catalogue) -> Writer:
    return Writer(catalogue)


@pytest.fixture
def vector_of_row() -> Callable[..., Vectors]:
    return vectors


@pytest.fixture
def directory(tmp_path: Path) -> IndexDirectory:
    """An index with two pictures, each with a caption, and a text."""
    return made_index(tmp_path / "index", "float16")


@pytest.fixture(params=["int8", "binary"])
def compressed(tmp_path: Path, request: pytest.FixtureRequest) -> IndexDirectory:
    """The same, its vectors as bytes or as bits."""
    return made_index(tmp_path / "compressed", request.param)


def made_index(path: Path, precision: Precision) -> IndexDirectory:
    made = IndexDirectory.create(path)
    with made.write_lock(), Catalogue.open(made.catalogue_path, write=True) as catalogue:
        writer = Writer(catalogue, made, precision)
        writer.put(
            writer.document("a.jpg", picture="A", captions=("a red bicycle",), fields={"year": 1990}),
            writer.document("b.jpg", picture="B", captions=("two dogs run",), fields={"year": 2001}),
        )
        writer.put(writer.document("c.txt", passages=("Snow lay on the roofs. ", "Nobody was out.")))
        made.write_manifest(Manifest.of(catalogue))
    return made
