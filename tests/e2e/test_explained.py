"""What the documentation says that ``--explain`` prints is what it prints, and the sums come out."""

from __future__ import annotations

import re
import subprocess
import sys
from math import log10
from pathlib import Path
from shlex import split

import pytest

import mmsearch
from mmsearch.search.ranking.corroboration import LACKING, LACKING_MORE

ROOT = Path(__file__).parents[2]
EXAMPLES = re.compile(r"^\$ (mmsearch query .*--explain)\n((?:  .*\n)+)", re.MULTILINE)


def numbers(printed: str) -> list[str]:
    """The lines that hold numbers: of the texts a page shows the beginning."""
    lines = (line.strip() for line in printed.splitlines())
    return [line for line in lines if re.match(r"[+=-]|\d+ +\d+ ", line)]


@pytest.mark.parametrize("page", ["README.md", "docs/scoring.md"])
def test_an_explanation_is_printed_as_a_page_shows_it(page: str, demo_index: Path) -> None:
    [(command, shown)] = EXAMPLES.findall((ROOT / page).read_text(encoding="utf-8"))
    words = [sys.executable, "-m", *split(command), "--index", str(demo_index)]
    finished = subprocess.run(words, capture_output=True, encoding="utf-8", check=True)
    assert numbers(finished.stdout) == numbers(shown)


def test_a_reader_can_do_the_sum(demo_index: Path) -> None:
    with mmsearch.open(demo_index) as library:
        results = library.search("green tea", cutoff=None, k=100)
    for hit in results:
        told = 0.0
        for reason in hit.explanation:
            assert reason.scales == pytest.approx((reason.raw - reason.location) / reason.scale)
            if reason.deviations is not None:
                assert reason.deviations == pytest.approx((reason.scales - reason.level) / reason.deviation)
            assert reason.contribution == pytest.approx(
                (reason.weight * reason.evidence) ** 2 / hit.score, abs=1e-5
            )
            told += (reason.weight * reason.evidence) ** 2
        assert hit.score == pytest.approx(told**0.5, abs=1e-5)
        assert hit.score == sum(reason.contribution for reason in hit.explanation)
        assert hit.strength == round(100 * (1 - 2 ** (-hit.score / 2)))
        surprise = max(reason.surprise for reason in hit.explanation)
        assert log10(hit.evalue) == pytest.approx(log10(results.searched) - surprise)
    lost = {round(reason.lost, 9) for hit in results for reason in hit.explanation}
    assert lost >= {0.0, LACKING + LACKING_MORE}
