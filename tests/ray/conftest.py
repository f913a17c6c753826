"""One Ray cluster for all tests of it; they run when they are asked for by their mark (`make test-ray`)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before ray is imported: nothing is reported, no token is written or asked for, and a busy machine has time to start.
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",
    "RAY_raylet_start_wait_time_s": "120",
}
NODES = 3


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests alone unless they are meant."""
    return None if "ray" in (config.option.markexpr or "") else True


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Three nodes on this machine. Ray's own start fails now and then where much else runs: it is tried twice."""
    pytest.importorskip("ray", reason="Ray comes with the extra `ray`")
    home = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    for name, value in {**SETTINGS, "HOME": str(home), "PYTHONPATH": os.getcwd()}.items():
        patch.setenv(name, value)
    try:
        cluster = _started()
    except Exception:  # whatever Ray raises when a process of it does not come up
        time.sleep(5)
        cluster = _started()
    import ray

    ray.init(address=cluster.address, namespace="mmsearch", log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    patch.undo()


def _started() -> Any:
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        for _ in range(NODES - 1):
            cluster.add_node(num_cpus=1, object_store_memory=100 * 2**20)
        cluster.wait_for_nodes(timeout=120)
    except Exception:
        cluster.shutdown()
        raise
    return cluster
