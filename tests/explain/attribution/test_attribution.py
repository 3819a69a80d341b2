"""An attribution finds the parts that are there, its intervals keep what they promise, and it says when it cannot tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyfixest
import pytest

from explain.attribution.world import HEADWINDS, TRUE_PART, World, indicator
from explain.panels import World as PanelWorld
from headwinds.contracts import Edge, Node
from headwinds.errors import DataError, EstimationError, MismatchError, SettingsError
from headwinds.explain.attribution.bootstrap import draw_clusters, spread
from headwinds.explain.attribution.design import make_attribution_design
from headwinds.explain.attribution.equation import fit_equation, make_equation
from headwinds.explain.attribution.growth_equation import growth_equation
from headwinds.explain.attribution.headwinds import shapley_attribution
from headwinds.explain.attribution.levels_and_returns import levels_and_returns
from headwinds.explain.attribution.order import ordered_pairs
from headwinds.explain.attribution.power import attribution_power, wrong_signs
from headwinds.explain.attribution.slowdown import attribute_slowdown
from headwinds.explain.attribution.weighted import drawn_estimates, weighted_estimates
from headwinds.explain.graph import build_graph
from headwinds.explain.measured import corrected_estimate, make_design

JOINT = "all headwinds"


def row(result, name):
    return result.table.set_index("name").loc[name]


def run(world: World, seed: int = 1, **settings):
    outcome, index, technology = world.tables(seed)
    before, after = world.spans
    return attribute_slowdown(
        outcome, index, before=before, after=after, technology=technology, **{"draws": 99, **settings}
    )


def test_the_slopes_and_their_clustered_errors_are_those_of_pyfixest():
    design = World(units=20, years=12).design(3)
    names = [f"x{number}" for number in range(6)]
    products = np.column_stack([design.values[:, list(term)].prod(axis=1) for term in design.terms])
    data = pd.DataFrame(products, columns=names).assign(
        y=design.outcome, entity=design.entity, year=design.year
    )
    fit = pyfixest.feols(f"y ~ {' + '.join(names)} | entity + year", data=data, vcov={"CRV1": "entity"})
    ours = fit_equation(growth_equation(design))
    assert ours.value == pytest.approx(fit.coef().to_numpy(), rel=1e-8)
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(fit.se().to_numpy(), rel=1e-8)


def test_with_errors_of_every_kind_and_gaps_the_slopes_are_those_of_the_measured_regression():
    frame, index = PanelWorld(own_error=0.07, common_error=0.04).draw(3)
    old = make_design(frame.drop(index=[5, 17, 99, 300, 301]), index, labels=["divide"], lag=1)
    expected = corrected_estimate(old, "growth", 1)
    equation = make_equation(
        *old.effects, old.outcome, old.index, names=old.labels,
        cluster=old.cluster, noise=old.variance[:, :, None] * np.eye(1), shared=old.factor,
    )  # fmt: skip
    fit = fit_equation(equation)
    assert fit.value == pytest.approx(expected.value, rel=1e-10)
    assert fit.covariance == pytest.approx(expected.covariance, rel=1e-8)
    once = weighted_estimates(equation, np.ones((1, equation.clusters)))[0]
    assert once == pytest.approx(expected.value, rel=1e-10)
    drawn = draw_clusters(equation.clusters, 1, draws=20_000, seed=0)
    spread_of = drawn_estimates(equation, fit, drawn.weights, drawn.errors).std(axis=0)
    assert spread_of == pytest.approx(expected.standard_error, rel=0.02)


def test_a_weighting_of_clusters_is_the_panel_with_clusters_repeated():
    design = World(units=8, years=10, index_noise=0.05).design(0)
    design = replace(design, factor=np.random.default_rng(1).normal(0, 0.02, (*design.values.shape, 2)))
    times = np.array([2, 0, 1, 1, 3, 0, 1, 0])
    rows = np.concatenate(
        [np.flatnonzero(design.entity == unit) for unit in range(8) for _ in range(times[unit])]
    )
    codes = np.repeat(np.arange(times.sum()), 10)
    repeated = replace(
        design, entity=codes, cluster=codes, year=design.year[rows], outcome=design.outcome[rows],
        values=design.values[rows], variance=design.variance[rows], factor=design.factor[rows],
        entities=tuple(map(str, range(times.sum()))),
    )  # fmt: skip
    by_weight = weighted_estimates(growth_equation(design), times[None].astype(float))[0]
    assert by_weight == pytest.approx(fit_equation(growth_equation(repeated)).value, rel=1e-9)


def test_draws_by_scores_spread_as_the_clustered_covariance_does():
    design = World(units=60, years=10, index_noise=0.1).design(0)
    equation = growth_equation(design)
    fit = fit_equation(equation)
    drawn = draw_clusters(60, 0, draws=4000, seed=0)
    found = drawn_estimates(equation, fit, drawn.weights, drawn.errors)
    assert found.std(axis=0) == pytest.approx(np.sqrt(np.diag(fit.covariance)), rel=0.06)


def test_draws_of_few_clusters_spread_as_the_covariance_too():
    """With eight clusters a factor of clusters over one less would show: it is 1.07 of a standard error."""
    rng = np.random.default_rng(0)
    entity, period = np.repeat(np.arange(8), 12), np.tile(np.arange(12), 8)
    x = rng.normal(size=(96, 1))
    y = x[:, 0] * (1 + 0.5 * rng.normal(size=8)[entity]) + rng.normal(size=96)
    equation = make_equation(
        entity, period, y, x, names=["x"], cluster=entity, noise=np.full((96, 1, 1), 0.05)
    )
    fit = fit_equation(equation)
    drawn = draw_clusters(8, 0, draws=40_000, seed=1)
    found = drawn_estimates(equation, fit, drawn.weights, drawn.errors)
    assert found.std(axis=0) == pytest.approx(np.sqrt(np.diag(fit.covariance)), rel=0.02)


def test_of_many_units_every_part_is_found():
    result = shapley_attribution(World(units=3000, years=12, residual=1.0).design(0), draws=99)
    for name in HEADWINDS:
        found = row(result, name)
        assert found["value"] == pytest.approx(TRUE_PART, abs=3.5 * found["standard_error"])
        assert found["standard_error"] < 0.025
    assert row(result, JOINT)["value"] == pytest.approx(5 * TRUE_PART, abs=0.05)


def test_levels_move_and_returns_do_not_where_only_levels_did():
    table = levels_and_returns(World(units=3000, years=12, residual=1.0).design(0), draws=99).table
    for name in HEADWINDS:
        level, back = (
            table[(table["name"] == name) & (table["part"] == part)].iloc[0] for part in ("level", "return")
        )
        assert level["value"] == pytest.approx(TRUE_PART, abs=0.06)
        assert back["value"] == pytest.approx(0, abs=4 * back["standard_error"])


def coverage(world: World, runs: int, *, carry_error: bool):
    hits = []
    for seed in range(runs):
        found = row(
            shapley_attribution(world.design(seed), draws=99, seed=seed, carry_error=carry_error), JOINT
        )
        hits.append(found["lower"] <= 5 * TRUE_PART <= found["upper"])
    return np.mean(hits)


def test_with_an_exact_index_the_joint_interval_covers_as_often_as_it_says():
    """Of 200 at 95 %, between 91 % and 98.5 % is what chance allows (two-sided, 1 in 100)."""
    assert 0.91 <= coverage(World(), 200, carry_error=True) <= 0.985


@pytest.mark.slow
def test_noise_of_the_index_ruins_the_naive_interval_and_not_the_one_that_carries_it():
    world = World(units=120, years=24, residual=1.0, index_noise=0.3)
    assert coverage(world, 60, carry_error=False) < 0.40
    assert 0.88 <= coverage(world, 100, carry_error=True) <= 0.99


def test_errors_of_headwinds_of_one_cell_that_go_together_give_no_part_to_a_headwind_without_one():
    """Innovation alone weakens, by a half; innovation and the divide err against each other, as two of three classes do."""
    world = World(units=60, residual=0.3, correlation=0.3, part=0.0)
    against = np.eye(6)
    against[1, 2] = against[2, 1] = -0.6
    found = {True: [], False: []}
    for seed in range(20):
        design = world.design(seed)
        errors = np.random.default_rng(seed).multivariate_normal(np.zeros(6), 0.15**2 * against, 60 * 24)
        errors[:, 0] = 0
        design = replace(
            design,
            outcome=design.outcome - 0.5 / world.rise * design.values[:, 0] * design.values[:, 1],
            values=design.values + errors,
            variance=np.where(np.arange(6) > 0, 0.15**2, 0.0) + np.zeros_like(design.variance),
        )
        for told, one in ((True, replace(design, error_correlation=against)), (False, design)):
            part = row(shapley_attribution(one, draws=50), "divide")
            found[told].append((part["value"], part["lower"] <= 0 <= part["upper"]))
    told, untold = np.mean(found[True], axis=0), np.mean(found[False], axis=0)
    assert abs(told[0]) < 0.03
    assert told[1] >= 0.8
    assert untold[0] < -0.08
    assert untold[1] < 0.2


def test_products_of_variables_that_err_together_are_corrected_to_second_order():
    """Technology is measured by the same index; slopes are those of the truth, and would be off by a fifth."""
    rng = np.random.default_rng(3)
    shape = (400, 10)
    technology, one, other = (1 + 0.5 * rng.standard_normal(shape) for _ in range(3))
    names = [f"E{number:03d}" for number in range(400)]
    cells = [(name, 2000 + year) for name in names for year in range(10)]
    growth = 1.2 * technology - 0.5 * technology * one + 0.1 * rng.standard_normal(shape)
    together = np.array([[1, 0.6, -0.4], [0.6, 1, -0.3], [-0.4, -0.3, 1]])
    errors = rng.multivariate_normal(np.zeros(3), 0.3**2 * together, shape)
    index = indicator(
        cells,
        {
            name: (block + errors[:, :, number]).ravel()
            for number, (name, block) in enumerate(
                {"computers": technology, "one": one, "other": other}.items()
            )
        },
        0.3**2,
    )
    outcome = pd.DataFrame(cells, columns=["entity", "period"]).assign(value=growth.ravel())
    outcome["period"] += 1
    spans = {"before": (2000, 2005), "after": (2005, 2010)}
    told, untold = (
        fit_equation(
            growth_equation(
                make_attribution_design(
                    outcome,
                    replace(index, label_correlation=said),
                    headwinds=("one", "other"),
                    technology="computers",
                    **spans,
                )
            )
        )
        for said in (together, None)
    )
    truth = np.array([1.2, -0.5, 0.0])
    error = np.sqrt(np.diag(told.covariance))
    assert (np.abs(told.value - truth) < 3.5 * error).all()
    assert (np.abs(untold.value - truth) > 3.5 * error).any()


def test_errors_of_different_years_do_not_go_together():
    """At lags that differ, a row's values of two labels are of two cells."""
    outcome, index, technology = World(units=12, years=10, index_noise=0.1).tables(0)
    index = replace(index, label_correlation=0.5 + 0.5 * np.eye(5))
    noise = {}
    for lag in (1, dict(zip(HEADWINDS, (1, 1, 2, 2, 2), strict=True))):
        design = make_attribution_design(
            outcome, index, before=(2000, 2005), after=(2005, 2010), headwinds=HEADWINDS, channel="growth",
            technology=technology, lag=lag,
        )  # fmt: skip
        noise[isinstance(lag, int)] = growth_equation(design).moments.noise[1:, 1:]
    there = np.abs(noise[True]) > 1e-12
    apart = np.abs(noise[False]) > 1e-12
    assert there.all()
    assert apart[:2, :2].all()
    assert apart[2:, 2:].all()
    assert not apart[:2, 2:].any()


