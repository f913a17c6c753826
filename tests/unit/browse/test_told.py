from __future__ import annotations

import re
from pathlib import Path

import mmsearch
from mmsearch.browse.asked import Asked
from mmsearch.browse.told import BAR, about, bars_of, chips_of, count_of, excerpt_of, name_of, passage_of


def test_the_bars_add_up_to_the_score_and_the_longest_is_full(library: mmsearch.Library) -> None:
    hit = library.search("green tea", k=1)[0]
    *bars, score = bars_of(hit)
    parts = [float(re.findall(r"[+-]\d+\.\d+", bar)[0]) for bar in bars]
    assert len(parts) == len(hit.explanation) >= 2
    assert abs(sum(parts) - float(score.split()[0])) < 0.002
    assert bars[0].startswith("█" * BAR)
    assert all(len(bar[:BAR].rstrip()) <= BAR for bar in bars)


def test_what_is_found_is_counted_and_nothing_is_said_so(library: mmsearch.Library) -> None:
    assert re.match(r"\d+ of (about )?\d+ · \d+ ms", count_of(library.search("a cat", k=1), 1))
    none = library.search("penguins in Antarctica", k=3)
    assert count_of(none, 3).startswith("nothing here matches, 3 guesses · ")


def test_nothing_that_a_terminal_obeys_is_told(hostile_index: Path) -> None:
    obeyed = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
    with mmsearch.open(hostile_index) as library:
        hits = library.search("a cup of tea", k=10, cutoff=None).hits
        assert hits
        for hit in hits:
            asked = Asked().clicked("likes", hit).filtered(("maker", hit.fields.get("maker", "")))
            told = [name_of(hit), excerpt_of(hit), passage_of(hit), *bars_of(hit), chips_of(asked, 1)]
            told += [text for pair in about(hit) for text in pair]
            assert not [text for text in told if obeyed.search(text)]
    assert any("\\x1b" in text for text in told)
