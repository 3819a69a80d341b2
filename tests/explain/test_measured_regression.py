"""An estimate that carries the error of its index: right on average, and its intervals keep what they promise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pyfixest
import pytest

from explain.panels import World, indicator
from headwinds.contracts import Indicator
from headwinds.errors import EstimationError, MismatchError
from headwinds.explain.attribution.bootstrap import draw_clusters
from headwinds.explain.attribution.equation import fit_equation, make_equation
from headwinds.explain.attribution.weighted import drawn_estimates
from headwinds.explain.measured import (
    corrected_estimate,
    make_design,
    naive_estimate,
    regress_with_index,
)
from headwinds.explain.power import minimum_detectable_effects

DRAWS = 300
OF_THE_NAIVE = 60


def estimates(world: World, seed: int):
    frame, index = world.draw(seed)
    design = make_design(frame, index, labels=["divide"], lag=1)
    return (
        naive_estimate(design, "growth", 1),
        corrected_estimate(design, "growth", 1),
        world.slope * design.scale[0],
    )


def corrected_only(world: World, seed: int):
    """(corrected estimate, true slope in its units)."""
    frame, index = world.draw(seed)
    design = make_design(frame, index, labels=["divide"], lag=1)
    return corrected_estimate(design, "growth", 1), world.slope * design.scale[0]


def covers(estimate, truth: float) -> bool:
    lower, upper = estimate.confidence_interval()[0]
    return bool(lower <= truth <= upper)


def test_without_error_the_correction_changes_nothing():
    for seed in range(5):
        naive, corrected, _ = estimates(World(), seed)
        assert corrected.value == pytest.approx(naive.value, rel=1e-10)
        assert corrected.standard_error == pytest.approx(naive.standard_error, rel=1e-8)


def test_the_naive_estimate_is_that_of_pyfixest():
    frame, index = World(own_error=0.05).draw(3)
    naive = regress_with_index(frame, index, labels=["divide"]).naive
    data = frame.assign(x=index.value / index.value.std(ddof=1))
    fit = pyfixest.feols("value ~ x | entity + period", data=data, vcov={"CRV1": "entity"})
    assert naive.value[0] == pytest.approx(float(fit.coef().iloc[0]), rel=1e-10)
    assert naive.standard_error[0] == pytest.approx(float(fit.se().iloc[0]), rel=1e-10)


@pytest.mark.parametrize("unit", [2.0**30, 2.0**-30])
def test_the_unit_of_a_control_changes_its_own_slope_and_nothing_else(unit):
    """In dollars a control is a thousand million times a share: without a scale of its own the others lose their digits."""
    frame, index = World(own_error=0.05, common_error=0.02).draw(3)
    frame = frame.assign(control=np.random.default_rng(0).normal(size=len(frame)))
    also = ["simex", "draws"]
    plain, scaled = (
        regress_with_index(one, index, labels=["divide"], controls=["control"], also=also)
        for one in (frame, frame.assign(control=frame["control"] * unit))
    )
    columns = ["value", "standard_error", "lower", "upper"]
    factor = np.where(plain.table["name"] == "control", unit, 1.0)[:, None]
    assert len(plain.table) == 8
    assert scaled.table[columns].to_numpy() * factor == pytest.approx(
        plain.table[columns].to_numpy(), rel=1e-9
    )


@pytest.mark.parametrize(
    "world",
    [World(own_error=0.1), World(own_error=0.07, common_error=0.04)],
    ids=["own error", "common error"],
)
def test_intervals_cover_the_slope_where_the_naive_ones_do_not(world):
    """Of 300 draws at 95%, between 91.7% and 97.7% is what chance allows (two-sided, 1 in 100).

    The naive ones hold it nearly never; if they held it in half of all panels, fewer than 18 of 60 would do so in one of
    a thousand trials.
    """
    both = [estimates(world, seed) for seed in range(OF_THE_NAIVE)]
    found = [(corrected, truth) for _, corrected, truth in both]
    found += [corrected_only(world, seed) for seed in range(OF_THE_NAIVE, DRAWS)]
    corrected = np.mean([covers(estimate, truth) for estimate, truth in found])
    naive = np.mean([covers(estimate, truth) for estimate, _, truth in both])
    ratio = np.mean([estimate.value[0] / truth for estimate, truth in found])
    assert 0.917 <= corrected <= 0.977
    assert naive < 0.3
    assert ratio == pytest.approx(1, abs=0.05)  # a ratio of moments: a little above 1 in small panels


def scaled_wrongly(seed: int, error: float):
    """An index of one exact variable whose scale is off by a known chance, and a slope of 3."""
    rng = np.random.default_rng(seed)
    entity, period = (code.ravel() for code in np.indices((25, 12)))
    x = 0.3 + 0.05 * rng.standard_normal(entity.size)
    growth = 3 * x + rng.standard_normal(25)[entity] + 0.02 * rng.standard_normal(entity.size)
    seen = x * (1 + error * rng.standard_normal())
    frame = pd.DataFrame({"entity": [f"E{one:02d}" for one in entity], "period": period, "value": growth})
    cells = zip(frame["entity"], frame["period"], strict=True)
    index = indicator(cells, seen, np.zeros(entity.size), (error * x)[:, None])
    design = make_design(frame, index, labels=["divide"], lag=0, standardise=False)
    return corrected_estimate(design, "growth", 0)


def test_an_index_whose_scale_is_uncertain_is_missed_on_both_sides_alike():
    """1,000 draws at 95%; t with 24 degrees of freedom for an error that is normal allows 2.3% to 5.7%."""
    found = [scaled_wrongly(seed, 0.15) for seed in range(1000)]
    bounds = np.array([estimate.confidence_interval()[0] for estimate in found])
    above, below = np.mean(bounds[:, 1] < 3), np.mean(bounds[:, 0] > 3)
    assert 0.023 <= above + below <= 0.057
    assert below > 0.004
    reach = 2.064 * np.array([estimate.standard_error[0] for estimate in found])
    common = np.array([estimate.value[0] for estimate in found])
    assert np.mean(common + reach < 3) > 1.3 * above
    assert np.mean(common - reach > 3) < below


def test_cells_that_lend_their_errors_to_others_are_not_counted_twice():
    """Half of the cells correct themselves, the others borrow their mean: the errors of the first stand in the factor."""
    entity, period = (code.ravel() for code in np.indices((30, 6)))
    lends, found, again = entity < 15, [], []
    names = [f"E{one:02d}" for one in entity]
    own = np.flatnonzero(lends)
    factor = np.zeros((len(entity), len(own)))
    factor[own, np.arange(len(own))] = 0.05
    factor[~lends] = 0.05 / len(own)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        share = 0.4 + 0.08 * rng.standard_normal(len(entity))
        seen = share + factor @ rng.standard_normal(len(own))
        growth = 3 * share + rng.standard_normal(30)[entity] + 0.05 * rng.standard_normal(len(entity))
        frame = pd.DataFrame({"entity": names, "period": period, "value": growth})
        index = indicator(zip(names, period.tolist(), strict=True), seen, np.zeros(len(entity)), factor)
        design = make_design(frame, index, labels=["divide"], lag=0, standardise=False)
        estimate = corrected_estimate(design, "growth", 0)
        found.append([estimate.value[0], estimate.standard_error[0], covers(estimate, 3.0)])
        if seed < 2:
            equation = make_equation(
                *design.effects, design.outcome, design.index, names=design.labels, cluster=design.cluster,
                shared=design.factor,
            )  # fmt: skip
            drawn = draw_clusters(equation.clusters, len(own), draws=10_000, seed=0)
            fit = fit_equation(equation)
            spread = drawn_estimates(equation, fit, drawn.weights, drawn.errors).std(axis=0)[0]
            again.append(spread / estimate.standard_error[0])
    value, error, covered = np.array(found).T
    assert value.mean() == pytest.approx(3, abs=0.1)
    assert 0.85 < error.mean() / value.std() < 1.3  # it was 1.9
    assert 0.90 <= covered.mean() <= 0.99
    assert np.array(again) == pytest.approx(1, abs=0.03)


def test_a_scale_that_may_be_nothing_gives_an_interval_without_ends():
    found = scaled_wrongly(0, 0.6)
    assert np.isinf(found.confidence_interval()[0]).all()
    assert "W403" in {finding.code for finding in found.findings}


def test_the_interval_widens_with_the_error_of_the_index():
    """The same true panels, their index seen better and worse: each step worse must cost precision."""
    widths = []
    for error in (0.0, 0.03, 0.06, 0.1):
        found = [corrected_only(World(own_error=error), seed) for seed in range(10)]
        widths.append(np.mean([corrected.standard_error[0] / truth for corrected, truth in found]))
    assert widths == sorted(widths)


def test_scatter_of_the_truth_about_its_prediction_is_not_taken_for_error():
    """Berkson scatter in `sampling_variance` widens a cell's interval and leaves the slope as it is."""
    frame, index = World(own_error=0.05).draw(1)
    told = dataclasses.replace(
        index, sampling_variance=index.sampling_variance + 0.01, berkson_variance=np.full(len(index), 0.01)
    )
    plain = regress_with_index(frame, index, labels=["divide"]).corrected
    scattered = regress_with_index(frame, told, labels=["divide"]).corrected
    assert scattered.value == pytest.approx(plain.value, rel=1e-10)