def test_shared_errors_widen_the_intervals():
    design = World(units=60, years=12, residual=1.0).design(0)
    factor = np.random.default_rng(0).normal(0.2, 0.1, (*design.values.shape, 1))
    factor[:, 0] = 0
    plain, wider = (
        row(shapley_attribution(each, draws=199), JOINT)["standard_error"]
        for each in (design, replace(design, factor=factor))
    )
    assert wider > 1.05 * plain


def test_dates_that_are_not_sure_widen_the_interval_of_the_change_and_leave_the_estimate():
    result, unsure = run(World()), run(World(), borders=range(2008, 2017))
    assert row(unsure, "change")["value"] == row(result, "change")["value"]
    assert row(unsure, "change")["standard_error"] > 1.05 * row(result, "change")["standard_error"]
    assert "N444" in {finding.code for finding in unsure.headwinds.findings}


def test_few_countries_are_not_ranked_and_the_data_that_would_do_are_named():
    result = run(World(), assumed=TRUE_PART)
    single = result.table[result.table["part"] == "headwind"]
    assert not result.power.rankable
    assert single[["value", "standard_error", "lower", "upper"]].isna().all(axis=None)
    assert single[["band_lower", "band_upper"]].notna().all(axis=None)
    assert np.isfinite(row(result, JOINT)["value"])
    for other in (result.levels_returns, result.mechanisms):
        assert not other.shown
    told = next(finding for finding in result.power.findings if finding.code == "W444")
    needed = int(result.power.table["units_for_sign"].max())
    assert f"{needed:,} units" in told.remedy
    assert 100 < needed < 600
    assert "not given alone" in result.summary()


