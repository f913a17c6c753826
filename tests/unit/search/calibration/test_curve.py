from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.search.calibration.curve import BULK, GAUSSIAN_BULK, HEAVIEST_SHAPE, Curve, fit_tail


def test_without_measurements_scores_fall_off_as_a_gaussian_does() -> None:
    values = np.array([-2.0, 0.0, 1.0, 2.0, 3.0])
    truth = [math.log(0.5 * math.erfc(value / math.sqrt(2.0))) for value in values]
    np.testing.assert_allclose(Curve().log_survival(values), truth, atol=0.06)


def test_the_bulk_is_exceeded_with_the_probabilities_that_it_stands_for() -> None:
    found = Curve().log_survival(np.array(GAUSSIAN_BULK))
    np.testing.assert_allclose(np.exp(found), BULK, rtol=1e-9)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30),
    st.floats(0.05, 5.0),
    st.floats(-0.5, 1.5),
)
def test_a_higher_score_is_never_likelier(values: list[float], slope: float, share: float) -> None:
    curvature = share * slope**2 * HEAVIEST_SHAPE if share < 0 else share
    curve = Curve(slope=slope, curvature=curvature)
    found = curve.log_survival(np.sort(np.array(values)))
    assert np.isfinite(found).all()
    assert (np.diff(found) <= 1e-12).all()
    assert (found <= 0).all()


def test_a_fitted_exponential_tail_is_found_again() -> None:
    beyond = np.linspace(0.02, 4, 200)
    slope, curvature = fit_tail(beyond, 1.7 * beyond)
    assert slope == pytest.approx(1.7, rel=0.02)
    assert curvature == pytest.approx(0, abs=0.02)
