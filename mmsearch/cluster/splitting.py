"""A cluster made of an index directory that is there, with its vectors."""

from __future__ import annotations

from shutil import copyfile
from typing import TYPE_CHECKING

from mmsearch.cluster.building import create, finish
from mmsearch.cluster.moving import spread, with_encoders
from mmsearch.store.directory import POOLING, WEIGHTS

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.cluster.manifest import ClusterDirectory


def split(index_dir: Path, path: Path, shards: int) -> ClusterDirectory:
    """A new cluster at ``path`` of all that the index in ``index_dir`` holds, which stays as it is."""
    directory = create(path, shards)
    manifest = directory.read()
    targets = {shard.name: directory.shard_path(shard) for shard in manifest.shards}
    with directory.write_lock():
        spread(index_dir, targets, keep=True)
        for shard_path in targets.values():
            with_encoders(index_dir, shard_path)
            if (index_dir / POOLING).exists():
                copyfile(index_dir / POOLING, shard_path / POOLING)
        for name in (POOLING, WEIGHTS):
            if (index_dir / name).exists():
                copyfile(index_dir / name, path / name)
        finish(directory, manifest)
    return directory