def test_acknowledging_shows_them_and_says_so():
    result = run(World(), assumed=TRUE_PART, acknowledge=True)
    assert result.headwinds.shown
    assert result.acknowledged
    assert "W446" in {finding.code for finding in result.findings}


def test_with_enough_data_single_headwinds_are_shown_without_asking():
    result = run(World(units=1000, years=12, residual=1.0), assumed=TRUE_PART, draws=50)
    assert result.power.rankable
    assert result.headwinds.shown
    assert not result.acknowledged
    assert "W444" not in result.summary()


def test_headwinds_of_equal_parts_are_not_put_in_an_order_however_precise_the_panel():
    """Every part is -0.15 in truth: their signs are told, an order among them would be chance."""
    result = run(World(units=1000, years=12, residual=1.0), assumed=TRUE_PART)
    assert result.headwinds.shown
    assert "W480" in {finding.code for finding in result.findings}
    assert "none has an order" in result.summary()


def test_headwinds_of_different_parts_are_put_in_an_order():
    result = run(World(units=1000, years=12, residual=0.2), assumed=TRUE_PART)
    found = result.headwinds
    innovation = list(found.parts).index("innovation")
    apart = replace(
        found,
        parts={**found.parts, "innovation": found.parts["innovation"] - 1.0},
        draws=found.draws - np.eye(found.draws.shape[1])[innovation],
    )
    order = ordered_pairs(apart)
    others = set(found.parts) - {"innovation", "not attributed", "technology"}
    assert {("innovation", other) for other in others} <= set(order)


