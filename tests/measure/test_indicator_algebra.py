"""What is made of an index has the value and the covariance of the map that made it, whatever the map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.errors import DataError, EstimationError, MismatchError, SettingsError
from headwinds.measure import (
    aggregate_over,
    change,
    combine_fits,
    difference,
    grouped_weights,
    growth,
    linear_map,
    rebase,
    z_scores,
)
from measure.indicators import make_indicator

shapes = st.builds(
    make_indicator,
    countries=st.integers(1, 5),
    years=st.integers(2, 5),
    labels=st.integers(1, 3),
    audit=st.integers(0, 4),
    model=st.integers(0, 3),
    berkson=st.booleans(),
    seed=st.integers(0, 2**31),
)


@settings(max_examples=60, deadline=None)
@given(shapes, st.integers(0, 2**31), st.integers(1, 6))
def test_the_covariance_of_any_map_is_that_of_the_full_matrix(index, seed, rows):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, len(index))) * (rng.random((rows, len(index))) < 0.4)
    made = linear_map(index, matrix, ("row",), tuple((row,) for row in range(rows)), ("x",) * rows)
    np.testing.assert_allclose(made.value, matrix @ index.value, atol=1e-12)
    np.testing.assert_allclose(made.covariance, matrix @ index.covariance @ matrix.T, atol=1e-14)
    np.testing.assert_allclose(made.variance, np.diag(made.covariance), atol=1e-15)
    np.testing.assert_allclose(made.layers.sum(axis=1), made.variance, atol=1e-15)
    if index.berkson_variance is not None:
        scatter = matrix @ np.diag(index.berkson_variance) @ matrix.T
        found = np.diag(made.berkson_variance)
        if made.berkson_factor is not None:
            found = found + made.berkson_factor @ made.berkson_factor.T
        np.testing.assert_allclose(found, scatter, atol=1e-14)


@settings(max_examples=60, deadline=None)
@given(shapes, st.integers(0, 2**31))
def test_an_aggregate_of_aggregates_is_the_aggregate(index, seed):
    rng = np.random.default_rng(seed)
    countries = sorted({cell[0] for cell in index.cells})
    weights = {
        country: float(weight)
        for country, weight in zip(countries, rng.uniform(0.5, 3, len(countries)), strict=True)
    }
    regions = {country: f"R{rng.integers(0, 2)}" for country in countries}
    by_region = aggregate_over(index, "country", weights, groups=regions, name="region")
    above = grouped_weights(index, "country", weights, groups=regions, name="region")
    twice = aggregate_over(by_region, "region", above)
    once = aggregate_over(index, "country", weights)
    assert by_region.keys == ("region", "year")
    assert twice.keys == once.keys == ("year",)
    assert twice.cells == once.cells
    for name in ("value", "covariance", "lower", "upper"):
        np.testing.assert_allclose(getattr(twice, name), getattr(once, name), atol=1e-12, err_msg=name)
    for name in ("documents", "passages", "gold"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(once, name))
    assert twice.pooled == once.pooled


@settings(max_examples=30, deadline=None)
@given(shapes)
def test_differences_telescope_and_carry_every_part(index):
    first, second = index.cells[0], index.cells[1]
    made = difference(index, first, second)
    there, back = difference(index, first, second), difference(index, second, first)
    np.testing.assert_allclose(there.value, -back.value)
    np.testing.assert_allclose(there.lower, -back.upper)
    np.testing.assert_allclose(there.covariance, back.covariance)
    assert (made.model_factor is None) == (index.model_factor is None)
    assert made.unit == "difference"


def test_the_change_between_spans_is_the_difference_of_means():
    index = make_indicator(model=2)
    made = change(index, "year", (2000, 2001), (2003, 2004))
    rows = np.array(
        [
            cell[0] == "C1" and label == "label 1"
            for cell, label in zip(index.cells, index.labels, strict=True)
        ]
    )
    series = index.value[rows]
    place = [
        row
        for row, (cell, label) in enumerate(zip(made.cells, made.labels, strict=True))
        if cell == ("C1",) and label == "label 1"
    ]
    assert made.value[place[0]] == pytest.approx(series[3:].mean() - series[:2].mean())


def simulated(index, function, draws=40_000, seed=1):
    """The covariance of a function of the index's values by brute force."""
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(index.covariance + 1e-16 * np.eye(len(index)))
    values = index.value + rng.standard_normal((draws, len(index))) @ root.T
    return np.cov(function(values).T)


