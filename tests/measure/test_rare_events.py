"""Intervals of rare counts: valid at zero, exact where everything was counted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gamma

from headwinds.measure.rare_events import weighted_count_interval


def bounds(total, variance, largest):
    lower, upper = weighted_count_interval(*(np.array([[float(x)]]) for x in (total, variance, largest)))
    return float(lower[0, 0]), float(upper[0, 0])


def test_nothing_counted_still_leaves_a_width():
    assert bounds(0, 0, 0.01) == (0.0, pytest.approx(0.01 * gamma(1).ppf(0.95), rel=1e-6))


def test_one_count_gives_the_mid_p_poisson_interval():
    lower, upper = bounds(1, 1, 1)
    middle = lambda bound: 0.5 * gamma(1).cdf(bound) + 0.5 * gamma(2).cdf(bound)  # noqa: E731
    assert middle(lower) == pytest.approx(0.025, abs=1e-6)
    assert middle(upper) == pytest.approx(0.975, abs=1e-6)


def test_a_total_without_error_has_no_width():
    """All of a stratum would be read: more labels can then not be forecast to widen the interval."""
    assert bounds(0.02, 0, 0) == (0.02, 0.02)


def test_a_known_part_has_a_narrower_interval_than_a_counted_one():
    lower, upper = bounds(0.02, 0, 0.01)
    counted = bounds(0.02, 0.0002, 0.01)
    assert counted[0] < lower <= 0.02 < upper < counted[1]