@pytest.mark.parametrize(("residual", "width", "wrong"), [(2.0, 0.92, 0.30), (1.0, 0.46, 0.15)])
def test_the_forecast_is_what_happens(residual, width, wrong):
    """Widths and wrong signs of 38 countries and 24 years: forecast, simulated, and as anticipated."""
    world = World(residual=residual)
    forecast = [attribution_power(world.design(seed), assumed=TRUE_PART).table.iloc[:5] for seed in range(30)]
    found = [shapley_attribution(world.design(seed), draws=50).table.iloc[:5] for seed in range(100)]
    values = np.array([table["value"] for table in found])
    assert np.mean(values > 0) == pytest.approx(wrong, abs=0.04)
    assert np.mean([table["wrong_sign"] for table in forecast]) == pytest.approx(wrong, abs=0.04)
    widths = np.mean([table["upper"] - table["lower"] for table in found])
    assert widths == pytest.approx(width, rel=0.1)
    assert np.mean([table["width"] for table in forecast]) == pytest.approx(width, rel=0.12)


def test_wrong_signs_and_exaggeration_are_those_of_gelman_and_carlin():
    """Their example: a true effect of 0.1 standard errors of 3.3 has type S 0.46 and is exaggerated 77 times."""
    _, sign, larger = wrong_signs(0.1, 3.28, 1.96)
    assert sign == pytest.approx(0.46, abs=0.005)
    assert larger == pytest.approx(77, abs=1.0)


def test_undefined_is_undefined():
    found = spread(np.array([1.0]), np.full((99, 1), np.nan), 10)
    assert np.isnan(found.standard_error).all()
    assert np.isnan(found.lower).all()
    noisy = World(units=20, years=10, index_noise=3.0).design(0)
    result = shapley_attribution(noisy, draws=50)
    assert row(result, JOINT)[["value", "standard_error"]].isna().all()
    assert "W443" in {finding.code for finding in result.findings}


def test_the_same_seed_gives_the_same_bytes():
    first, again = (run(World(units=15, years=10), seed=5).table.to_csv() for _ in range(2))
    assert first == again


def test_what_it_means_is_always_said():
    told = run(World(units=15, years=10)).summary()
    for words in (
        "No design identifies a cause",
        "missing intercept",
        "Assumed:",
        "15 clusters",
        "is associated with",
    ):
        assert words in told
    assert " causes " not in told
    assert "due to" not in told


def test_controls_and_measured_technology_and_clusters_have_their_place():
    world = World(units=30, years=12)
    outcome, index, technology = world.tables(0)
    before, after = world.spans
    demand = technology.assign(value=np.random.default_rng(0).normal(size=len(technology)))
    result = attribute_slowdown(
        outcome, index, before=before, after=after, technology=technology, controls={"demand": demand},
        clusters={name: name[:5] for name in outcome["entity"]}, channel="both", draws=50,
    )  # fmt: skip
    assert row(result, "demand")["part"] == "control"
    assert result.headwinds.clusters == 3
    assert "W441" in {finding.code for finding in result.headwinds.findings}
    assert abs(result.headwinds.residual) < 1e-10
    assert abs(result.levels_returns.residual) < 1e-10


