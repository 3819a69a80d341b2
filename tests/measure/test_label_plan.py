"""A plan's forecast is what the labels then bring: neither better nor worse."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from headwinds.errors import EstimationError, HeadwindsError, MismatchError, SettingsError
from headwinds.measure.cells import make_cells
from headwinds.measure.estimators import difference
from headwinds.measure.sampling.plan import AssumedStratum, plan_labels, plan_labels_from_rates
from headwinds.measure.sampling.slope_plan import plan_slope, plan_slope_from_rates
from measure.indicators import make_indicator
from measure.populations import draw, make_world

SIZES = {"strict": 3000, "none": 12_000}
SAMPLED = {"strict": 10_000, "none": 4000}
DRAWS = 250


def achieved(world, gold, by=(), draws=DRAWS, seed=9):
    """Root mean square over cells of the estimates' standard deviation over draws."""
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        frame = draw(world, rng, SAMPLED, gold)
        values.append(difference.estimate(frame, make_cells(frame, by)).value)
    return float(np.sqrt(np.var(values, axis=0, ddof=1).mean()))


@pytest.mark.parametrize("target", [0.009, 0.007])
def test_a_plan_from_a_pilot_brings_the_standard_error_it_promises(target):
    world = make_world({"strict": 0.35, "none": 0.12}, SIZES, seed=3)
    rng = np.random.default_rng(1)
    needed = []
    for _ in range(25):
        frame = draw(world, rng, SAMPLED, {"strict": 150, "none": 150})
        plan = plan_labels(frame, make_cells(frame, ()), target)
        assert plan.forecast == pytest.approx(target, rel=0.02)
        assert plan.now > target
        needed.append(plan.table.set_index("stratum")["needed"])
    middle = {name: int(np.median([one[name] for one in needed])) for name in SIZES}
    assert middle["none"] > middle["strict"]
    assert 0.92 * target <= achieved(world, middle) <= 1.08 * target


def test_a_plan_by_year_is_kept_too():
    world = make_world({"strict": 0.35, "none": 0.12}, SIZES, years=5, seed=4)
    frame = draw(world, np.random.default_rng(2), SAMPLED, {"strict": 140, "none": 200})
    cells = make_cells(frame, ("year",))
    now = plan_labels(frame, cells, 1.0).now
    plan = plan_labels(frame, cells, 0.85 * now)
    need = plan.table.set_index("stratum")["needed"].to_dict()
    assert 0.88 * plan.forecast <= achieved(world, need, ("year",), draws=150) <= 1.12 * plan.forecast


def test_a_plan_from_assumed_rates_brings_the_standard_error_it_promises():
    rng = np.random.default_rng(5)
    strata = [
        AssumedStratum("flagged", 4000, 0.5, 0.85, 0.25),
        AssumedStratum("rest", 16_000, 0.08, 0.6, 0.05, scored=4000),
    ]
    plan = plan_labels_from_rates(strata, 0.008)
    need = plan.table.set_index("stratum")["needed"].to_dict()
    world = make_world({"flagged": 0.5, "rest": 0.08}, {"flagged": 4000, "rest": 16_000}, seed=1)
    for one in strata:
        here = world.stratum == one.name
        truth = rng.random(here.sum()) < one.prevalence
        flag = rng.random(here.sum()) < np.where(truth, one.true_positive_rate, one.false_positive_rate)
        world.truth[here], world.probability[here] = truth, flag
    values = []
    for _ in range(DRAWS):
        frame = draw(world, rng, {"flagged": 4000, "rest": 4000}, need)
        values.append(difference.estimate(frame, make_cells(frame, ())).value[0])
    assert 0.91 * 0.008 <= np.std(values, ddof=1) <= 1.09 * 0.008
    assert plan.findings == ()


def test_a_slope_planned_from_rates_has_the_standard_error_that_was_promised():
    rng = np.random.default_rng(6)
    rates = {"prevalence": 0.3, "true_positive_rate": 0.8, "false_positive_rate": 0.1}
    cells, noise, slope = 200, 0.4, 3.0
    truth = rng.uniform(0.1, 0.5, cells)
    flagged = 0.1 + 0.7 * truth
    outcome_error = noise / np.sqrt(((truth - truth.mean()) ** 2).sum())
    plan = plan_slope_from_rates(
        **rates, slope=slope, outcome_error=outcome_error, standard_error=1.35 * outcome_error
    )
    need = int(plan.table["needed"][0])
    found = []
    for _ in range(3000):
        label = rng.random(need) < 0.3
        flag = rng.random(need) < np.where(label, 0.8, 0.1)
        t, f = flag[label].mean(), flag[~label].mean()
        index = (flagged - f) / (t - f)
        outcome = slope * truth + noise * rng.standard_normal(cells)
        moved = index - index.mean()
        found.append(moved @ outcome / (moved @ moved))
    assert 0.93 * plan.forecast <= np.std(found) <= 1.07 * plan.forecast
    assert plan.forecast == pytest.approx(plan.target, rel=0.01)


