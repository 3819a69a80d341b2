"""How often a break is seen where there is none, and how often a date's interval holds the date; both ways.

`benchmarks/coverage/breaks.py` runs larger sizes of the same.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from headwinds.explain.breaks import Breaks, find_breaks, find_common_breaks

from .broken import panel, series

LENGTH = 40


@pytest.fixture(scope="module")
def unbroken() -> list[Breaks]:
    """250 series of independent errors in which nothing breaks."""
    return [find_breaks(series(seed, LENGTH), most=2, draws=199) for seed in range(250)]


@pytest.mark.parametrize("number", [0, 2])
def test_independent_errors_are_taken_for_a_break_in_five_of_a_hundred(unbroken, number):
    """sup-F of one break, and UDmax."""
    assert 0.02 <= np.mean([found.tests[number].p_value <= 0.05 for found in unbroken]) <= 0.085


def test_the_largest_f_judged_as_if_its_date_were_known_finds_a_break_in_every_third_series(unbroken):
    """What the simulated critical values are there for."""
    naive = [stats.f.sf(found.tests[0].statistic, 1, LENGTH - 2) <= 0.05 for found in unbroken]
    assert 0.25 <= np.mean(naive) <= 0.42


def test_persistent_errors_are_taken_for_breaks_where_they_are_said_to_be_independent():
    found = [find_breaks(series(seed, 60, 0.5), most=2, draws=99) for seed in range(60)]
    assert np.mean([one.number > 0 for one in found]) > 0.35


def test_the_tabled_law_sees_breaks_too_often_with_persistent_errors_and_ours_does_not():
    """Critical values of independent errors, as tables have them, against those with the sample's own persistence."""
    tabled, ours = 0, 0
    plain = find_breaks(series(0), most=2, draws=999).tests[-1].critical_value
    for seed in range(60):
        test = find_breaks(series(seed, 60, 0.5), most=2, hac=True, draws=99).tests[-1]
        tabled += test.statistic > plain
        ours += test.p_value <= 0.05
    assert tabled / 60 > 0.12
    assert ours / 60 <= 0.12


@pytest.mark.slow
@pytest.mark.parametrize("persistence", [0.0, 0.5])
def test_persistent_errors_are_seldom_taken_for_a_break_with_hac(persistence):
    found = [find_breaks(series(seed, 60, persistence), most=2, hac=True, draws=99) for seed in range(100)]
    assert 0.01 <= np.mean([one.tests[2].p_value <= 0.05 for one in found]) <= 0.11


@pytest.mark.slow
@pytest.mark.parametrize("calmer", [0.25, 4.0])
def test_growth_that_only_calms_down_is_seldom_taken_for_growth_that_weakened(calmer):
    """Critical values of errors of one variance see a break in every eighth such series, with `hac` too."""
    seen = {True: 0, False: 0}
    for seed in range(120):
        values = series(seed, 60, calmer=calmer)
        for hac in seen:
            seen[hac] += find_breaks(values, most=1, hac=hac, draws=99).tests[0].p_value <= 0.05
    assert 0.0 < seen[True] / 120 <= 0.1 < seen[False] / 120


@pytest.mark.slow
def test_a_regime_in_which_nothing_breaks_is_split_in_five_of_a_hundred():
    """The sequential test, on series with one large break: two are found where only one is."""
    more = [find_breaks(series(seed, 60, shift=5.0), most=2, draws=99).number == 2 for seed in range(150)]
    assert 0.01 <= np.mean(more) <= 0.11


def test_a_clear_break_is_found_at_its_date():
    found = [find_breaks(series(seed, shift=3.0), most=3, draws=199) for seed in range(40)]
    assert np.mean([one.number == 1 for one in found]) >= 0.85
    assert np.mean([abs(one.dates[0] - 30) <= 1 for one in found if one.number]) >= 0.85


def coverage(shift: float, draws: int, **settings: object) -> float:
    inside = 0
    for seed in range(draws):
        found = find_breaks(series(seed, 60, shift=shift), most=1, number=1, draws=9, **settings)  # type: ignore[arg-type]
        lower, upper = found.intervals[0]
        inside += lower <= 30 <= upper
    return inside / draws


@pytest.mark.parametrize("shift", [0.7, 1.5])
def test_intervals_of_dates_hold_their_level(shift):
    """By the inverted likelihood ratio: a little above 95 %, as dates are whole periods."""
    assert 0.92 <= coverage(shift, 200) <= 0.995


def test_intervals_of_bai_are_too_short_where_the_break_is_small():
    assert coverage(0.7, 200, interval="bai") < 0.925


def test_intervals_of_bai_hold_their_level_where_the_break_is_large():
    assert 0.90 <= coverage(2.0, 150, interval="bai") <= 0.995


@pytest.mark.slow
def test_intervals_of_dates_hold_their_level_with_persistent_errors():
    inside = 0
    for seed in range(120):
        values = series(seed, 80, 0.5, shift=1.5)
        lower, upper = find_breaks(values, most=1, number=1, hac=True, draws=9).intervals[0]
        inside += lower <= 40 <= upper
    assert 0.89 <= inside / 120 <= 0.995


@pytest.mark.slow
@pytest.mark.parametrize("persistence", [0.0, 0.4])
def test_what_a_whole_panel_shares_is_seldom_taken_for_a_break(persistence):
    found = [
        find_common_breaks(panel(seed, persistence=persistence, shared=1.0), most=2, draws=99, seed=seed)
        for seed in range(80)
    ]
    assert 0.0 < np.mean([one.tests[2].p_value <= 0.05 for one in found]) <= 0.12


@pytest.mark.slow
@pytest.mark.parametrize(
    "world",
    [
        {"shift": 0.35, "spread": 0.2},
        {"shift": 0.8, "spread": 0.3, "shared": 1.0},
        {"shift": 1.5, "spread": 0.3, "shared": 1.0, "persistence": 0.4},
        {"shift": 0.35, "spread": 0.2, "calmer": 3**-0.5},  # the variance trebles with the break
    ],
)
def test_intervals_of_common_dates_nearly_hold_their_level(world):
    inside = 0
    for seed in range(40):
        lower, upper = find_common_breaks(panel(seed, **world), most=2, number=1, draws=9).intervals[0]
        inside += lower <= 1975 + 45 // 2 - 1 <= upper
    assert 0.85 <= inside / 40 < 1.0
