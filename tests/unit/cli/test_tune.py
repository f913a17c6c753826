"""``mmsearch tune``: weights that were learned are forgotten again."""

from __future__ import annotations

from pathlib import Path

import mmsearch
from mmsearch.search.ranking.weights import LearnedWeights
from tests.unit.cli.conftest import Run


def test_forget_drops_what_was_learned(run: Run, own_index: Path) -> None:
    with mmsearch.open(own_index) as library:
        library.keep_weights(LearnedWeights({"words": 0.5}, "nDCG@10", 0.5, 0.6, 0.01, 10, "judged.qrels"))
    assert "weights  words 0.5" in run("stats", "--index", own_index).stdout
    assert run("tune", "--forget", "--index", own_index).stdout == "every channel counts 1 again\n"
    with mmsearch.open(own_index) as library:
        assert library.learned_weights is None
