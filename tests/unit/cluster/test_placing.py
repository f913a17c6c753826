from __future__ import annotations

from collections import Counter

import pytest

from mmsearch.cluster.placing import shard_for

PATHS = [f"photos/{n // 10}/IMG_{n}.jpg" for n in range(3_000)]


def names(count: int) -> list[str]:
    return [f"shard-{number:03}" for number in range(count)]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 16])
def test_documents_spread_evenly(count: int) -> None:
    shares = Counter(shard_for("/corpus", path, names(count)) for path in PATHS)
    assert set(shares) == set(range(count))
    assert max(shares.values()) < 1.5 * len(PATHS) / count


def test_a_further_shard_takes_its_share_and_moves_nothing_else() -> None:
    before = [shard_for("/corpus", path, names(4)) for path in PATHS]
    after = [shard_for("/corpus", path, names(5)) for path in PATHS]
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {4}
    assert 0.7 * len(PATHS) / 5 < len(moved) < 1.3 * len(PATHS) / 5


def test_corpus_and_path_do_not_run_together() -> None:
    assert [shard_for("/a/b", f"c{n}", names(16)) for n in range(20)] != [
        shard_for("/a", f"b/c{n}", names(16)) for n in range(20)
    ]
    shard_for("/corpus", "half \udcff a name", names(2))
