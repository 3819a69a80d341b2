"""An interval asks of each possible truth how uncertain the estimate would then be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwinds.contracts.score_interval import score_interval

number = st.floats(-5, 5)
positive = st.floats(0.01, 5)


@given(number, positive, number, st.floats(0, 0.2), st.floats(0.5, 2))
def test_at_each_end_the_test_of_that_value_just_does_not_reject(value, constant, linear, square, reach):
    # A variance is never negative, so the curve has no root.
    linear = np.clip(linear, -1, 1) * 2 * np.sqrt(constant * square)
    for end, side in zip(
        score_interval(np.array([value]), np.array([[constant, linear, square]]), reach)[0],
        (-1, 1),
        strict=True,
    ):
        apart = end - value
        assert np.sign(apart) == side
        assert apart**2 == pytest.approx(
            reach**2 * (constant + linear * apart + square * apart**2), rel=1e-6, abs=1e-9
        )


def test_without_a_slope_of_the_variance_it_is_the_common_interval():
    found = score_interval(np.array([2.0, -1.0]), np.array([[0.25, 0, 0], [4.0, 0, 0]]), 1.96)
    assert found == pytest.approx(np.array([[2 - 0.98, 2 + 0.98], [-1 - 3.92, -1 + 3.92]]))


def test_where_the_error_may_be_all_of_the_signal_there_are_no_ends():
    assert score_interval(np.array([1.0]), np.array([[1.0, 0.0, 0.3]]), 2.0).tolist() == [[-np.inf, np.inf]]


def test_what_is_not_known_stays_unknown():
    assert np.isnan(score_interval(np.array([np.nan]), np.array([[np.nan] * 3]), 2.0)).all()


def test_a_ratio_is_missed_on_both_sides_alike_where_the_common_interval_misses_on_one():
    """Fieller's own problem, numerator 3 (sd 0.15) over denominator 1 (sd 0.2), 10,000 draws: 94.3 to 95.7%."""
    rng = np.random.default_rng(0)
    above, below = 3 + 0.15 * rng.standard_normal(10_000), 1 + 0.2 * rng.standard_normal(10_000)
    ratio = above / below
    # The variance of (above - truth x below) / below, at truth = ratio + t.
    curve = (
        np.column_stack([0.15**2 + 0.04 * ratio**2, 2 * 0.04 * ratio, np.full(10_000, 0.04)])
        / below[:, None] ** 2
    )
    lower, upper = score_interval(ratio, curve, 1.96).T
    assert 0.943 <= np.mean((lower <= 3) & (upper >= 3)) <= 0.957
    assert 0.02 <= np.mean(upper < 3) <= 0.03
    assert 0.02 <= np.mean(lower > 3) <= 0.03
    reach = 1.96 * np.sqrt(curve[:, 0])
    assert np.mean(ratio + reach < 3) > 0.05
    assert np.mean(ratio - reach > 3) < 0.005
