"""Where another library has the estimator, its numbers: coefficients to 1e-8 and standard errors to 1e-6 (relative).

`statsmodels` computes everything here another way than we do: effects as dummies, sandwiches of its own. What the small-
sample factors are is written out in each test, since every library has its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from cli.test_explain_panel import panel
from explain.test_estimators import rich_panel
from headwinds.contracts import Panel, Series
from headwinds.explain import beta_convergence, local_projections
from headwinds.explain.measured import corrected_estimate, make_design, naive_estimate

COEFFICIENT, ERROR = 1e-8, 1e-6


def dummies(*columns: pd.Series) -> np.ndarray:
    """All levels of the first, all but one of the others."""
    return np.column_stack(
        [pd.get_dummies(one).to_numpy(float)[:, 1 if place else 0 :] for place, one in enumerate(columns)]
    )


def clustered(outcome, regressors, groups, absorbed: int):
    """Coefficients and clustered errors; `absorbed` regressors and levels count, those within clusters do not."""
    fit = sm.OLS(outcome, regressors).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(groups)[0], "use_correction": False}
    )
    rows, clusters = len(outcome), len(set(groups))
    return fit.params, fit.bse * np.sqrt(clusters / (clusters - 1) * (rows - 1) / (rows - absorbed))


def test_two_way_effects_and_clustered_errors_are_those_of_statsmodels():
    frame, index = rich_panel()
    design = make_design(frame, index, labels=["divide"], lag=1, controls=["control"])
    data = frame.assign(x=index.value / index.value.std(ddof=1))
    regressors = np.column_stack([data[["x", "control"]], dummies(data["entity"], data["period"])])
    periods = data["period"].nunique()
    value, error = clustered(data["value"].to_numpy(), regressors, data["entity"], 2 + periods)
    for estimate in (naive_estimate(design, "growth", 1), corrected_estimate(design, "growth", 1)):
        assert estimate.value == pytest.approx(value[:2], rel=COEFFICIENT)
        assert estimate.standard_error == pytest.approx(error[:2], rel=ERROR)


@pytest.mark.parametrize("errors", ["clustered", "driscoll-kraay"])
def test_local_projections_are_those_of_statsmodels(errors):
    data = panel().assign(level=lambda rows: np.log(rows["output"]))[["entity", "period", "level", "shock"]]
    found = local_projections(data, "level", "shock", horizons=3, lags=0, errors=errors).table
    for horizon in range(4):
        rows = data.assign(later=data.groupby("entity")["level"].shift(-horizon)).dropna()
        regressors = np.column_stack([rows["shock"], dummies(rows["entity"], rows["period"])])
        count, periods, entities = len(rows), rows["period"].nunique(), rows["entity"].nunique()
        if errors == "clustered":
            value, error = clustered(rows["later"].to_numpy(), regressors, rows["entity"], 1 + periods)
        else:
            window = min(horizon + int(periods**0.25), periods - 1)
            fit = sm.OLS(rows["later"].to_numpy(), regressors).fit(
                cov_type="hac-groupsum",
                cov_kwds={
                    "time": pd.factorize(rows["period"])[0],
                    "maxlags": window,
                    "use_correction": False,
                },
            )
            factor = periods / (periods - 1) * (count - 1) / (count - periods - entities)
            value, error = fit.params, fit.bse * np.sqrt(factor)
        row = found[found["horizon"] == horizon].iloc[0]
        assert row["value"] == pytest.approx(value[0], rel=COEFFICIENT)
        assert row["standard_error"] == pytest.approx(error[0], rel=ERROR)


def test_beta_convergence_is_least_squares_with_hc1_errors():
    data = panel()[["entity", "period", "output"]]
    series = Series(name="output", unit="", kind="ratio", source="simulated", vintage="now")
    found = beta_convergence(Panel(data, {"output": series}), level="output", first=1990, last=2019)
    wide = np.log(data.pivot(index="entity", columns="period", values="output"))
    growth = (wide[2019] - wide[1990]) / 29
    fit = sm.OLS(growth.to_numpy(), sm.add_constant(wide[1990].to_numpy())).fit(cov_type="HC1")
    assert found.value == pytest.approx(fit.params, rel=COEFFICIENT)
    assert found.standard_error == pytest.approx(fit.bse, rel=ERROR)
