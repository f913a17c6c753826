from __future__ import annotations

from dataclasses import replace

from mmsearch.cli.output.reasons import chance, steps, total
from mmsearch.search.results.hit import Hit, Reason
from mmsearch.types import Locator

LIKE = Reason(
    channel="pocket text→text", part="tea", item_id=1, raw=0.5, location=0.1, scale=0.1, scales=4.0, weight=1.0,
    contribution=9.0 / 5.0, evidence=3.0, level=0.5, deviation=1.0, deviations=3.5, surprise=3.2,
)  # fmt: skip
WORDS = Reason(
    channel="words", part="tea", item_id=1, raw=8.0, location=0.0, scale=4.0, scales=2.0, weight=1.0,
    contribution=16.0 / 5.0, evidence=4.0, surprise=3.0,
)  # fmt: skip
MINUS = Reason(
    channel="exclusion", part="-milk", item_id=1, raw=1.3, location=0.3, scale=1.0, scales=1.0, weight=-0.5,
    contribution=-0.5,
)  # fmt: skip


def hit(*reasons: Reason) -> Hit:
    score = sum(reason.contribution for reason in reasons)
    return Hit(
        1, score, 1, 1, "/", "tea.txt", "text", Locator(), None, None, None, {}, 0.5, 50, 0.001, tuple(reasons)
    )  # fmt: skip


def test_each_step_from_the_raw_score_is_named() -> None:
    assert steps(LIKE) == (
        "raw 0.500, +4.00 scales above 0.100, +3.50 deviations above the query's 0.50, evidence 3.000, weight 1"
    )
    assert steps(WORDS) == "raw 8.000, evidence 4.000, weight 1"
    assert steps(MINUS) == "+1.30 is 1.00 beyond 0.3, weight -0.5"


def test_what_words_take_is_said() -> None:
    assert "evidence 2.400 (3.000 less 20 % for words it lacks)" in steps(
        replace(LIKE, evidence=2.4, lost=0.2)
    )


def test_what_has_no_evidence_is_counted_in_scales() -> None:
    around = Reason("surroundings", "what it is like", 1, 1.5, 0.0, 1.0, 1.5, 2.0 / 3.0, 1.0)
    assert steps(around) == "raw 1.500, +1.50 scales above 0.000, weight 0.667"


def test_the_sum_is_that_of_the_p_norm_less_what_exclusions_take() -> None:
    assert total(hit(LIKE, WORDS)) == "√(3.000² + 4.000²)"
    assert total(hit(LIKE, WORDS, MINUS)) == "√(3.000² + 4.000²) - 0.500"


def test_parts_of_one_channel_are_one_summand() -> None:
    parts = [
        replace(LIKE, channel=f"pocket {kind}→text", weight=weight, contribution=weight * 9.0 / 5.0)
        for kind, weight in (("text", 0.6), ("image", 0.8))
    ]
    rest = 9.0 / 5.0 - sum(part.contribution for part in parts)
    parts[1] = replace(parts[1], contribution=parts[1].contribution + rest)
    assert total(hit(*parts, WORDS)) == "√(3.000² + 4.000²)"


def test_no_formula_is_shown_that_does_not_give_the_score() -> None:
    assert total(hit(LIKE)) == ""
    assert total(hit(LIKE, replace(WORDS, contribution=4.0))) == ""  # another fusion


def test_the_expected_count_comes_from_the_surprise() -> None:
    assert chance(hit(LIKE), 54) == "0.001 = 54 x 10^-4.73"
    assert chance(replace(hit(LIKE), evalue=0.0), 54) == "0"