def test_without_technology_what_needs_it_is_named_and_left_out():
    world = World(units=15, years=10)
    outcome, index, _ = world.tables(0)
    result = attribute_slowdown(outcome, index, before=world.spans[0], after=world.spans[1], draws=50)
    assert result.mechanisms is None
    assert any("technology is not measured" in finding.sentence for finding in result.findings)
    assert set(result.tables()) == {"power", "headwinds", "identification", "levels_and_returns"}


def bad(change):
    """Inputs of a small world with something wrong."""
    world = World(units=6, years=8)
    outcome, index, technology = world.tables(0)
    given = {
        "outcome": outcome,
        "indicator": index,
        "technology": technology,
        "before": (2000, 2004),
        "after": (2004, 2008),
    }
    change(given)
    return given


def duplicate(given):
    given["outcome"] = pd.concat([given["outcome"], given["outcome"].head(1)])


def nameless(given):
    """With one name missing pandas cuts all others to their first letter, and all entities are one."""
    frame = given["outcome"]
    given["outcome"] = frame.assign(entity=frame["entity"].astype("str").where(np.arange(len(frame)) != 0))


def collinear(given):
    value = given["indicator"].value.copy()
    count = len(value) // 5
    value[count : 2 * count] = 3 * value[:count]
    given["indicator"] = replace(given["indicator"], value=value)


def common_only(given):
    index = given["indicator"]
    value = index.value.copy()
    count = len(value) // 5
    value[:count] = [cell[1] for cell in index.cells[:count]]
    given["indicator"] = replace(index, value=value)
    given["channel"] = "growth"


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        (lambda given: given.update(after=(2003, 2008)), SettingsError, "overlap"),
        (lambda given: given.update(before=(2004, 2004)), SettingsError, "must come after"),
        (lambda given: given.update(before=(1900, 1904)), MismatchError, "before = 1900-1904: outcome and indices"),
        (lambda given: given.update(outcome=given["outcome"].drop(columns="value")), DataError, "no column 'value'"),
        (duplicate, DataError, "E00000 in 2001 twice"),
        (
            lambda given: given.update(outcome=given["outcome"].assign(
                value=lambda table: table["value"].astype(str).where(table.index != 3, "n.q."))),
            DataError,
            "outcome, row 4, column 'value': 'n.q.' is not a number",
        ),
        (nameless, DataError, "outcome, row 1, column 'entity': the entity is empty"),
        (collinear, EstimationError, "'technology x divide' is collinear with 'technology x innovation'"),
        (common_only, EstimationError, "'innovation' is collinear with the effects: it does not vary within them"),
        (lambda given: given.update(outcome=given["outcome"].head(8)), EstimationError, "There is one cluster"),
        (lambda given: given.update(channel="magic"), SettingsError, "channel = 'magic'"),
        (lambda given: given.update(channel="both", technology=None), SettingsError, "needs technology"),
        (lambda given: given.update(technology="steam"), MismatchError, "no label 'steam'"),
        (lambda given: given.update(clusters={"E00000": "a"}), MismatchError, "does not say to which one"),
        (lambda given: given.update(draws=3), SettingsError, "draws = 3"),
        (lambda given: given.update(borders=[2030]), SettingsError, "2030 lies not between"),
        (lambda given: given.update(after=(2005, 2008), borders=[2004]), SettingsError, "do not meet"),
        (lambda given: given.update(outcome_node="welfare"), SettingsError, "is no node"),
        (
            lambda given: given.update(
                graph=build_graph(
                    [Node("rain", "Rain", "rain"), Node("growth", "Growth", "growth")],
                    [Edge("rain", "growth", 1, "assumed")],
                )
            ),
            MismatchError,
            "no label 'rain' for the graph's node 'rain'",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(change, kind, told):
    given = bad(change)
    with pytest.raises(kind) as caught:
        attribute_slowdown(given.pop("outcome"), given.pop("indicator"), **given)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_is_not_taken_twice():
    world = World(units=6, years=8)
    outcome, index, technology = world.tables(0)
    with pytest.raises(SettingsError, match="'divide' is taken"):
        make_attribution_design(
            outcome,
            index,
            before=(2000, 2004),
            after=(2004, 2008),
            headwinds=HEADWINDS,
            controls={"divide": technology},
        )
