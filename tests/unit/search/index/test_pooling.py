"""Whole documents as one vector: which have one, what it is, and what searches make of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from mmsearch.errors import UsageError
from mmsearch.ingest.pipeline import IndexOptions
from mmsearch.ingest.sources import Source
from mmsearch.library import Library, index_sources
from mmsearch.search.index.pooling import MOST_OF_A_KIND, pool
from mmsearch.store.kept.pooled import read_pooled
from tests.unit.search.conftest import Doc, ToyIndex

Build = Callable[[Sequence[Doc]], ToyIndex]
CHANNEL = "pocket text→document"
CAPTIONS = {
    "coffee.png": ("a cup of coffee with a spoon", "a hot drink in a small cup", "coffee on a wooden table"),
    "chelsea.png": ("a cat looks at the camera", "the face of a tabby cat"),
    "rocket.jpg": ("a rocket on its launch pad", "a rocket is ready for the start"),
}


def pooled(index: ToyIndex) -> tuple[np.ndarray, np.ndarray]:
    found = [index.vector_index(index.encoder, modality) for modality in ("image", "text")]
    return pool(index.documents, [one for one in found if one is not None])


def test_a_document_with_a_picture_and_texts_is_the_mean_of_all_of_them(build: Build) -> None:
    index = build(
        [Doc("a", "dog beach", ["a dog", "the sand"], title="holidays"), Doc("b", "cat", ["a cat"])]
    )

    items, vectors = pooled(index)

    assert items.size == 2
    documents = index.documents.of(items)
    for document, vector in zip(documents.tolist(), vectors, strict=True):
        own = index.documents.items_of(np.array([document]))
        parts = [one for one in map(index.vector_index, [index.encoder] * 2, ("image", "text")) if one]
        listed = [part.vectors(own[np.isin(own, part.ids)]) for part in parts]
        mean = np.concatenate(listed).mean(axis=0)
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)
        assert own.min() in items


def test_documents_of_one_kind_have_no_vector_of_their_own(build: Build) -> None:
    items, _ = pooled(
        build([Doc("a", "dog"), Doc("b", passages=["a dog", "a cat"]), Doc("c", "cat", ["a cat"])])
    )
    assert items.size == 1


def test_without_a_document_of_two_kinds_there_is_nothing(build: Build) -> None:
    items, vectors = pooled(build([Doc("a", "dog"), Doc("b", passages=["a dog"])]))
    assert items.size == vectors.size == 0


def test_a_long_text_does_not_drown_its_picture(build: Build) -> None:
    opening = [f"word{n}" for n in range(MOST_OF_A_KIND)]
    index = build(
        [Doc("a", "dog", passages=[*opening, *["the same again"] * 50]), Doc("b", "dog", passages=opening)]
    )
    _, vectors = pooled(index)
    index_vectors = index.vector_index(index.encoder, "image")
    assert index_vectors is not None
    pictures = index_vectors.vectors(index_vectors.ids)
    assert (vectors * pictures).sum(axis=1).min() > 0.2
    np.testing.assert_allclose(vectors[0] @ pictures[0], vectors[1] @ pictures[1], atol=0.1)


@pytest.fixture(scope="module")
def sources(photographs: Path) -> list[Source]:
    captioned = [
        Source(name, "1", picture=photographs / name, captions=captions)
        for name, captions in CAPTIONS.items()
    ]
    return [*captioned, Source("note", "1", captions=("tea turns bitter",))]


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory, sources: list[Source]) -> Path:
    """An index of whole documents too. Read only."""
    folder = tmp_path_factory.mktemp("fused")
    index_sources(sources, folder, folder / "index", options=IndexOptions(fuse="mean")).close()
    return folder / "index"


def channels(library: Library, text: str, **options: object) -> set[str]:
    hits = library.search(text, cutoff=None, **options)  # type: ignore[arg-type]
    return {reason.channel for hit in hits for reason in hit.explanation}


def test_an_index_that_fuses_has_a_further_channel_whose_parts_add_up(fused: Path) -> None:
    from mmsearch.library import open as open_library

    with open_library(fused) as library:
        hits = library.search("a cat", cutoff=None)
        assert hits[0].path == "chelsea.png"
        for hit in hits:
            assert sum(reason.contribution for reason in hit.explanation) == hit.score
            assert (CHANNEL in {reason.channel for reason in hit.explanation}) == (hit.path != "note")
        assert hits[0].text in CAPTIONS["chelsea.png"]  # an item is shown, not the whole


def test_whole_documents_say_nothing_where_items_are_asked_for(fused: Path) -> None:
    from mmsearch.library import open as open_library

    with open_library(fused) as library:
        assert CHANNEL not in channels(library, "a cat", group="item")
        assert CHANNEL not in channels(library, "a cat", modality="image")
        assert CHANNEL not in channels(library, "a cat", where="NOT modality = text")
        assert CHANNEL in channels(library, "a cat", path="c*")


def test_the_saved_vectors_are_those_that_would_be_made(fused: Path) -> None:
    from mmsearch.library import open as open_library

    with open_library(fused) as library:
        encoder = library.encoders[0]
        record = library.catalogue.encoders()[0]
        saved = read_pooled(fused / "ann" / record.folder, library.catalogue.generation(), encoder.dimension)
        assert saved is not None
        found = [library.vector_index(encoder, modality) for modality in ("image", "text")]
        items, vectors = pool(library.documents, [index for index in found if index is not None])
        assert saved[0].tolist() == items.tolist()
        np.testing.assert_allclose(saved[1].astype(np.float32), vectors, atol=1e-3)


def test_what_has_changed_since_the_last_run_is_made_anew(tmp_path: Path, sources: list[Source]) -> None:
    with index_sources(sources, tmp_path, tmp_path / "index", options=IndexOptions(fuse="mean")) as library:
        library.remove(["rocket.jpg"])
        whole = library.vector_index(library.encoders[0], "document")
        assert whole is not None
        assert whole.ids.size == 2
        assert library.search("a rocket", cutoff=None)[0].path != "rocket.jpg"


def test_the_next_runs_go_on_fusing_until_they_are_told_not_to(tmp_path: Path, sources: list[Source]) -> None:
    folder = tmp_path / "index"
    index_sources(sources, tmp_path, folder, options=IndexOptions(fuse="mean")).close()
    with index_sources(sources[1:], tmp_path, folder) as library:
        assert CHANNEL in channels(library, "a cat")
        assert len(list(folder.glob("ann/*/document-*.npy"))) == 2  # of this generation alone
    with index_sources(sources, tmp_path, folder, options=IndexOptions(fuse="none")) as library:
        assert CHANNEL not in channels(library, "a cat")
        assert not list(folder.glob("ann/*/document-*.npy"))


def test_another_way_of_fusing_is_refused_before_anything_is_done(
    tmp_path: Path, sources: list[Source]
) -> None:
    with pytest.raises(UsageError, match="mean or none, not by 'median'"):
        index_sources(sources, tmp_path, tmp_path / "index", options=IndexOptions(fuse="median"))
    assert not (tmp_path / "index").exists()
