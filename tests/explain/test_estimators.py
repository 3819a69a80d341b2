"""The estimators beside the corrected one: any effects, controls and clusters, a measured outcome, draws, SIMEX, bounds."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pyfixest
import pytest
from scipy import stats

from explain.panels import World, indicator
from headwinds.errors import DataError, EstimationError, MismatchError, SettingsError
from headwinds.explain import make_design, regress_with_index, slope_bounds
from headwinds.explain.measured import corrected_estimate, naive_estimate
from headwinds.explain.measured.draws import draws_estimate, naive_draws_estimate
from headwinds.explain.measured.simex import simex_estimate


def rich_panel(seed: int = 0):
    """A panel with a control, an industry and a region, and its index."""
    frame, index = World(own_error=0.0).draw(seed)
    rng = np.random.default_rng(seed + 100)
    entity = frame["entity"].str[1:].astype(int).to_numpy()
    control = rng.normal(size=len(frame))
    frame = frame.assign(
        control=control,
        value=frame["value"] + 0.7 * control,
        industry=rng.integers(0, 6, len(frame)),
        region=entity // 3,
        era=(frame["period"] - 2001) // 2,
    )
    return frame, index


@pytest.mark.parametrize(
    ("effects", "cluster"),
    [
        (("entity", "period"), "entity"),
        (("entity", "period", "industry"), "entity"),
        (("entity",), "region"),
        (("entity", "period"), "region"),
        (("entity", "period"), "era"),
        (("industry",), "entity"),
        ((), "entity"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else value,
)
def test_effects_and_clusters_are_those_of_pyfixest(effects, cluster):
    """Without error the corrected estimate is pyfixest's too: slopes to 1e-8, standard errors to 1e-6 (relative)."""
    frame, index = rich_panel()
    design = make_design(
        frame, index, labels=["divide"], lag=1, controls=["control"], effects=effects, cluster=cluster
    )
    data = frame.assign(x=index.value / index.value.std(ddof=1))
    absorbed = f" | {' + '.join(effects)}" if effects else ""
    fit = pyfixest.feols(
        f"value ~ x + control{absorbed}", data=data, vcov={"CRV1": cluster},
        demeaner=pyfixest.MapDemeaner(fixef_tol=1e-10),
    )  # fmt: skip
    for estimate in (naive_estimate(design, "growth", 1), corrected_estimate(design, "growth", 1)):
        assert estimate.names == ("divide", "control")
        assert estimate.value == pytest.approx(fit.coef()[["x", "control"]].to_numpy(), rel=1e-8)
        assert estimate.standard_error == pytest.approx(fit.se()[["x", "control"]].to_numpy(), rel=1e-6)


def test_a_measured_outcome_widens_the_interval_and_moves_no_slope():
    """The outcome is an index whose common error lies along the regressor: its slope is as uncertain as that error."""
    covered, naive = [], []
    for seed in range(100):
        frame, index = World(own_error=0.0).draw(seed)
        cells = tuple(zip(frame["entity"], frame["period"], strict=True))
        rng = np.random.default_rng(seed + 500)
        along = 2.0 * (index.value - 0.5)
        seen = frame["value"].to_numpy() + along * rng.normal() + 0.3 * rng.normal(size=len(frame))
        outcome = indicator(cells, seen, np.full(len(frame), 0.09), along[:, None], label="growth")
        result = regress_with_index(outcome, index, labels=["divide"], standardise=False)
        for hits, estimate in ((covered, result.corrected), (naive, result.naive)):
            lower, upper = estimate.confidence_interval()[0]
            hits.append(lower <= 3 <= upper)
    assert 0.89 <= np.mean(covered) <= 0.99
    assert np.mean(naive) < 0.35


def test_an_error_that_outcome_and_index_share_is_taken_out_of_their_slope():
    """Two labels of one index, corrected by the same gold: their common error makes a slope where there is none."""
    naive, corrected = [], []
    for seed in range(60):
        _, index = World(own_error=0.0, common_error=0.04, slope=0.0).draw(seed)
        shared = index.audit_factor
        error = (index.value - World(own_error=0.0, slope=0.0).draw(seed)[1].value)[:, None]
        double = indicator(
            index.cells * 2,
            np.concatenate(
                [index.value, 0.5 + error[:, 0] + 0.05 * np.random.default_rng(seed + 1000).normal(size=800)]
            ),
            np.zeros(1600),
            np.vstack([shared, shared]),
        )
        double = dataclasses.replace(double, labels=("divide",) * 800 + ("other",) * 800)
        result = regress_with_index(
            double, double, labels=["divide"], lag=0, outcome_label="other", standardise=False
        )
        naive.append(result.naive.value[0])
        corrected.append(result.corrected.value[0])
    assert np.mean(naive) > 0.1
    assert abs(np.mean(corrected)) < 0.03


