"""Predicted labels of zero or one: the factor of a label is not that of a share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain import (
    bias_corrected_regression,
    one_step_likelihood,
    predicted_outcome,
    predicted_regressor,
)


def documents(seed: int, rows: int, prevalence=0.1, true=0.85, false=0.05, slope=1.0, groups=0):
    """Documents with a true label, a call, an outcome, and groups whose prevalence and outcome differ."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, max(groups, 1), rows)
    level = np.linspace(0.5, 1.5, max(groups, 1))[group] if groups else 1.0
    truth = rng.random(rows) < prevalence * level
    called = rng.random(rows) < np.where(truth, true, false)
    outcome = slope * truth + 2.0 * level + rng.normal(0, 1, rows)
    return pd.DataFrame(
        {"y": outcome, "called": called.astype(int), "truth": truth.astype(int), "group": group}
    )


def audit_of(frame: pd.DataFrame, read: int) -> pd.DataFrame:
    return frame.head(read)[["called", "truth"]].set_axis(["predicted", "true"], axis=1)


@pytest.mark.parametrize(
    ("prevalence", "true", "false", "by_share_factor"),
    [(0.1, 0.85, 0.05, 0.799), (0.02, 0.95, 0.03, 0.422), (0.5, 0.85, 0.10, 1.0)],
)
def test_the_slope_of_a_label_is_divided_by_ppv_plus_npv_less_one(prevalence, true, false, by_share_factor):
    """Dividing by T - F, which is right for the outcome and for shares, misses by the third number (known from theory)."""
    frame = documents(1, 400_000, prevalence, true, false)
    result = predicted_regressor(frame, audit_of(frame, 400_000), outcome="y", label="called")
    assert result.corrected.value[0] == pytest.approx(1, abs=4 * result.corrected.standard_error[0])
    assert result.corrected.value == pytest.approx(result.others[0].value, rel=1e-9)
    assert result.naive.value[0] / (true - false) == pytest.approx(by_share_factor, abs=0.03)


def test_intervals_hold_with_a_small_audit_and_with_effects():
    """Of 200 draws at 95%, 90.5% to 98.5% is what chance allows (two-sided, 1 in 100)."""
    hits, naive = [], []
    for seed in range(200):
        frame = documents(seed, 3000, prevalence=0.25, false=0.08, groups=5)
        result = predicted_regressor(
            frame, audit_of(frame, 600), outcome="y", label="called", effects=["group"]
        )
        lower, upper = result.corrected.confidence_interval()[0]
        hits.append(lower <= 1 <= upper)
        lower, upper = result.naive.confidence_interval()[0]
        naive.append(lower <= 1 <= upper)
    assert 0.905 <= np.mean(hits) <= 0.985
    assert np.mean(naive) < 0.05


def test_with_controls_the_two_assumptions_part():
    """Error rates that are the same given the truth: dividing by PPV + NPV - 1 is then wrong within groups."""
    frame = documents(3, 300_000, prevalence=0.55, true=0.9, false=0.1, groups=8)
    result = predicted_regressor(
        frame, audit_of(frame, 300_000), outcome="y", label="called", effects=["group"]
    )
    truth_given, call_given = result.corrected, result.others[0]
    assert truth_given.value[0] == pytest.approx(1, abs=4 * truth_given.standard_error[0])
    assert abs(call_given.value[0] - 1) > 4 * call_given.standard_error[0]


def test_a_predicted_outcome_is_divided_by_the_difference_of_its_rates():
    hits, naive = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=4000)
        truth = rng.random(4000) < np.clip(0.3 + 0.08 * x, 0, 1)
        called = rng.random(4000) < np.where(truth, 0.8, 0.15)
        frame = pd.DataFrame({"x": x, "called": called.astype(int), "truth": truth.astype(int)})
        result = predicted_outcome(frame, audit_of(frame, 500), label="called", regressors=["x"])
        lower, upper = result.corrected.confidence_interval()[0]
        hits.append(lower <= 0.08 <= upper)
        naive.append(result.naive.value[0])
    assert 0.88 <= np.mean(hits) <= 0.99
    assert np.mean(naive) == pytest.approx(0.65 * 0.08, abs=0.002)


def test_no_error_seen_is_not_taken_for_no_error():
    frame = documents(0, 2000)
    perfect = pd.DataFrame({"predicted": [1, 0], "true": [1, 0], "count": [20, 200]})
    result = predicted_regressor(frame, perfect, outcome="y", label="called")
    assert result.corrected.value == pytest.approx(result.naive.value, rel=1e-9)
    assert result.corrected.standard_error[0] > 1.02 * result.naive.standard_error[0]


def test_a_call_that_says_nothing_is_not_identified():
    frame = documents(0, 2000)
    useless = pd.DataFrame({"predicted": [1, 1, 0, 0], "true": [1, 0, 1, 0], "count": [10, 90, 20, 180]})
    result = predicted_regressor(frame, useless, outcome="y", label="called")
    assert np.isnan(result.corrected.value).all()
    assert "W402" in [finding.code for finding in result.corrected.findings]


def test_the_one_step_likelihood_covers_where_its_assumptions_hold():
    hits = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = rng.random(3000) < 0.2
        called = rng.random(3000) < np.where(truth, 0.8, 0.05)
        outcome = 10 + 2 * truth + np.where(truth, 0.8, 0.5) * rng.normal(size=3000)
        found = one_step_likelihood(
            pd.DataFrame({"y": outcome, "called": called.astype(int)}), outcome="y", label="called"
        )
        lower, upper = found.confidence_interval()[0]
        hits.append(lower <= 2 <= upper)
    assert 0.86 <= np.mean(hits) <= 1


def test_clusters_widen_an_interval_whose_errors_hang_together():
    rng = np.random.default_rng(0)
    frame = documents(0, 3000, groups=30)
    frame["y"] += rng.normal(0, 1, 30)[frame["group"]] * (1 + frame["called"])
    options = {"outcome": "y", "label": "called", "false_positive_rate": 0.01, "audited": 500}
    alone = bias_corrected_regression(frame, **options).naive
    together = bias_corrected_regression(frame, **options, cluster="group").naive
    assert together.clusters == 30
    assert together.standard_error[0] > 1.3 * alone.standard_error[0]


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"label": "nothing"}, DataError, "There is no column 'nothing'"),
        ({"label": "group"}, DataError, "'group': 2 is no label|is no label, expected 0 or 1"),
        ({"controls": ["called"]}, EstimationError, "'called' is collinear with 'called'"),
        ({"effects": ["called"]}, EstimationError, "'called' is collinear with the effects"),
        ({"false_positive_rate": 1.5}, SettingsError, "expected a share in"),
        ({"false_positive_rate": 0.5}, SettingsError, "nothing is left of 'called'"),
        ({"cluster": "one"}, EstimationError, "in one cluster"),
    ],
)
def test_bad_input_is_one_line(change, kind, said):
    frame = documents(0, 500, groups=4).assign(one=1)
    options = {"outcome": "y", "label": "called", "false_positive_rate": 0.01, "audited": 100, **change}
    with pytest.raises(kind, match=said) as caught:
        bias_corrected_regression(frame, **options)
    assert "\n" not in str(caught.value)


def test_an_audit_without_called_documents_is_refused():
    frame = documents(0, 500)
    with pytest.raises(DataError, match="0 called documents"):
        predicted_regressor(
            frame, pd.DataFrame({"predicted": [0, 0], "true": [0, 1]}), outcome="y", label="called"
        )
