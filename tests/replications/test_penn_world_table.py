"""Published productivity, rebuilt from its own inputs: Penn World Table 10.01 (Feenstra, Inklaar, Timmer 2015)."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.contracts import Panel
from headwinds.errors import EstimationError
from headwinds.explain.accounts.penn_accounts import compare_with_published, growth_accounts, span_accounts
from headwinds.explain.country_groups import OECD_38
from headwinds.explain.panel_data import log_growth
from headwinds.explain.penn_world_table import read_penn_world_table
from headwinds.explain.spans import slowdown
from house.repository import ROOT

PUBLISHED = ROOT / "studies" / "un-debates" / "panel" / "pwt10.01.csv.xz"


@pytest.fixture(scope="module")
def panel() -> Panel:
    return read_penn_world_table(PUBLISHED)


def test_the_published_productivity_is_rebuilt_exactly_wherever_its_inputs_are_published(panel):
    rebuilt = compare_with_published(panel)
    assert (rebuilt.countries, rebuilt.country_years) == (64, 3_067)
    assert rebuilt.largest_error < 1e-6


def test_where_nothing_is_published_there_is_nothing_to_compare(panel):
    blank = Panel(data=panel.data.assign(rtfpna=np.nan), series=panel.series)
    with pytest.raises(EstimationError, match="there is nothing to compare"):
        compare_with_published(blank)


def test_a_table_of_another_release_is_not_told_as_this_one(panel, tmp_path):
    """PWT 11.0 reaches 2023 at prices of 2021: neither year is that of 10.01."""
    assert panel.series["rgdpna"].vintage == "10.01"
    assert "million 2017 US$" in panel.series["rgdpna"].unit
    later = panel.data.rename(columns={"entity": "countrycode", "period": "year"})
    later = later.assign(year=later["year"] + 4)
    later.to_csv(tmp_path / "pwt.csv", index=False)
    unknown = read_penn_world_table(tmp_path / "pwt.csv").series["rgdpna"]
    assert (unknown.vintage, unknown.unit) == ("as read", "real GDP, constant national prices, million US$")
    named = read_penn_world_table(tmp_path / "pwt.csv", vintage="11.0").series["rkna"]
    assert (named.vintage, named.unit) == (
        "11.0",
        "capital services, constant 2021 national prices, 2021 = 1",
    )


def test_the_capital_stock_in_the_place_of_capital_services_misses_by_far(panel):
    stock = Panel(data=panel.data.assign(rkna=panel.data["rnna"]), series=panel.series)
    assert compare_with_published(stock).largest_error > 0.04


def test_accounts_add_up_in_every_year(panel):
    table = growth_accounts(panel).table
    parts = table[["hours", "labour_quality", "capital", "tfp"]].sum(axis=1)
    deepening = table[["capital_deepening", "labour_quality", "tfp"]].sum(axis=1)
    assert np.abs(parts - table["output"]).max() < 1e-10
    assert np.abs(deepening - table["productivity"]).max() < 1e-10


def test_no_growth_rate_is_dropped_without_a_reason(panel):
    account = growth_accounts(panel)
    assert len(account.table) + len(account.unavailable) == len(panel.data)
    assert account.unavailable["reason"].str.startswith("no ").all()


def test_the_accounts_of_the_united_states_by_span(panel):
    spans = [(1973, 1995), (1995, 2004), (2004, 2019)]
    found = span_accounts(growth_accounts(panel), spans, ["USA"]).table.set_index("span")
    hours = found["output"] - found["productivity"]
    published = {
        "1973-1995": (2.843, 1.458, 1.385, 0.741, 0.308, 0.335),
        "1995-2004": (3.377, 0.892, 2.486, 1.158, 0.186, 1.142),
        "2004-2019": (1.877, 0.715, 1.162, 0.624, 0.143, 0.395),
    }
    for span, expected in published.items():
        row = found.loc[span]
        got = (
            row["output"], hours[span], row["productivity"], row["capital_deepening"], row["labour_quality"], row["tfp"],
        )  # fmt: skip
        assert np.round(got, 3) == pytest.approx(expected, abs=1e-9), span


@pytest.mark.parametrize(
    ("country", "before", "after"),
    [
        ("GBR", 0.944, -0.197), ("DEU", 0.378, 0.347), ("FRA", 0.676, -0.256),
        ("JPN", 0.093, 0.173), ("ITA", -0.669, -0.834), ("KOR", 1.386, 0.882), ("USA", 1.142, 0.395),
    ],
)  # fmt: skip
def test_productivity_growth_of_one_country_before_and_after_2004(panel, country, before, after):
    found = slowdown(panel, [country], before=(1995, 2004), after=(2004, 2019))
    assert (round(found.before, 3), round(found.after, 3)) == (before, after)
    assert np.isnan(found.standard_error)


def test_the_slowdown_of_the_oecd(panel):
    found = slowdown(panel, OECD_38, before=(1995, 2004), after=(2004, 2019))
    assert (found.countries, found.fell, found.unavailable) == (38, 29, ())
    assert found.before == pytest.approx(0.8544, abs=5e-5)
    assert found.after == pytest.approx(0.1547, abs=5e-5)
    assert found.change == pytest.approx(-0.6997, abs=5e-5)
    assert found.standard_error == pytest.approx(0.1686, abs=5e-5)


def test_the_slowdown_of_all_countries(panel):
    everyone = sorted(panel.data["entity"].unique())
    found = slowdown(panel, everyone, before=(1995, 2004), after=(2004, 2019))
    assert (found.countries, len(found.unavailable)) == (118, 183 - 118)
    assert found.before == pytest.approx(0.931, abs=5e-4)
    assert found.after == pytest.approx(0.122, abs=5e-4)
    assert round(100 * found.fell / found.countries) == 60


def test_the_slowdown_dated_2005_and_its_median(panel):
    usa = slowdown(panel, ["USA"], before=(1995, 2005), after=(2005, 2019))
    assert (round(usa.before, 3), round(usa.after, 3)) == (1.137, 0.346)
    assert slowdown(panel, OECD_38, before=(1995, 2005), after=(2005, 2019)).after == pytest.approx(
        0.102, abs=5e-4
    )
    table = slowdown(panel, OECD_38, before=(1995, 2004), after=(2004, 2019)).table
    assert table[["before", "after"]].median().tolist() == pytest.approx([0.578, 0.108], abs=5e-4)


def test_growth_never_bridges_a_gap(panel):
    data = panel.data[~((panel.data["entity"] == "USA") & (panel.data["period"] == 2000))]
    growth = log_growth(Panel(data=data.reset_index(drop=True), series=panel.series), "rgdpna")
    usa = data["entity"].to_numpy() == "USA"
    years = data["period"].to_numpy()
    assert np.isnan(growth[usa & (years == 2001)]).all()
    assert np.isfinite(growth[usa & (years == 2002)]).all()