def test_growth_rates_have_the_covariance_of_the_logarithms_changes():
    index = make_indicator(countries=1, years=4, labels=1, model=2, seed=3, noise=0.2)
    made = growth(index, "year")
    np.testing.assert_allclose(made.value, np.diff(np.log(index.value)))
    assert made.cells == index.cells[1:]
    expected = simulated(index, lambda values: np.diff(np.log(values), axis=1))
    np.testing.assert_allclose(made.covariance, expected, atol=0.06 * np.abs(expected).max())
    # Neighbours share a year, so that their errors must go against each other.
    assert made.covariance[0, 1] < 0
    assert made.unit == "log-change"


def test_growth_over_more_steps_is_the_sum_of_single_ones():
    index = make_indicator(countries=2, years=4, labels=1)
    long = growth(index, "year", step=3)
    short = growth(index, "year")
    np.testing.assert_allclose(long.value, short.value.reshape(2, 3).sum(axis=1))


def test_z_scores_have_the_covariance_of_the_whole_formula():
    index = make_indicator(countries=1, years=5, labels=1, model=1, seed=5, noise=0.2)
    made = z_scores(index)
    assert made.value.mean() == pytest.approx(0, abs=1e-12)
    assert made.value.std(ddof=1) == pytest.approx(1)
    expected = simulated(
        index,
        lambda values: (
            (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, ddof=1, keepdims=True)
        ),
    )
    np.testing.assert_allclose(made.covariance, expected, atol=0.08 * np.abs(expected).max())
    # Scores add up to zero, so must their errors.
    np.testing.assert_allclose(made.covariance.sum(axis=0), 0, atol=1e-12)


def test_z_scores_with_fixed_units_only_change_the_unit():
    index = make_indicator(countries=2, years=3, labels=1)
    made = z_scores(index, fixed=True)
    np.testing.assert_allclose(made.covariance, index.covariance / index.value.std(ddof=1) ** 2)
    assert "N341" in {finding.code for finding in made.findings}
    assert made.sampling_factor is None


def test_a_rebased_index_is_one_hundred_without_error_at_its_base():
    index = make_indicator(countries=2, years=4, labels=2, model=1)
    made = rebase(index, "year", 2001)
    base = np.array([cell[1] == 2001 for cell in index.cells])
    np.testing.assert_array_equal(made.value[base], 100.0)
    np.testing.assert_array_equal(made.variance[base], 0.0)
    np.testing.assert_array_equal(made.lower[base], 100.0)
    one = make_indicator(countries=1, years=3, labels=1, seed=8, noise=0.2)
    expected = simulated(one, lambda values: 100 * values / values[:, :1])
    np.testing.assert_allclose(
        rebase(one, "year", 2000).covariance, expected, atol=0.06 * np.abs(expected).max()
    )


def test_what_is_not_available_spreads_to_what_uses_it_and_no_further():
    index = make_indicator(missing=(0,), model=1)
    world = aggregate_over(index, "country", "equal")
    assert np.isnan(world.value[0])
    assert np.isnan(world.lower[0])
    assert np.isnan(world.variance[0])
    assert np.isfinite(world.value[1:]).all()
    rest = aggregate_over(index, "country", "equal", missing="leave-out")
    assert np.isfinite(rest.value).all()
    assert rest.value[0] == pytest.approx(index.value[[5, 10, 15]].mean())
    assert "W341" in {finding.code for finding in rest.findings}
    rates = growth(index, "year")
    assert np.isnan(rates.value[0])
    assert np.isfinite(rates.value[1:]).all()
    assert np.isfinite(z_scores(index).value).sum() == len(index) - 1


