"""A cluster whose shards and workers are Ray's actors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import mmsearch
from mmsearch.cluster.building import create, index_cluster, opened
from mmsearch.cluster.library import ClusterLibrary
from mmsearch.cluster.manifest import ClusterDirectory
from mmsearch.cluster.rays import RayTransport, RayWorkers
from mmsearch.cluster.splitting import split
from mmsearch.errors import ClusterError, UsageError

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]  # ray's own code warns
QUERIES = ["a tabby cat", "tea", "a cup of coffee", '"green tea"', "cat -coffee", "bicyc", "photo"]


def answers(library: mmsearch.Library) -> list[list[tuple[str, str, float, float]]]:
    """Everything that is found, with scores and expected counts."""
    return [
        [
            (hit.path, str(hit.locator), round(hit.score, 6), round(hit.evalue, 6))
            for hit in library.search(text, cutoff=None, k=100)
        ]
        for text in QUERIES
    ]


@pytest.fixture(scope="module")
def directory(nodes: Any, demo_index: Path, tmp_path_factory: pytest.TempPathFactory) -> ClusterDirectory:
    return split(demo_index, tmp_path_factory.mktemp("cluster") / "cluster", 3)


@pytest.fixture
def transport(directory: ClusterDirectory) -> Iterator[RayTransport]:
    transport = RayTransport.of(directory)
    yield transport
    transport.stop()


def test_actors_answer_as_one_index_does(
    demo_index: Path, directory: ClusterDirectory, transport: RayTransport
) -> None:
    with mmsearch.open(demo_index) as one, ClusterLibrary(directory, transport) as cluster:
        assert answers(cluster) == answers(one)
        with pytest.raises(UsageError, match="no document has a field 'size'"):
            cluster.search("a cat", where="size > 3")
        assert len(set(transport.processes().values())) == 3


def test_a_place_on_ray_opens(nodes: Any, directory: ClusterDirectory) -> None:
    place = f"ray://{nodes.address}{directory.manifest_path}"
    with mmsearch.open(place) as library:
        assert library.search("a tabby cat", modality="image")[0].path == "photos/photo-04.png"
    with pytest.raises(UsageError, match="names no cluster"):
        mmsearch.open("ray://auto")


def test_an_address_where_nothing_answers_is_told(directory: ClusterDirectory) -> None:
    arguments = [sys.executable, "-m", "mmsearch", "query", "tea", "--index"]
    for address in ("127.0.0.1:9", "no-port"):
        place = f"ray://{address}{directory.path}"
        finished = subprocess.run([*arguments, place], capture_output=True, text=True, check=False)
        assert finished.returncode == 7
        assert f"no Ray cluster answers at {address}" in finished.stderr


def test_a_killed_shard_is_waited_for_and_nothing_is_missing(
    directory: ClusterDirectory, transport: RayTransport
) -> None:
    with ClusterLibrary(directory, transport) as library:
        expected = answers(library)
        for number in (1, 2):
            os.kill(transport.processes()[number], signal.SIGKILL)
            assert answers(library) == expected


def test_a_shard_that_stays_away_is_an_error_or_is_named(
    nodes: Any, demo_index: Path, tmp_path: Path
) -> None:
    directory = split(demo_index, tmp_path / "cluster", 2)
    transport = RayTransport.of(directory, patience=30.0)
    library = ClusterLibrary(directory, transport)
    library.search("tea")
    lost = directory.shard_path(directory.read().shards[1])
    lost.rename(lost.with_name("away"))
    os.kill(transport.processes()[1], signal.SIGKILL)
    time.sleep(0.5)
    with pytest.raises(ClusterError, match="shard-001"):
        library.search("tea")
    with ClusterLibrary(directory, transport, partial=True) as partial:
        assert partial.search("tea").missing == ("shard-001",)
    lost.with_name("away").rename(lost)
    assert library.search("tea").missing == ()
    transport.stop()


def test_replicas_stand_in_for_each_other(nodes: Any, directory: ClusterDirectory) -> None:
    transport = RayTransport.of(directory, replicas=2)
    with ClusterLibrary(directory, transport) as library:
        expected = answers(library)
        assert answers(library) == expected
    transport.stop()


def test_a_node_that_is_taken_away_with_its_processes_leaves_answers_whole(
    nodes: Any, directory: ClusterDirectory, transport: RayTransport
) -> None:
    with ClusterLibrary(directory, transport) as library:
        expected = answers(library)
        processes = transport.processes()
        raylets = {_raylet(node): node for node in nodes.list_all_nodes() if not node.is_head()}
        doomed = {pid: parent for pid in processes.values() if (parent := _parent(pid)) in raylets}
        assert doomed, "no shard lies on a node beside the head"
        lost = next(iter(doomed.values()))
        nodes.remove_node(raylets[lost], allow_graceful=False)
        for pid, parent in doomed.items():
            if parent == lost:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        try:
            assert answers(library) == expected
            assert not {pid for pid, parent in doomed.items() if parent == lost} & set(
                transport.processes().values()
            )
        finally:
            nodes.add_node(num_cpus=1, object_store_memory=100 * 2**20)


def _raylet(node: Any) -> int:
    """The process of a node, whose children its actors are."""
    return int(node.all_processes["raylet"][0].process.pid)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_workers_index_shards_and_go_on_after_one_is_killed(
    nodes: Any, demo_corpus: Path, tmp_path: Path
) -> None:
    directory = create(tmp_path / "cluster", 3)
    command = (
        "import sys, pathlib\n"
        "from mmsearch.cluster.rays import connect, RayWorkers\n"
        "from mmsearch.cluster.building import index_cluster\n"
        "from mmsearch.cluster.manifest import ClusterDirectory\n"
        "connect(sys.argv[1])\n"
        "corpus, path = map(pathlib.Path, sys.argv[2:])\n"
        "print(index_cluster(corpus, ClusterDirectory(path), RayWorkers(2)).added)\n"
    )
    arguments = [sys.executable, "-c", command, nodes.address, str(demo_corpus), str(directory.path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as run:
        killed = _kill_one_indexer(run)
        output, _ = run.communicate(timeout=300)
    assert killed
    assert run.returncode == 0, output
    report = index_cluster(demo_corpus, directory, RayWorkers(2))
    assert (report.unchanged, report.added) == (54, 0)
    with opened(directory) as library:
        assert library.statistics().documents == 54


def _kill_one_indexer(run: subprocess.Popen[str]) -> bool:
    """Kill -9 an indexing process as soon as there is one."""
    end = time.monotonic() + 120
    while time.monotonic() < end and run.poll() is None:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if words.startswith(b"ray::Indexer"):
                    time.sleep(1.0)
                    os.kill(int(entry.name), signal.SIGKILL)
                    return True
        time.sleep(0.05)
    return False
