from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import mmsearch
from mmsearch.cluster.building import opened
from mmsearch.cluster.indexing import index
from mmsearch.cluster.manifest import ClusterDirectory
from mmsearch.cluster.placing import shard_for
from mmsearch.cluster.splitting import split
from mmsearch.errors import IndexFormatError, RemovalError, UsageError


def shards_hold(directory: ClusterDirectory) -> dict[str, set[str]]:
    """The paths that each shard holds, by its name; no path twice."""
    found = {}
    for shard in directory.read().shards:
        with mmsearch.open(directory.shard_path(shard)) as library:
            found[shard.name] = {path for _, _, path in library.catalogue.document_paths()}
    assert sum(map(len, found.values())) == len(set().union(*found.values()))
    return found


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for n in range(12):
        (folder / f"{n}.txt").write_text(f"Notes about the {n}th lantern in the harbour.\n")
    return folder


def test_a_corpus_is_indexed_into_shards_and_kept_up_to_date(corpus: Path, tmp_path: Path) -> None:
    directory = ClusterDirectory(tmp_path / "cluster")
    report = index(corpus, directory.path, shards=3)
    assert (report.added, dict(report.encoded)) == (12, {"text": 12})
    names = directory.read().names
    place = str(corpus.resolve())
    for name, paths in shards_hold(directory).items():
        assert paths == {f"{n}.txt" for n in range(12) if names[shard_for(place, f"{n}.txt", names)] == name}
    (corpus / "3.txt").unlink()
    (corpus / "4.txt").write_text("A text about something else.\n")
    report = index(corpus, directory.path)
    assert (report.added, report.updated, report.removed, report.unchanged) == (0, 1, 1, 10)
    manifest = directory.read()
    assert (manifest.generation, sum(shard.documents for shard in manifest.shards)) == (2, 11)
    with opened(directory) as library:
        assert library.search("something else")[0].path == "4.txt"
        assert library.statistics().documents == 11


def test_how_many_replicas_a_shard_has_is_kept(corpus: Path, tmp_path: Path) -> None:
    directory = ClusterDirectory(tmp_path / "cluster")
    for replicas, kept in ((2, 2), (None, 2), (1, 1)):
        index(corpus, directory.path, shards=2, replicas=replicas)
        assert directory.read().replicas == kept
    with pytest.raises(UsageError, match="1 to 16 replicas"):
        index(corpus, directory.path, replicas=17)


def test_a_rename_within_a_shard_is_one(corpus: Path, tmp_path: Path) -> None:
    directory = ClusterDirectory(tmp_path / "cluster")
    index(corpus, directory.path, shards=2)
    names, place = directory.read().names, str(corpus.resolve())
    own = shard_for(place, "5.txt", names)
    new = next(f"new-{n}.txt" for n in range(99) if shard_for(place, f"new-{n}.txt", names) == own)
    other = next(f"other-{n}.txt" for n in range(99) if shard_for(place, f"other-{n}.txt", names) != own)
    (corpus / "5.txt").rename(corpus / new)
    report = index(corpus, directory.path)
    assert (report.renamed, report.added, report.removed, dict(report.encoded)) == (1, 0, 0, {})
    (corpus / new).rename(corpus / other)
    report = index(corpus, directory.path)
    assert (report.renamed, report.added, report.removed) == (0, 1, 1)


def test_shards_are_added_without_encoding_anything(corpus: Path, tmp_path: Path) -> None:
    directory = ClusterDirectory(tmp_path / "cluster")
    index(corpus, directory.path, shards=2)
    with opened(directory) as library:
        before = [(hit.path, hit.score) for hit in library.search("lantern", cutoff=None, k=20)]
    report = index(corpus, directory.path, shards=4)
    assert (report.unchanged, dict(report.encoded)) == (12, {})
    held = shards_hold(directory)
    assert len(held) == 4
    assert set().union(*held.values()) == {f"{n}.txt" for n in range(12)}
    with opened(directory) as library:
        after = [(hit.path, hit.score) for hit in library.search("lantern", cutoff=None, k=20)]
    assert [path for path, _ in after] == [path for path, _ in before]
    assert [score for _, score in after] == pytest.approx([score for _, score in before], abs=1e-6)
    with pytest.raises(UsageError, match="none can be taken away"):
        index(corpus, directory.path, shards=3)


def test_tags_go_with_their_documents(corpus: Path, tmp_path: Path) -> None:
    with mmsearch.index(corpus, tmp_path / "one") as library:
        library.tag(["lantern", "boat"], cutoff=None, single=True)
        tagged = library.facets("tags")
    directory = split(tmp_path / "one", tmp_path / "cluster", 3)
    with opened(directory) as library:
        assert library.facets("tags") == tagged
    index(corpus, directory.path, shards=5)
    with opened(directory) as library:
        assert library.facets("tags") == tagged


def test_a_corpus_that_is_out_of_reach_is_not_taken_for_an_empty_one(corpus: Path, tmp_path: Path) -> None:
    directory = ClusterDirectory(tmp_path / "cluster")
    index(corpus, directory.path, shards=2)
    for n in range(9):
        (corpus / f"{n}.txt").unlink()
    with pytest.raises(RemovalError, match="only 3 of the 12"):
        index(corpus, directory.path)
    assert index(corpus, directory.path, options=mmsearch.IndexOptions(allow_removal=True)).removed == 9


def test_only_an_empty_folder_becomes_a_cluster(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="how many --shards"):
        index(corpus, tmp_path / "nothing")
    with pytest.raises(IndexFormatError, match="holds other things"):
        index(corpus, corpus, shards=2)
    with pytest.raises(UsageError, match="1 to 4,096 shards"):
        index(corpus, tmp_path / "cluster", shards=5_000)
    with pytest.raises(UsageError, match="there is no corpus"):
        index(tmp_path / "nowhere", tmp_path / "cluster", shards=2)


def test_what_can_not_be_read_is_reported_once(corpus: Path, tmp_path: Path) -> None:
    (corpus / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    report = index(corpus, tmp_path / "cluster", shards=3)
    assert [entry.path for entry in report.skipped] == ["broken.jpg"]
    shutil.rmtree(tmp_path / "cluster" / "shards")