def test_errors_of_labels_of_one_cell_that_hang_together_make_no_effect_where_there_is_none():
    """Shares of three classes among forty passages a cell: two of them err against each other."""
    rng = np.random.default_rng(2)
    cells = tuple((f"E{entity:02d}", 2000 + period) for entity in range(40) for period in range(8))
    rows, nothing = len(cells), np.full(2 * len(cells), np.nan)
    found = {True: [], False: []}
    for _ in range(40):
        share = np.exp(0.5 * rng.standard_normal((rows, 3)))
        share = share / share.sum(axis=1, keepdims=True)
        seen = rng.multinomial(40, share) / 40
        growth = pd.DataFrame(cells, columns=["entity", "period"])
        growth["value"] = share[:, 0] + 0.05 * rng.standard_normal(rows)
        both = seen[:, :2].T.reshape(-1)
        counts = np.full(2 * rows, 40)
        index = Indicator(
            keys=("entity", "period"),
            cells=cells * 2,
            labels=("one",) * rows + ("two",) * rows,
            value=both,
            sampling_variance=np.maximum(both * (1 - both), 0.02) / 39,
            audit_factor=np.zeros((2 * rows, 0)),
            lower=nothing,
            upper=nothing,
            documents=counts,
            passages=counts,
            gold=counts,
            pooled=("",) * (2 * rows),
            method="counted",
            label_correlation=np.array([[1.0, -0.5], [-0.5, 1.0]]),
        )
        for told, one in ((True, index), (False, dataclasses.replace(index, label_correlation=None))):
            design = make_design(growth, one, labels=["one", "two"], lag=0, standardise=False)
            estimate = corrected_estimate(design, "growth", 0)
            found[told].append([*estimate.value, *estimate.confidence_interval()[1]])
    told, untold = np.array(found[True]), np.array(found[False])
    assert abs(told[:, 1].mean()) < 0.03
    assert abs(told[:, 0].mean() - 1) < 0.04
    assert np.mean((told[:, 2] <= 0) & (told[:, 3] >= 0)) >= 0.85
    assert np.mean((untold[:, 2] <= 0) & (untold[:, 3] >= 0)) < 0.7
    others = regress_with_index(
        growth, index, labels=["one", "two"], lag=0, standardise=False, also=["simex", "draws"]
    ).others
    assert all(abs(other.value[1] - told[-1, 1]) < 0.05 for other in others)