def test_a_slope_planned_from_a_pilots_index_knows_its_audit_error():
    index = make_indicator(countries=20, years=10, labels=1, audit=0, berkson=False, noise=0.01)
    scale = 0.08 * (
        index.value - index.value.mean()
    )  # eight percent error of the index's scale, common to all cells
    index = dataclasses.replace(index, audit_factor=scale[:, None])
    plan = plan_slope(index, "label 0", gold=400, slope=2.0, outcome_error=0.05, standard_error=0.1)
    assert plan.now == pytest.approx(np.hypot(0.05, 0.16), rel=0.03)
    assert plan.table["needed"][0] == pytest.approx(400 * 0.16**2 / (0.1**2 - 0.05**2), rel=0.05)


def test_a_slope_on_cells_with_gold_of_their_own_is_refused_rather_than_planned_as_free():
    index = make_indicator(countries=20, years=10, labels=1, audit=0, berkson=False, noise=0.01)
    with pytest.raises(EstimationError, match="corrected by its own gold"):
        plan_slope(index, "label 0", gold=400, slope=2.0, outcome_error=0.05, standard_error=0.1)


def test_fewer_labels_are_planned_where_the_classifier_is_better():
    def needed(rate):
        return plan_labels_from_rates([AssumedStratum("all", 50_000, 0.3, rate, 1 - rate)], 0.01).additional

    assert needed(0.95) < needed(0.8) < needed(0.6)


def test_a_plan_shows_itself_and_warns_of_rare_labels():
    plan = plan_labels_from_rates([AssumedStratum("rare", 50_000, 0.002, 0.5, 0.01)], 0.004)
    assert "W344" in {finding.code for finding in plan.findings}
    assert "more labels bring the share" in plan.summary()
    assert len(plan.plot().axes) == 1


def frame():
    world = make_world({"strict": 0.35, "none": 0.12}, SIZES, seed=3)
    return draw(world, np.random.default_rng(0), SAMPLED, {"strict": 50, "none": 50})


RATES = {"prevalence": 0.3, "true_positive_rate": 0.8, "false_positive_rate": 0.1}


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: plan_labels(frame(), make_cells(frame(), ()), 0.0), SettingsError, "standard_error = 0.0"),
        (lambda: plan_labels(frame(), make_cells(frame(), ()), 1e-5), EstimationError, "no number of labels"),
        (
            lambda: plan_labels(frame(), make_cells(frame(), ()), 0.01, label="growth"),
            SettingsError,
            "no label 'growth'",
        ),
        (lambda: AssumedStratum("a", 100, 1.2, 0.8, 0.1), SettingsError, "prevalence = 1.2"),
        (lambda: AssumedStratum("a", 100, 0.0, 0.8, 0.1), SettingsError, "nothing to estimate"),
        (lambda: AssumedStratum("a", 100, 0.2, 0.8, 0.1, scored=200), SettingsError, "scored = 200"),
        (lambda: plan_labels_from_rates([], 0.01), SettingsError, "at least one stratum"),
        (
            lambda: plan_labels_from_rates([AssumedStratum("a", 10**6, 0.2, 0.8, 0.1, scored=500)], 0.001),
            EstimationError,
            "no number of labels",
        ),
        (
            lambda: plan_slope_from_rates(**RATES, slope=1, outcome_error=0.2, standard_error=0.1),
            EstimationError,
            "outcome's own noise",
        ),
        (
            lambda: plan_slope_from_rates(
                prevalence=0.3,
                true_positive_rate=0.2,
                false_positive_rate=0.2,
                slope=1,
                outcome_error=1,
                standard_error=2,
            ),
            EstimationError,
            "do not tell",
        ),
        (
            lambda: plan_slope(make_indicator(), "x", gold=1, slope=1, outcome_error=1, standard_error=2),
            MismatchError,
            "no label 'x'",
        ),
    ],
)
def test_an_impossible_plan_is_one_line(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert isinstance(caught.value, HeadwindsError)
    assert "\n" not in str(caught.value)
