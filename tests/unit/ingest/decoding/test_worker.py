"""One batch of sources: what is read, what is encoded, and what is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmsearch.encoders.registry import load_encoder
from mmsearch.ingest.decoding.worker import Reader
from mmsearch.ingest.pipeline import update_from
from mmsearch.ingest.sources import Source
from mmsearch.media.limits import Limits
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.directory import IndexDirectory


@pytest.fixture
def directory(tmp_path: Path) -> IndexDirectory:
    return IndexDirectory.create(tmp_path / "index")


@pytest.fixture
def reader(directory: IndexDirectory) -> Iterator[Reader]:
    encoder = load_encoder()
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        number = catalogue.add_encoder(
            encoder.name, encoder.fingerprint, encoder.dimension, ("image", "text")
        )
    reader = Reader(directory, encoder, number, Limits(), scaled_decoding=True)
    yield reader
    reader.close()


def test_a_source_becomes_its_picture_title_captions_and_passages_with_vectors(
    reader: Reader, small_corpus: Path
) -> None:
    source = Source(
        "a",
        "1",
        picture=small_corpus / "coffee.png",
        title="Coffee",
        captions=("a cup",),
        body="Drink it hot.",
    )
    [portion] = reader.read_batch([source])
    [reading], skipped = portion.readings, portion.skipped
    assert skipped == []
    assert [(draft.modality, draft.locator.kind, draft.text) for draft in reading.drafts] == [
        ("image", "whole", None),
        ("text", "title", "Coffee"),
        ("text", "caption", "a cup"),
        ("text", "characters", "Drink it hot."),
    ]
    vectors = np.stack([draft.vector for draft in reading.drafts if draft.vector is not None])
    assert vectors.shape == (4, reader.encoder.dimension)
    assert not np.allclose(vectors[0], vectors[1])
    assert all(draft.pixels is None for draft in reading.drafts)  # memory does not wait for the writer


def test_what_the_catalogue_holds_is_not_encoded_again(
    reader: Reader, directory: IndexDirectory, small_corpus: Path
) -> None:
    source = Source("a", "1", picture=small_corpus / "coffee.png", captions=("a cup",))
    with directory.write_lock():
        update_from([source], small_corpus, directory, reader.encoder)
    [portion] = reader.read_batch([source])
    [reading] = portion.readings
    assert [draft.vector for draft in reading.drafts] == [None, None]
    assert all(draft.row is not None for draft in reading.drafts)


def test_a_bad_source_is_passed_over_with_its_reason(reader: Reader, small_corpus: Path) -> None:
    (small_corpus / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    sources = [
        Source("broken", "1", picture=small_corpus / "broken.png"),
        Source("gone", "1", picture=small_corpus / "gone.png"),
        Source("empty", "1", body="  "),
        Source("good", "1", body="Tea."),
    ]
    [portion] = reader.read_batch(sources)
    readings, skipped = portion.readings, portion.skipped
    assert portion.done == 4
    assert [reading.source.path for reading in readings] == ["good"]
    assert [one.path for one in skipped] == ["broken", "gone", "empty"]
    assert all(one.reason for one in skipped)
