"""Clubs of 152 countries, 1970-2003 (Phillips and Sul 2009), as replicated in Sichera and Pizzuto (2019), R Journal 11(2).

The paper's last two groups are one of 13 that diverges; the R Journal article, and Du (2017), split it into 11 and 2, as one
more round of the algorithm does. Numbers are printed with three decimals.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwinds.contracts import Panel, Series
from headwinds.explain.convergence import ConvergenceClubs, convergence_clubs, log_t_test
from house.repository import ROOT

FILE = ROOT / "tests" / "replications" / "data" / "phillips_sul_2009.csv"
PRINTED = [
    (50, 0.382, 0.041, 9.282),
    (30, 0.240, 0.035, 6.904),
    (21, 0.110, 0.032, 3.402),
    (24, 0.131, 0.064, 2.055),
    (14, 0.190, 0.111, 1.701),
    (11, 1.003, 0.166, 6.024),
    (2, -0.470, 0.842, -0.559),
]
MERGED = [*PRINTED[:3], (38, -0.044, 0.070, -0.636), *PRINTED[5:]]
FIRST_CLUB = """
United.States Norway Bermuda United.Arab.Emirates Qatar Luxembourg Singapore Switzerland Hong.Kong Denmark Ireland Austria
Australia Canada Macao Netherlands Kuwait Iceland United.Kingdom Germany France Sweden Belgium Japan Brunei Finland Italy
Cyprus Puerto.Rico Israel New.Zealand Taiwan Spain Malta Korea..Republic.of Portugal Oman Mauritius Antigua
St..Kitts...Nevis Chile Malaysia Equatorial.Guinea Dominica St.Vincent...Grenadines Botswana Thailand Cape.Verde China
Maldives
"""


@pytest.fixture(scope="module")
def panel() -> Panel:
    wide = pd.read_csv(FILE).rename(columns={"Countries": "entity"})
    data = wide.melt("entity", var_name="period", value_name="income")
    data["period"] = data["period"].str[1:].astype(int)
    described = Series("income", "US$ a head", "level", "Penn World Table", "6.2")
    return Panel(data.sort_values(["entity", "period"]).reset_index(drop=True), {"income": described})


@pytest.fixture(scope="module")
def clubs(panel) -> ConvergenceClubs:
    return convergence_clubs(panel, series="income", first=1970, last=2003)


def printed(found) -> list[tuple[int, float, float, float]]:
    return [(len(one.members), one.slope, one.standard_error, one.t_value) for one in found]


def test_all_152_countries_do_not_converge(panel):
    found = log_t_test(panel, series="income", first=1970, last=2003)
    assert found.slope == pytest.approx(-0.875, abs=6e-4)
    assert found.standard_error == pytest.approx(0.005, abs=6e-4)
    assert found.t_value == pytest.approx(-159.555, abs=6e-4)
    assert not found.converges


def test_the_seven_clubs_are_the_published_ones(clubs):
    found = printed(clubs.before_merging)
    assert [one[0] for one in found] == [one[0] for one in PRINTED]
    assert np.allclose(found, PRINTED, rtol=0, atol=6e-4)
    assert clubs.diverging == ()


def test_the_first_club_has_the_published_members(clubs):
    assert set(clubs.before_merging[0].members) == set(FIRST_CLUB.split())


def test_merging_joins_the_fourth_and_the_fifth(clubs):
    assert np.allclose(printed(clubs.clubs), MERGED, rtol=0, atol=6e-4)
    assert clubs.clubs[3].members == clubs.before_merging[3].members + clubs.before_merging[4].members