def test_a_label_on_another_of_the_same_index_and_period_has_no_slope_by_their_errors_alone():
    """Both were read in the same passages of a cell, and err against each other; what they measure has no relation."""
    rng = np.random.default_rng(5)
    cells = tuple((f"E{entity:02d}", 2000 + period) for entity in range(40) for period in range(8))
    rows, found, others = len(cells), {True: [], False: []}, []
    for draw in range(30):
        errors = rng.multivariate_normal([0, 0], [[4e-4, -2e-4], [-2e-4, 4e-4]], rows)
        seen = 0.2 + 0.03 * rng.standard_normal((rows, 2)) + errors
        both = indicator(cells * 2, seen.T.reshape(-1), np.full(2 * rows, 4e-4), np.zeros((2 * rows, 0)))
        both = dataclasses.replace(both, labels=("one",) * rows + ("two",) * rows)
        for told, said in ((True, np.array([[1, -0.5], [-0.5, 1]])), (False, None)):
            index = dataclasses.replace(both, label_correlation=said)
            result = regress_with_index(
                index, index, labels=["one"], outcome_label="two", lag=0, standardise=False,
                also=["draws", "draws, uncorrected"] if told and draw < 4 else (),
            )  # fmt: skip
            others += [other.value[0] - result.corrected.value[0] for other in result.others]
            found[told].append([result.corrected.value[0], covers(result.corrected, 0.0)])
    told, untold = np.mean(found[True], axis=0), np.mean(found[False], axis=0)
    assert abs(told[0]) < 0.04
    assert told[1] >= 0.85
    assert np.abs(others[::2]).max() < 0.02
    assert max(others[1::2]) < -0.05  # uncorrected draws err against each other a second time
    assert untold[0] < -0.15
    assert untold[1] < 0.5


def test_what_cannot_be_identified_is_said_and_not_estimated():
    frame, index = World(own_error=0.1).draw(0)
    noisier = dataclasses.replace(index, sampling_variance=np.full(len(index), index.value.var()))
    result = regress_with_index(frame, noisier, labels=["divide"])
    naive, corrected = result.naive, result.corrected
    assert np.isfinite(naive.value).all()
    assert np.isnan(corrected.value).all()
    assert np.isnan(corrected.standard_error).all()
    assert "W402" in [finding.code for finding in corrected.findings]


def test_undefined_variance_stays_undefined():
    """A cell whose error is unknown is left out and counted; it is never taken for exact."""
    frame, index = World(own_error=0.05).draw(0)
    variance = index.sampling_variance.copy()
    variance[:30] = np.nan
    design = make_design(
        frame, dataclasses.replace(index, sampling_variance=variance), labels=["divide"], lag=1
    )
    assert design.dropped == 30
    assert len(design.outcome) == len(frame) - 30