def test_two_indices_from_two_corpora_have_errors_of_their_own():
    frame, first = World(own_error=0.03, common_error=0.02).draw(0)
    _, second = World(own_error=0.03, common_error=0.02).draw(1)
    second = dataclasses.replace(second, labels=("social",) * len(second))
    design = make_design(frame, (first, second), labels=["divide", "social"], lag=1)
    assert design.factor.shape == (800, 2, 2)
    assert (design.factor[:, 0, 1] == 0).all()
    with pytest.raises(MismatchError, match="more than one label 'divide'"):
        make_design(frame, (first, first), labels=["divide"], lag=1)


def test_draws_and_simex_agree_with_the_corrected_estimate_and_uncorrected_draws_are_weaker_than_naive():
    ratios = []
    for seed in range(40):
        frame, index = World(own_error=0.07, common_error=0.01).draw(seed)
        design = make_design(frame, index, labels=["divide"], lag=1)
        truth = 3 * design.scale[0]
        found = [
            naive_estimate(design, "growth", 1),
            corrected_estimate(design, "growth", 1),
            draws_estimate(design, "growth", 1, draws=50),
            simex_estimate(design, "growth", 1, replicates=10),
            naive_draws_estimate(design, "growth", 1, draws=10),
        ]
        ratios.append([estimate.value[0] / truth for estimate in found])
    naive, corrected, drawn, simex, weaker = np.mean(ratios, axis=0)
    assert corrected == pytest.approx(1, abs=0.04)
    assert drawn == pytest.approx(corrected, abs=0.01)
    assert simex == pytest.approx(corrected, abs=0.03)
    assert weaker < naive - 0.1 < 0.65


def test_draws_without_common_errors_change_nothing():
    frame, index = World(own_error=0.05).draw(0)
    design = make_design(frame, index, labels=["divide"], lag=1)
    corrected = corrected_estimate(design, "growth", 1)
    drawn = draws_estimate(design, "growth", 1, draws=5)
    assert drawn.value == pytest.approx(corrected.value, rel=1e-10)
    assert drawn.standard_error == pytest.approx(corrected.standard_error, rel=1e-8)


def test_the_size_of_the_test_is_kept_under_the_null_with_generated_regressors():
    """Of 300 draws at 5%, 2.3% to 8.7% is what chance allows (two-sided, 1 in 100)."""
    rejected = []
    for seed in range(300):
        frame, index = World(entities=25, periods=12, own_error=0.08, common_error=0.01, slope=0.0).draw(seed)
        found = corrected_estimate(make_design(frame, index, labels=["divide"], lag=1), "growth", 1)
        reach = stats.t.ppf(0.975, found.degrees_of_freedom) * found.standard_error[0]
        rejected.append(abs(found.value[0]) > reach)
    assert 0.023 <= np.mean(rejected) <= 0.087


def test_the_truth_lies_within_bounds_that_know_no_variance():
    inside = []
    for seed in range(60):
        frame, index = World(own_error=0.08).draw(seed)
        bounds = slope_bounds(make_design(frame, index, labels=["divide"], lag=1, standardise=False))
        row = bounds.table.iloc[0]
        assert row["lower_95"] < row["lower"] == row["naive"] < row["upper"] < row["upper_95"]
        inside.append(row["lower_95"] <= 3 <= row["upper_95"])
    assert np.mean(inside) == 1


def test_a_reliability_that_is_assumed_tightens_the_bounds():
    frame, index = World(own_error=0.08).draw(0)
    design = make_design(frame, index, labels=["divide"], lag=1, standardise=False)
    loose = slope_bounds(design).table.iloc[0]
    tight = slope_bounds(design, least_reliability=0.5).table.iloc[0]
    assert tight["upper"] == pytest.approx(2 * tight["naive"])
    assert tight["upper"] < loose["upper"]
    with pytest.raises(SettingsError, match="expected a share in"):
        slope_bounds(design, least_reliability=0)


def test_two_noisy_indices_without_a_sign_in_common_are_not_bounded():
    frame, first = World(own_error=0.1, slope=0.0).draw(0)
    _, second = World(own_error=0.1).draw(10)
    second = dataclasses.replace(second, labels=("social",) * len(second))
    bounds = slope_bounds(make_design(frame, (first, second), labels=["divide", "social"], lag=1))
    assert np.isinf(bounds.table["upper"]).all()
    assert "W402" in [finding.code for finding in bounds.findings]
    assert "not bounded" in bounds.summary().lower()


def test_one_cluster_is_refused_in_one_line():
    frame, index = World().draw(0)
    with pytest.raises(EstimationError, match=r"All 800 rows are in one cluster \(world\)") as caught:
        regress_with_index(frame.assign(world=1), index, labels=["divide"], cluster="world")
    assert "\n" not in str(caught.value)


