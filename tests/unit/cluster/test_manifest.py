from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.cluster.manifest import ClusterDirectory, ClusterManifest, ShardEntry
from mmsearch.errors import IndexDirectoryError, IndexFormatError

MANIFEST = ClusterManifest(
    (ShardEntry("shard-000", "shards/shard-000", 3, 7), ShardEntry("shard-001", "shards/shard-001")),
    "pocket",
    "f" * 64,
    4,
    {"documents": 3},
    replicas=2,
)


def test_a_manifest_comes_back(tmp_path: Path) -> None:
    directory = ClusterDirectory(tmp_path)
    directory.write(MANIFEST)
    assert directory.read() == MANIFEST
    assert directory.shard_path(MANIFEST.shards[1]) == tmp_path / "shards/shard-001"


def test_a_manifest_that_knows_no_replicas_means_one() -> None:
    data = MANIFEST.to_data()
    del data["replicas"]
    assert ClusterManifest.of_data(data).replicas == 1


def test_a_flipped_byte_is_told(tmp_path: Path) -> None:
    directory = ClusterDirectory(tmp_path)
    directory.write(MANIFEST)
    whole = directory.manifest_path.read_bytes()
    for place in range(len(whole) // 2, len(whole), 37):
        directory.manifest_path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises((IndexDirectoryError, IndexFormatError)):
            directory.read()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"format": 2}, IndexFormatError),
        ({"kind": "another"}, IndexDirectoryError),
        ({"shards": []}, IndexDirectoryError),
        ({"shards": "none"}, IndexDirectoryError),
        ({"statistics": None}, IndexDirectoryError),
        (
            {"shards": [{"name": "a", "folder": "../../etc", "documents": 0, "generation": 0}]},
            IndexDirectoryError,
        ),
        ({"shards": [{"name": "a", "folder": "/etc", "documents": 0, "generation": 0}]}, IndexDirectoryError),
        (
            {"shards": 2 * [{"name": "a", "folder": "a", "documents": 0, "generation": 0}]},
            IndexDirectoryError,
        ),
    ],
)
def test_what_is_no_manifest_is_refused(
    tmp_path: Path, changes: dict[str, object], error: type[Exception]
) -> None:
    from mmsearch.store.durable.sealed import write_sealed

    directory = ClusterDirectory(tmp_path)
    write_sealed(directory.manifest_path, MANIFEST.to_data() | changes)
    with pytest.raises(error):
        directory.read()
