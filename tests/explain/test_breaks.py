"""Breaks: the partition, the size of the tests, the coverage of the dates, what must not matter, what is refused."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import ruptures

from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.breaks import find_breaks
from headwinds.explain.breaks.dates import argmax_quantiles
from headwinds.explain.breaks.likelihood_ratio import critical_cost
from headwinds.explain.breaks.partition import best_partitions, segment_sums

from .broken import series

# The partition


def test_the_partition_is_the_best_of_all_partitions():
    draw = np.random.default_rng(3)
    values = draw.normal(size=22)
    design = np.column_stack([np.ones(22), draw.normal(size=22)])

    def cost(edges: tuple[int, ...]) -> float:
        total = 0.0
        for first, last in zip((0, *edges), (*edges, 22), strict=True):
            fit = np.linalg.lstsq(design[first:last], values[first:last], rcond=None)[0]
            total += float(((values[first:last] - design[first:last] @ fit) ** 2).sum())
        return total

    least, places = best_partitions(segment_sums(values[None], design, 4), 3)
    for number in range(4):
        allowed = [
            edges
            for edges in combinations(range(4, 19), number)
            if all(b - a >= 4 for a, b in zip((0, *edges), (*edges, 22), strict=True))
        ]
        best = min(allowed, key=cost)
        assert tuple(places[0, number, :number].tolist()) == best
        assert least[0, number] == pytest.approx(cost(best), rel=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_the_partition_is_that_of_ruptures(seed):
    values = series(seed, 80, 0.4, shift=1.0)
    search = ruptures.Dynp(model="l2", min_size=12, jump=1).fit(values)
    _, places = best_partitions(segment_sums(values[None], np.ones((80, 1)), 12), 4)
    for number in range(1, 5):
        assert places[0, number, :number].tolist() == search.predict(n_bkps=number)[:-1]


# The law of the dates


def test_the_place_of_the_highest_point_is_that_of_the_published_law():
    """Bai (1997): 7.7 and 11.0 in the symmetric case; else by simulating the two-sided walk."""
    assert argmax_quantiles(0.90, xi=1.0, phi_ratio=1.0)[1] == pytest.approx(7.69, abs=0.01)
    assert argmax_quantiles(0.95, xi=1.0, phi_ratio=1.0) == pytest.approx((-11.03, 11.03), abs=0.01)
    xi, ratio, step = 2.0, 1.3, 0.05
    draw = np.random.default_rng(2)
    time = np.arange(1, 2001) * step
    walk = draw.normal(scale=np.sqrt(step), size=(2, 4000, 2000)).cumsum(axis=2)
    left, right = walk[0] - time / 2, np.sqrt(xi) * ratio * walk[1] - xi * time / 2
    place = np.where(left.max(1) > right.max(1), -time[left.argmax(1)], time[right.argmax(1)])
    place = np.where(np.maximum(left.max(1), right.max(1)) < 0, 0.0, place)
    low, high = argmax_quantiles(0.95, xi=xi, phi_ratio=ratio)
    assert np.mean(place < low) == pytest.approx(0.025, abs=0.009)
    assert np.mean(place > high) == pytest.approx(0.025, abs=0.009)


def test_the_critical_value_of_the_likelihood_ratio_is_the_published_one():
    """Hansen (2000), table I: 7.35 at 95 %."""
    assert critical_cost((1.0, 1.0)) == pytest.approx(7.35, abs=0.005)
    assert critical_cost((2.0, 2.0)) == pytest.approx(2 * critical_cost((1.0, 1.0)))
    assert 7.35 < critical_cost((1.0, 2.0)) < 14.7


# What must not matter


@pytest.mark.parametrize("hac", [False, True])
def test_units_and_the_zero_of_the_outcome_do_not_matter(hac):
    values = series(4, shift=2.0)
    one = find_breaks(values, hac=hac, most=2, draws=49)
    other = find_breaks(1e6 + 1e-3 * values, hac=hac, most=2, draws=49)
    assert one.dates == other.dates
    assert one.intervals == other.intervals
    assert [test.statistic for test in one.tests] == pytest.approx(
        [test.statistic for test in other.tests], rel=1e-6
    )
    assert 1e-3 * one.standard_errors == pytest.approx(other.standard_errors, rel=1e-6)


def test_moving_the_years_moves_the_dates():
    values = series(4, shift=2.0)
    one = find_breaks(values, periods=range(1900, 1960), most=2, draws=49)
    other = find_breaks(values, periods=range(1950, 2010), most=2, draws=49)
    assert [date + 50 for date in one.dates] == list(other.dates)
    assert one.tests == other.tests


def test_a_trend_may_be_counted_from_any_year_and_in_any_unit():
    time = np.arange(70.0)
    values = series(5, 70) + 0.1 * time - 0.15 * np.maximum(time - 40, 0)
    one = find_breaks(
        values, np.column_stack([np.ones(70), time]), names=("level", "trend"), most=2, draws=49
    )
    other = find_breaks(
        values, np.column_stack([np.ones(70), 1950 + 10 * time]), names=("level", "trend"), most=2, draws=49
    )
    assert one.dates == other.dates
    assert one.coefficients[:, 1] == pytest.approx(10 * other.coefficients[:, 1], rel=1e-6)
    assert [test.statistic for test in one.tests] == pytest.approx(
        [test.statistic for test in other.tests], rel=1e-6
    )


def test_the_same_inputs_give_the_same_result():
    values = series(6, shift=1.0)
    one, other = (find_breaks(values, hac=True, most=2, draws=49, seed=3) for _ in range(2))
    assert one.tests == other.tests
    assert one.intervals == other.intervals


def test_other_seeds_move_p_values_and_no_dates():
    values = series(6, shift=2.0)
    one, other = (find_breaks(values, most=2, draws=199, seed=seed) for seed in (1, 2))
    assert one.candidates == other.candidates
    assert one.tests != other.tests


# The face


def test_the_result_says_what_was_found_and_draws_itself():
    found = find_breaks(series(7, shift=3.0), periods=range(1960, 2020), most=2, draws=99)
    assert found.summary().startswith("One break is found")
    assert "after 1989 (95 % interval" in found.summary()
    assert found.table["last"].tolist() == [1989, 2019]
    assert found.table["break_lower"].isna().tolist() == [False, True]
    assert len(found.plot().axes) == 2
    assert len(find_breaks(series(8), most=1, number=0, draws=9).plot().axes) == 1
    assert r"\toprule" in found.to_latex()


def test_a_date_that_could_be_anywhere_gets_a_finding():
    found = find_breaks(series(9), most=1, number=1, draws=9)
    assert [finding.code for finding in found.findings] == ["W411"]


# What is refused


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"periods": [*range(1960, 1990), *range(1991, 2021)]},
            DataError,
            "Period 1991 follows 1989: expected 1990",
        ),
        ({"periods": [1960, *range(1960, 2019)]}, DataError, "Period 1960 is there twice"),
        ({"periods": range(10)}, DataError, "60 outcomes, 60 rows of regressors, 10 periods"),
        ({"trimming": 0.6}, SettingsError, "trimming = 0.6"),
        ({"most": 0}, SettingsError, "most = 0"),
        ({"number": 9}, SettingsError, "number = 9"),
        ({"interval": "exact"}, SettingsError, "interval = 'exact': expected likelihood-ratio or bai"),
        (
            {"regressors": np.column_stack([np.ones(60), np.arange(60) > 20]), "names": ("one", "late")},
            EstimationError,
            "one, late are collinear in the 9 periods from number 1",
        ),
        ({"names": ("a", "b")}, DataError, "1 regressors and 2 names"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(change, error, message):
    with pytest.raises(error, match=message) as caught:
        find_breaks(series(1), draws=9, **change)
    assert "\n" not in str(caught.value)


def test_a_gap_in_the_values_is_refused():
    values = series(1)
    values[17] = np.nan
    with pytest.raises(DataError, match="Period 1977 has no finite value"):
        find_breaks(values, periods=range(1960, 2020))


def test_a_series_that_is_too_short_is_refused():
    with pytest.raises(SettingsError, match="5 periods and regimes of at least 3 leave no room"):
        find_breaks([1.0, 2.0, 1.0, 2.0, 3.0])


def test_a_series_without_error_is_refused():
    with pytest.raises(EstimationError, match="fits the whole sample without error"):
        find_breaks(np.full(40, 3.0))
    with pytest.raises(EstimationError, match="With 1 break the regression leaves no error"):
        find_breaks(np.repeat([1.0, 2.0], 20), most=2)