def test_an_outcome_made_from_the_index_has_no_standard_error():
    frame, index = World().draw(0)
    value = dict(zip(index.cells, index.value, strict=True))
    made = [
        2 * value[entity, period - 1] for entity, period in zip(frame["entity"], frame["period"], strict=True)
    ]
    result = regress_with_index(frame.assign(value=made), index, labels=["divide"])
    for estimate in result.estimates:
        assert np.isnan(estimate.standard_error).all()
        assert "W433" in [finding.code for finding in estimate.findings]


def test_a_collinear_series_is_named_with_what_it_is_collinear_with():
    frame, index = rich_panel()
    for control, said in (
        (frame["control"] * 2, "'copy' is collinear with 'control' within the effects"),
        (frame["region"], "'copy' is collinear with the effects: it does not vary within them"),
    ):
        with pytest.raises(EstimationError, match=said):
            regress_with_index(
                frame.assign(copy=control), index, labels=["divide"], controls=["control", "copy"]
            )


def test_rows_without_a_control_are_left_out_and_counted():
    frame, index = rich_panel()
    frame.loc[:49, "control"] = np.nan
    design = make_design(frame, index, labels=["divide"], lag=1, controls=["control"])
    assert design.dropped == 50


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"labels": ["nothing"]}, MismatchError, "no label 'nothing'; it has divide"),
        ({"labels": ["divide"], "controls": ["nothing"]}, MismatchError, "The panel has no column 'nothing'"),
        ({"labels": ["divide"], "also": ["magic"]}, SettingsError, "no estimator 'magic'; there are naive"),
    ],
)
def test_what_is_not_there_is_named(options, kind, said):
    frame, index = World().draw(0)
    with pytest.raises(kind, match=said):
        regress_with_index(frame, index, **options)


def with_cell(frame, row, name, value):
    """The table, one of its cells replaced by something that may be no number."""
    changed = frame.astype({name: object})
    changed.loc[changed.index[row], name] = value
    return changed


@pytest.mark.parametrize(
    ("row", "column", "cell", "said"),
    [
        (4, "value", "n.q.", "The outcome, row 5, column 'value': 'n.q.' is not a number (such rows: 1)"),
        (6, "value", "3,5", "The outcome, row 7, column 'value': '3,5' is not a number"),
        (0, "value", float("-inf"), "The outcome, row 1, column 'value': the value is infinite"),
        (2, "period", "soon", "The outcome, row 3, column 'period': 'soon' is not a whole number"),
        (3, "control", "high", "The outcome, row 4, column 'control': 'high' is not a number"),
    ],
)
def test_a_cell_that_is_no_number_is_refused_and_its_row_told(row, column, cell, said):
    frame, index = World(entities=6, periods=5).draw(0)
    wrong = with_cell(frame.assign(control=1.0), row, column, cell)
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        regress_with_index(wrong, index, labels=["divide"], controls=["control"])
    assert "\n" not in str(caught.value)


def test_a_panel_beside_the_outcome_is_read_as_strictly():
    frame, index = World(entities=6, periods=5).draw(0)
    panel = frame[["entity", "period"]].assign(control=1.0)
    for wrong, said in (
        (with_cell(panel, 8, "control", "?"), "The panel, row 9, column 'control': '?' is not a number"),
        (pd.concat([panel, panel.head(1)]), "The panel has E000 in 2001 more than once"),
    ):
        with pytest.raises(DataError, match=re.escape(said)):
            make_design(frame, index, labels=["divide"], lag=1, controls=["control"], panel=wrong)


def test_numbers_in_text_are_numbers_and_rows_without_an_outcome_are_counted():
    frame, index = World(own_error=0.05).draw(0)
    text = frame.assign(value=frame["value"].map(repr), period=frame["period"].astype(str))
    for row, cell in ((3, ""), (50, "NA"), (99, "..")):
        text = with_cell(text, row, "value", cell)
    whole, found = (
        regress_with_index(one, index, labels=["divide"]) for one in (frame.drop(index=[3, 50, 99]), text)
    )
    assert found.corrected.value == pytest.approx(whole.corrected.value, rel=1e-12)
    assert [str(one.code) for one in found.findings] == ["N416"]
    assert "left out: 3." in found.summary()


def test_the_result_shows_all_estimators_with_what_they_assume():
    frame, index = World(own_error=0.05).draw(0)
    result = regress_with_index(frame, index, labels=["divide"], also=["simex", "draws"])
    assert list(result.table["estimator"]) == ["naive", "errors-in-variables", "simex", "draws"]
    words = result.summary()
    for estimate in result.estimates:
        assert f"{estimate.method} assumes that" in words
    assert "causes" not in words
    assert "naive" in result.to_latex()
    assert result.to_html().count("<tr") == 5
    figure = result.plot()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(result.table["estimator"])


def test_the_same_seed_gives_the_same_numbers():
    frame, index = World(own_error=0.05, common_error=0.03).draw(0)
    one, two = (
        regress_with_index(frame, index, labels=["divide"], also=["simex", "draws"]) for _ in range(2)
    )
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
