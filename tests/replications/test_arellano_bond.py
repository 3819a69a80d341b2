"""Arellano and Bond (1991), employment of 140 UK firms, against the printed output of pydynpd (checked against xtabond2)."""

from __future__ import annotations

import pandas as pd
import pytest

from headwinds.explain import dynamic_panel
from house.repository import ROOT

FILE = ROOT / "tests" / "replications" / "data" / "arellano_bond_1991.csv"
INSTRUMENTS = {"n": (2, 4), "w": (1, 3)}
TOLERANCE = 1e-6
"""The numbers are printed with seven decimals."""


@pytest.fixture(scope="module")
def firms() -> pd.DataFrame:
    return pd.read_csv(FILE)


def check(fit, printed: dict[str, tuple[float, float]]):
    found = fit.table.set_index("name")
    for name, (value, error) in printed.items():
        assert found.loc[name, "value"] == pytest.approx(value, abs=TOLERANCE)
        assert found.loc[name, "standard_error"] == pytest.approx(error, abs=TOLERANCE)


def test_two_step_difference_gmm_is_the_published_one(firms):
    fit = dynamic_panel(firms, "n", lags=2, regressors=["w", "k"], internal=INSTRUMENTS, collapse=False)
    check(
        fit,
        {
            "n lag 1": (0.2710675, 0.1382542),
            "n lag 2": (-0.0233928, 0.0419665),
            "w": (-0.5668527, 0.2092231),
            "k": (0.3613939, 0.0662624),
            "period 1979": (0.0011898, 0.0092322),
            "period 1984": (-0.0614505, 0.0475525),
        },
    )
    assert (fit.instruments, fit.entities, fit.estimate.observations) == (42, 140, 611)
    statistic, freedom, p = fit.hansen
    assert (statistic, p) == (pytest.approx(32.666, abs=5e-4), pytest.approx(0.434, abs=5e-4))
    assert freedom == 32
    (first, first_p), (second, second_p) = fit.autocorrelation
    assert (first, second) == (pytest.approx(-1.29, abs=5e-3), pytest.approx(-0.31, abs=5e-3))
    assert (first_p, second_p) == (pytest.approx(0.198, abs=5e-4), pytest.approx(0.760, abs=5e-4))


def test_two_step_system_gmm_is_the_published_one(firms):
    fit = dynamic_panel(
        firms,
        "n",
        lags=2,
        regressors=["w", "k"],
        internal=INSTRUMENTS,
        system=True,
        external_in_levels=True,
        period_effects=False,
        collapse=False,
    )
    check(
        fit,
        {
            "n lag 1": (0.9453810, 0.1429764),
            "n lag 2": (-0.0860069, 0.1082318),
            "w": (-0.4477795, 0.1521917),
            "k": (0.1235808, 0.0508836),
            "constant": (1.5630849, 0.4993484),
        },
    )
    assert (fit.instruments, fit.hansen[1]) == (51, 46)
    assert fit.hansen[0] == pytest.approx(96.442, abs=5e-4)
    assert [z for z, _ in fit.autocorrelation] == pytest.approx([-2.35, -1.15], abs=5e-3)
    assert [p for _, p in fit.autocorrelation] == pytest.approx([0.019, 0.251], abs=5e-4)


def test_one_step_and_collapsed_instruments_are_counted_right(firms):
    collapsed = dynamic_panel(
        firms, "n", lags=2, regressors=["w", "k"], internal=INSTRUMENTS, collapse=True, steps=1
    )
    assert collapsed.instruments == 3 + 3 + 1 + 6
    assert collapsed.estimate.method == "one-step difference GMM"
