from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import mmsearch
from mmsearch.cluster.building import opened
from mmsearch.cluster.indexing import index
from mmsearch.cluster.library import ClusterLibrary
from mmsearch.cluster.manifest import ClusterDirectory
from mmsearch.cluster.splitting import split
from mmsearch.errors import ClosedLibraryError, ClusterError, IndexDirectoryError, UsageError


@pytest.fixture
def directory(demo_index: Path, tmp_path: Path) -> ClusterDirectory:
    return split(demo_index, tmp_path / "cluster", 3)


@pytest.fixture
def cluster(directory: ClusterDirectory) -> Iterator[ClusterLibrary]:
    with opened(directory) as library:
        yield library


def test_a_cluster_opens_by_its_folder_and_by_its_manifest(directory: ClusterDirectory) -> None:
    for place in (directory.path, directory.manifest_path, str(directory.manifest_path)):
        with mmsearch.open(place) as library:
            assert isinstance(library, ClusterLibrary)
            assert library.search("a tabby cat", modality="image")[0].path == "photos/photo-04.png"
            assert library.overview().statistics.documents == library.statistics().documents
            assert "54 documents" in repr(library)
    assert repr(library).endswith(": closed>")
    with pytest.raises(ClosedLibraryError):
        library.search("a cat")


def test_a_search_sees_one_generation_of_the_manifest(directory: ClusterDirectory, tmp_path: Path) -> None:
    corpus = tmp_path / "more"
    corpus.mkdir()
    for n in range(6):
        (corpus / f"{n}.txt").write_text(f"A note about zebras, number {n}.\n")
    with opened(directory) as library, library.reading() as reading:
        held = reading.held.name
        index(corpus, directory.path)
        assert not reading.catalogue.find("0.txt")
        assert reading.documents.ids.size == reading.catalogue.select_items().size
        assert library.search("zebras")[0].path.endswith(".txt")
        with library.reading() as fresh:
            assert fresh.held.name != held
            assert fresh.catalogue.find("0.txt")


def test_a_missing_shard_is_an_error_or_is_named(directory: ClusterDirectory) -> None:
    lost = directory.shard_path(directory.read().shards[1])
    shutil.move(lost, lost.with_name("away"))
    with pytest.raises(ClusterError, match="shard-001"):
        opened(directory)
    with mmsearch.open(directory.path, partial=True) as library:  # type: ignore[call-arg]
        found = library.search("a tabby cat", cutoff=None, k=100)
        assert found.missing == ("shard-001",)
        assert found.to_dict()["partial"] is True
        assert found.to_dict()["missing"] == ["shard-001"]
        assert 0 < len(found) < 54
        assert library.ask("how long does the guarantee last?").missing == ("shard-001",)


def test_a_cluster_that_is_held_open_sees_the_next_run(directory: ClusterDirectory, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("A note about zebras.\n")
    with opened(directory) as library:
        before = library.generation
        library.refresh()
        assert library.generation == before
        index(note, directory.path)
        library.refresh()
        assert library.generation != before
        assert library.search("zebras")[0].path == "note.txt"


def test_an_answer_of_all_shards_does_not_speak_of_missing_ones(cluster: ClusterLibrary) -> None:
    found = cluster.search("a tabby cat")
    assert found.missing == ()
    assert not found.to_dict().keys() & {"partial", "missing"}


def test_what_changes_an_index_is_refused(cluster: ClusterLibrary, tmp_path: Path) -> None:
    for change in (
        lambda: cluster.remove(["photos/*"]),
        lambda: cluster.compact(),
        lambda: cluster.snapshot(tmp_path / "copy"),
        lambda: cluster.duplicates(),
    ):
        with pytest.raises(UsageError, match="shard"):
            change()


def test_a_damaged_manifest_is_told(directory: ClusterDirectory) -> None:
    directory.manifest_path.write_text(
        directory.manifest_path.read_text().replace("shard-001", "shard-00l", 1)
    )
    with pytest.raises(IndexDirectoryError, match="damaged"):
        mmsearch.open(directory.path)