def test_growth_that_cannot_be_defended_says_so():
    index = make_indicator(countries=1, years=4, labels=1)
    index.value[1] = -0.01
    index.value[3] = 1e-3
    made = growth(index, "year")
    assert np.isnan(made.value[:2]).all()
    assert np.isfinite(made.value[2])
    assert np.isnan(made.lower[2])
    assert {"W342", "W343"} <= {finding.code for finding in made.findings}


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda index: aggregate_over(index, "county", "equal"), MismatchError, "no key 'county'"),
        (lambda index: aggregate_over(index, "country", "gdp"), SettingsError, "weights = 'gdp'"),
        (lambda index: aggregate_over(index, "country", {"C0": 1.0}), MismatchError, "C1"),
        (
            lambda index: aggregate_over(index, "country", dict.fromkeys(["C0", "C1", "C2", "C3"], 0.0)),
            DataError,
            "zero",
        ),
        (
            lambda index: aggregate_over(index, "country", dict.fromkeys(["C0", "C1", "C2", "C3"], -1.0)),
            DataError,
            "at least 0",
        ),
        (
            lambda index: aggregate_over(index, "country", "equal", groups={"C0": "R"}),
            MismatchError,
            "Values of country without a group: 3",
        ),
        (
            lambda index: aggregate_over(index, "country", "equal", missing="drop"),
            SettingsError,
            "missing = 'drop'",
        ),
        (lambda index: difference(index, ("C0", 1950), ("C0", 2000)), MismatchError, "1950"),
        (
            lambda index: change(index, "year", (1950, 1960), (2000, 2004)),
            MismatchError,
            "between 1950 and 1960",
        ),
        (lambda index: growth(index, "country"), DataError, "whole numbers"),
        (lambda index: growth(index, "year", step=50), MismatchError, "50 year apart"),
        (lambda index: rebase(index, "year", 1999), MismatchError, "1999"),
        (lambda index: combine_fits([index]), EstimationError, "1 fit"),
        (lambda index: combine_fits([index, make_indicator(countries=3)]), MismatchError, "fit 2"),
        (lambda index: linear_map(index, np.ones((1, 3)), (), ((),), ("x",)), MismatchError, "shape"),
    ],
)
def test_what_cannot_be_computed_is_one_line(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call(make_indicator())
    assert "\n" not in str(caught.value)


def test_a_base_that_may_be_zero_is_refused():
    index = make_indicator(countries=1, years=3, labels=1)
    index.value[0] = 1e-4
    with pytest.raises(EstimationError, match="may be zero"):
        rebase(index, "year", 2000)


def test_the_mean_of_fits_covers_and_carries_their_spread():
    rng = np.random.default_rng(4)
    hits, widths = [], []
    base = make_indicator(countries=4, years=5, labels=1, audit=2)
    for _ in range(400):
        data = np.linalg.cholesky(base.covariance) @ rng.standard_normal(len(base))
        fits = []
        for _ in range(3):
            value = base.value + data + 0.03 * rng.standard_normal(len(base))
            move = value - base.value
            fits.append(replace(base, value=value, lower=base.lower + move, upper=base.upper + move))
        made = combine_fits(fits)
        hits.append((made.lower <= base.value) & (base.value <= made.upper))
        widths.append(made.upper - made.lower)
    assert 0.93 <= np.mean(hits) <= 0.97
    assert made.model_factor.shape == (len(base), 3)
    np.testing.assert_allclose(
        made.layers[:, 2], np.var([fit.value for fit in fits], axis=0, ddof=1) / 3, atol=1e-15
    )


def test_combining_equal_fits_changes_no_number():
    index = make_indicator(model=0, symmetric=False)
    made = combine_fits([index, index, index])
    for name in ("value", "sampling_variance", "covariance", "lower", "upper"):
        np.testing.assert_allclose(getattr(made, name), getattr(index, name), atol=1e-12)
    assert made.pooled == index.pooled
    assert "N343" in {finding.code for finding in made.findings}


def test_growth_of_a_thousand_cells_is_kept_exactly_and_too_many_are_refused():
    from headwinds.measure import linear_maps

    index = make_indicator(countries=40, years=25, labels=1)
    made = growth(index, "year")
    assert made.sampling_factor.shape[0] == 40 * 24
    before, linear_maps.LARGEST_FACTOR = linear_maps.LARGEST_FACTOR, 1000
    try:
        with pytest.raises(EstimationError, match="too many to keep exactly"):
            growth(index, "year")
    finally:
        linear_maps.LARGEST_FACTOR = before


def test_years_that_were_read_as_text_follow_each_other_as_numbers_do():
    index = make_indicator(countries=2, years=4, labels=1)
    told = replace(index, cells=tuple((country, str(year)) for country, year in index.cells))
    assert growth(told, "year").value.tolist() == growth(index, "year").value.tolist()


def test_the_mean_of_fits_that_are_growth_rates_has_the_fits_mean_sampling_error():
    fits = [growth(make_indicator(countries=2, years=4, labels=1, seed=seed), "year") for seed in (1, 2)]
    both = combine_fits(fits)
    model = both.model_factor @ both.model_factor.T
    expected = np.mean([fit.covariance for fit in fits], axis=0)
    np.testing.assert_allclose(both.covariance - model, expected, atol=1e-15)
