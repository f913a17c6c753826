from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mmsearch.errors import IndexDirectoryError, UsageError
from mmsearch.store import vectors as vectors_module
from mmsearch.store.appending import open_for_appending
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.check import check
from mmsearch.store.compact import compact
from mmsearch.store.directory import IndexDirectory
from mmsearch.store.kept.pooled import write_pooled
from mmsearch.store.kept.profiles import Profile, read_profile, write_profile
from mmsearch.store.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER = "pocket-aaaaaaaaaaaa"


def paths(index: Path) -> list[str]:
    with Catalogue.open(index / "catalogue.sqlite") as catalogue:
        return [item.path for item in catalogue.items(catalogue.select_items())]


def test_a_snapshot_is_an_index_with_all_that_people_gave(directory: IndexDirectory, tmp_path: Path) -> None:
    directory.write_weights({"words": 0.5})
    write_profile(directory.path, Profile("me", ({"path": "a.jpg"},)))
    write_pooled(directory.path / "ann" / FOLDER, 3, np.arange(9), np.ones((9, 8), np.float16))
    made = snapshot(directory, tmp_path / "copies" / "monday")
    copy = IndexDirectory.open(tmp_path / "copies" / "monday")
    files = {file.name for file in copy.path.iterdir() if file.is_file()}
    assert files == {"catalogue.sqlite", "checksums.json", "generation", "manifest.json", "weights.json"}
    assert check(copy.path) == []
    assert paths(copy.path) == paths(directory.path)
    assert copy.manifest() == directory.manifest()
    assert made.generation == copy.manifest().generation
    assert copy.read_weights() == {"words": 0.5}
    assert read_profile(copy.path, "me").likes == ({"path": "a.jpg"},)
    assert len([*(copy.path / "ann" / FOLDER).iterdir()]) == 3


def test_what_is_written_meanwhile_is_not_in_it(
    directory: IndexDirectory, tmp_path: Path, vector_of_row: Callable[..., Any]
) -> None:
    with directory.write_lock(), Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        [record] = catalogue.encoders()
        catalogue.remove(catalogue.find("c.txt"))  # lies in the log
        with open_for_appending(directory, catalogue, record, "text") as shards:
            shards.append(vector_of_row(np.arange(3), "text"))  # not committed
            snapshot(directory, tmp_path / "copy")
    assert check(tmp_path / "copy") == []
    assert "c.txt" not in paths(tmp_path / "copy")
    assert (tmp_path / "copy" / "vectors" / FOLDER / "text-0.f16").stat().st_size == 4 * 16


def test_a_full_shard_is_linked_and_a_writer_that_changes_it_changes_a_copy(
    directory: IndexDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = IndexDirectory.shards

    def small(self: IndexDirectory, *arguments: Any, **options: Any) -> vectors_module.VectorShards:
        shards = opened(self, *arguments, **options)
        shards.shard_rows = 2
        return shards

    monkeypatch.setattr(IndexDirectory, "shards", small)
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        catalogue.drop_vectors(1, "text", np.array([2, 3]))  # one shard of either, of two rows
    file = directory.path / "vectors" / FOLDER / "image-0.f16"
    made = snapshot(directory, tmp_path / "copy")
    linked = tmp_path / "copy" / "vectors" / FOLDER / "image-0.f16"
    assert made.linked >= 32
    assert os.path.samefile(file, linked)
    before = linked.read_bytes()
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        [record] = catalogue.encoders()
        catalogue.drop_vectors(record.encoder_id, "image", np.array([1]))
        open_for_appending(directory, catalogue, record, "image").close()
    assert file.stat().st_size == 16
    assert linked.read_bytes() == before


def test_a_compaction_that_ends_meanwhile_is_waited_for(
    directory: IndexDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmsearch.store import snapshot as module

    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        catalogue.remove(catalogue.find("a.jpg"))
    copied = module._copy_catalogue

    def then_compacted(source: Path, target: Path) -> None:
        copied(source, target)
        monkeypatch.setattr(module, "_copy_catalogue", copied)
        with directory.write_lock():
            compact(directory)

    monkeypatch.setattr(module, "_copy_catalogue", then_compacted)
    snapshot(directory, tmp_path / "copy")
    assert check(tmp_path / "copy") == []
    assert [entry.name for entry in (tmp_path / "copy" / "vectors").iterdir()] == [f"{FOLDER}.2"]


def test_nothing_is_overwritten_and_a_failure_leaves_nothing(
    directory: IndexDirectory, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="is there already"):
        snapshot(directory, tmp_path)
    os.truncate(directory.path / "vectors" / FOLDER / "text-0.f16", 20)
    with pytest.raises(IndexDirectoryError, match=r"too short.*check --repair"):
        snapshot(directory, tmp_path / "copy")
    (directory.path / "vectors" / FOLDER / "text-0.f16").unlink()
    with pytest.raises(IndexDirectoryError, match=r"is missing.*check"):
        snapshot(directory, tmp_path / "copy")
    assert not [*tmp_path.glob("copy*")]