def test_few_clusters_are_said():
    frame, index = World(entities=6, own_error=0.05).draw(0)
    result = regress_with_index(frame, index, labels=["divide"])
    naive, corrected = result.naive, result.corrected
    assert "W401" in [finding.code for finding in naive.findings]
    assert "W401" in [finding.code for finding in corrected.findings]
    assert corrected.degrees_of_freedom == 5


def test_every_estimate_says_what_it_identifies():
    frame, index = World(own_error=0.05).draw(0)
    for estimate in regress_with_index(frame, index, labels=["divide"]).estimates:
        assert "40" in estimate.estimand
        assert all((estimate.variation, estimate.absorbed, estimate.units))
        assert " causes " not in estimate.estimand


def test_an_index_and_a_panel_that_do_not_meet():
    frame, index = World(own_error=0.05).draw(0)
    with pytest.raises(MismatchError, match=r"2001-2020.*2000-2019, lag 50.* share no entity-year"):
        regress_with_index(frame, index, labels=["divide"], lag=50)


def test_an_index_that_does_not_vary():
    frame, index = World().draw(0)
    with pytest.raises(EstimationError, match="'divide' does not vary"):
        regress_with_index(
            frame, dataclasses.replace(index, value=np.full(len(index), 0.2)), labels=["divide"]
        )


def test_two_indices_that_are_one():
    frame, index = World(own_error=0.05).draw(0)
    double = indicator(
        index.cells * 2,
        np.tile(index.value, 2),
        np.tile(index.sampling_variance, 2),
        np.tile(index.audit_factor, (2, 1)),
    )
    double = dataclasses.replace(double, labels=("divide",) * len(index) + ("social",) * len(index))
    with pytest.raises(EstimationError, match="'social' is collinear"):
        regress_with_index(frame, double, labels=["divide", "social"])


def test_one_period_is_no_panel():
    frame, index = World(periods=2).draw(0)
    with pytest.raises(EstimationError, match="two-way effects need two of each"):
        regress_with_index(frame[frame["period"] == 2001], index, labels=["divide"])


def test_the_detectable_effect_is_found_four_times_in_five():
    """Give the panel the slope that the forecast calls detectable, and count how often the test finds it."""
    plain = World(entities=30, periods=12, own_error=0.07, slope=0.0)
    frame, index = plain.draw(0)
    design = make_design(frame, index, labels=["divide"], lag=1)
    effect = minimum_detectable_effects(design)["minimum_detectable_effect"].iloc[0]
    world = dataclasses.replace(plain, slope=float(effect / design.scale[0]))
    found = 0
    for seed in range(1, 101):
        corrected, _ = corrected_only(world, seed)
        found += not covers(corrected, 0.0)
    assert 0.68 <= found / 100 <= 0.91


def test_detectable_effects_need_no_coefficient():
    """Power is forecast from the spread of the outcome, whatever its relation to the index."""
    frame, index = World(own_error=0.05, slope=0.0).draw(0)
    design = make_design(frame, index, labels=["divide"], lag=1)
    turned = dataclasses.replace(design, outcome=-design.outcome)
    pd.testing.assert_frame_equal(minimum_detectable_effects(design), minimum_detectable_effects(turned))


def test_entities_with_one_year_count_neither_as_observations_nor_as_clusters():
    """Within the effects they tell nothing: the errors are those of the entities that do, as pyfixest has them."""
    frame, index = World(entities=8, periods=12).draw(3)
    lone = frame["entity"] >= "E004"
    kept = frame[~lone | (frame["period"] == frame["period"].min() + frame["entity"].str[1:].astype(int))]
    found = regress_with_index(kept, index, labels=["divide"], lag=1)
    alone = int(kept["entity"].ge("E004").sum())
    assert alone > 1
    for estimate in (found.naive, found.corrected):
        assert (estimate.observations, estimate.clusters) == (len(kept) - alone, 4)
        assert estimate.degrees_of_freedom == 3
        assert f"({alone})" in next(one.sentence for one in estimate.findings if one.code == "N436")
    assert found.corrected.standard_error == pytest.approx(found.naive.standard_error, rel=1e-9)


def test_many_clusters_of_which_one_tells_anything_are_one():
    frame, index = World(entities=8, periods=12).draw(3)
    frame = frame.assign(region=np.where(frame["entity"] < "E004", "one", frame["entity"]))
    first = frame["period"].min()
    kept = frame[(frame["entity"] < "E004") | (frame["period"] == first)]
    with pytest.raises(EstimationError, match="in one cluster"):
        regress_with_index(kept, index, labels=["divide"], lag=1, cluster="region")
