"""Structural change in the GGDC Productivity Level Database 2023 (Inklaar, Marapin and Gräler 2023), four countries.

Values are in current international dollars of each year, so growth holds US inflation; the parts do not mind. No such
table is published; the last test writes the identity out again.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwinds.contracts import Panel, Series
from headwinds.explain.accounts.shift_share import shift_share
from house.repository import ROOT

FILE = ROOT / "tests" / "replications" / "data" / "productivity_levels_2023.csv"


@pytest.fixture(scope="module")
def panel() -> Panel:
    table = pd.read_csv(FILE)
    data = pd.DataFrame(
        {
            "entity": table["countrycode"] + "/" + table["sector"],
            "period": table["year"],
            "value": table["VA"] / table["PPP_va"],
            "persons": table["EMP"],
        }
    )
    data = data.sort_values(["entity", "period"], ignore_index=True)
    source = ("GGDC Productivity Level Database", "2023")
    series = {
        "value": Series("value", "current international US$, million", "level", *source),
        "persons": Series("persons", "thousands", "count", *source),
    }
    return Panel(data=data, series=series)


@pytest.mark.parametrize(
    ("country", "growth", "within", "between", "cross"),
    [
        ("USA", 3.18, 3.34, -0.10, -0.06),
        ("DEU", 5.17, 5.32, 0.00, -0.14),
    ],
)
def test_rich_countries_grew_within_their_industries(panel, country, growth, within, between, cross):
    table = shift_share(
        without_dwellings(panel), value="value", labour="persons", spans=[(2005, 2017)]
    ).table.set_index("entity")
    row = table.loc[country]
    assert tuple(row[["productivity", "within", "between", "cross"]].round(2)) == pytest.approx(
        (growth, within, between, cross), abs=1e-9
    )


def test_in_china_and_ghana_labour_moved_to_where_more_is_made(panel):
    table = shift_share(
        without_dwellings(panel), value="value", labour="persons", spans=[(2005, 2017)]
    ).table.set_index("entity")
    assert table.loc["CHN", "between"] > 3
    assert table.loc["CHN", "cross"] > 5
    assert table.loc["GHA", "between"] == pytest.approx(5.91, abs=5e-3)
    assert table.loc["GHA", "cross"] < -4  # it moved to where productivity then fell


def test_the_parts_are_those_of_the_textbook(panel):
    found = shift_share(panel, value="value", labour="persons", spans=[(2005, 2017)])
    assert np.abs(found.residual).max() < 1e-10
    wide = panel.data.assign(country=panel.data["entity"].str[:3]).query("country == 'CHN'")
    start, end = (wide[wide["period"] == year] for year in (2005, 2017))
    share0, share1 = (one["persons"].to_numpy() / one["persons"].sum() for one in (start, end))
    level0, level1 = ((one["value"] / one["persons"]).to_numpy() for one in (start, end))
    scale = 100 / (share0 @ level0) / 12
    row = found.table.set_index("entity").loc["CHN"]
    assert row["within"] == pytest.approx(scale * share0 @ (level1 - level0), rel=1e-12)
    assert row["between"] == pytest.approx(scale * (share1 - share0) @ level0, rel=1e-10)
    assert row["cross"] == pytest.approx(scale * (share1 - share0) @ (level1 - level0), rel=1e-10)
    assert row["productivity"] == pytest.approx(scale * (share1 @ level1 - share0 @ level0), rel=1e-12)


def without_dwellings(panel: Panel) -> Panel:
    kept = panel.data[~panel.data["entity"].str.endswith("/dwe")].reset_index(drop=True)
    return Panel(data=kept, series=panel.series)
