"""Index a corpus into a cluster, with workers in this process or on Ray."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.cluster.building import LocalWorkers, create, index_cluster
from mmsearch.cluster.manifest import MOST_REPLICAS, ClusterDirectory
from mmsearch.cluster.opening import is_cluster
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from mmsearch.cluster.building import Workers
    from mmsearch.ingest.options import IndexOptions, IndexReport


def index(
    corpus: str | Path,
    index_dir: str | Path,
    *,
    shards: int | None = None,
    ray: str | None = None,
    replicas: int | None = None,
    encoder: str | None = None,
    options: IndexOptions | None = None,
) -> IndexReport:
    """Bring the cluster in ``index_dir`` up to date with ``corpus``, as `mmsearch.index` does an index directory.

    ``shards``: how many it has, or is to have from now on; None: as many as there are. ``ray``: the address of a Ray
    cluster whose machines do the work (HOST:PORT, or "auto"); None: this process does. ``replicas``: how
    many processes answer for each shard on Ray from now on; None: as many as before, at first one. Raises UsageError
    when there is no cluster and ``shards`` is not given, or there are more than that, or too many ``replicas``.
    """
    path = Path(index_dir)
    if shards is None and not is_cluster(path):
        raise UsageError(f"there is no cluster at {path}: say how many --shards it is to have")
    if replicas is not None and not 1 <= replicas <= MOST_REPLICAS:
        raise UsageError(f"a shard has 1 to {MOST_REPLICAS} replicas, not {replicas:,}")
    workers: Workers = LocalWorkers()
    if ray is not None:
        from mmsearch.cluster.rays import RayWorkers, connect

        connect(ray)
        workers = RayWorkers()
    directory = ClusterDirectory(path) if shards is None else create(path, shards)
    if replicas is not None:
        with directory.write_lock():
            directory.write(replace(directory.read(), replicas=replicas))
    return index_cluster(Path(corpus).expanduser(), directory, workers, encoder=encoder, options=options)
