"""Mankiw, Romer and Weil (1992), tables I to VI. The data are printed with one decimal, so we agree to about 0.02."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwinds.explain.solow_model import SolowEstimate, solow
from house.repository import ROOT

FILE = ROOT / "tests" / "replications" / "data" / "mankiw_romer_weil_1992.csv"
SHARES = {"investment": "invest", "population_growth": "popgrowth"}


@pytest.fixture(scope="module")
def countries() -> pd.DataFrame:
    table = pd.read_csv(FILE)
    return table.assign(**{name: table[name] / 100 for name in ("popgrowth", "invest", "school")})


def non_oil(countries: pd.DataFrame) -> pd.DataFrame:
    table = countries[countries["oil"] == "no"]
    assert len(table) == 98
    return table


def check(
    found: SolowEstimate, exact: dict[str, tuple[float, float]], printed: dict[str, tuple[float, float]]
):
    table = found.unrestricted.table.set_index("name")
    for name, (value, error) in exact.items():
        assert table.loc[name, "value"] == pytest.approx(value, abs=1e-3), name
        assert table.loc[name, "standard_error"] == pytest.approx(error, abs=1e-3), name
    for name, (value, error) in printed.items():
        assert table.loc[name, "value"] == pytest.approx(value, abs=0.03), name
        assert table.loc[name, "standard_error"] == pytest.approx(error, abs=0.03), name


def test_table_one_the_textbook_solow_model(countries):
    found = solow(non_oil(countries), output="gdp85", **SHARES)
    check(
        found,
        {"ln s": (1.424, 0.143), "ln(n+g+d)": (-1.990, 0.563)},
        {"ln s": (1.42, 0.14), "ln(n+g+d)": (-1.97, 0.56)},
    )
    assert found.adjusted_r_squared == pytest.approx(0.592, abs=1e-3)
    assert found.residual_standard_error == pytest.approx(0.689, abs=1e-3)
    assert found.implied.value == pytest.approx([0.598], abs=1e-3)  # printed: .60 (.02)
    assert found.implied.standard_error == pytest.approx([0.02], abs=5e-3)
    assert found.restriction_p_value == pytest.approx(0.38, abs=0.03)  # as printed


def test_table_two_with_human_capital(countries):
    found = solow(non_oil(countries), output="gdp85", schooling="school", **SHARES)
    check(
        found,
        {"ln s": (0.697, 0.133), "ln(n+g+d)": (-1.745, 0.416), "ln h": (0.654, 0.073)},
        {"ln s": (0.69, 0.13), "ln(n+g+d)": (-1.73, 0.41), "ln h": (0.66, 0.07)},
    )
    assert found.adjusted_r_squared == pytest.approx(0.779, abs=1e-3)
    assert found.residual_standard_error == pytest.approx(0.508, abs=1e-3)
    assert found.implied.value == pytest.approx([0.308, 0.274], abs=1e-3)  # printed: .31 (.04), .28 (.03)
    assert found.implied.standard_error == pytest.approx([0.04, 0.03], abs=5e-3)


def test_table_three_poor_countries_do_not_grow_faster(countries):
    found = solow(non_oil(countries), output="gdp85", initial="gdp60")
    check(found, {"ln initial": (0.094, 0.050)}, {"ln initial": (0.0943, 0.0496)})
    assert found.implied.value[0] == pytest.approx(-0.0036, abs=1e-4)
    assert np.isnan(found.implied.value[1])
    assert "W428" in [finding.code for finding in found.findings]


def test_table_three_those_of_the_oecd_do(countries):
    found = solow(countries[countries["oecd"] == "yes"], output="gdp85", initial="gdp60")
    assert found.unrestricted.observations == 22
    check(found, {"ln initial": (-0.341, 0.079)}, {"ln initial": (-0.341, 0.079)})
    assert found.implied.value[0] == pytest.approx(0.0167, abs=1e-4)


def test_table_five_and_six_conditional_convergence(countries):
    found = solow(non_oil(countries), output="gdp85", initial="gdp60", schooling="school", **SHARES)
    table = found.unrestricted.table.set_index("name")["value"]
    assert table["ln initial"] == pytest.approx(-0.288, abs=1e-3)  # printed: -.289 (.062)
    assert table["ln s"] == pytest.approx(0.524, abs=1e-3)  # .524
    assert table["ln(n+g+d)"] == pytest.approx(-0.506, abs=1e-3)  # -.505
    assert table["ln h"] == pytest.approx(0.231, abs=1e-3)  # .233
    implied = found.implied.table.set_index("name")
    assert implied.loc["speed", "value"] == pytest.approx(0.0136, abs=1e-4)  # .0137
    assert implied.loc["capital_share", "value"] == pytest.approx(0.48, abs=0.01)
    assert implied.loc["human_capital_share", "value"] == pytest.approx(0.23, abs=0.01)


def test_standard_errors_of_what_is_implied_are_those_of_a_refit_on_moved_data(countries):
    """The delta method against the jackknife: they agree within a third, as two estimates of one thing do."""
    table = non_oil(countries).reset_index(drop=True)
    arguments = {"output": "gdp85", "initial": "gdp60", "schooling": "school", **SHARES}
    whole = solow(table, **arguments).implied
    left_out = np.array([solow(table.drop(row), **arguments).implied.value for row in range(98)])
    jackknife = np.sqrt(97 / 98 * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    assert whole.standard_error == pytest.approx(jackknife, rel=1 / 3)
