"""Names and codes of countries: what matches, what does not, and that nothing vanishes without a word."""

from __future__ import annotations

import logging

import pandas as pd
import pytest

from headwinds.contracts import Panel, Series
from headwinds.errors import DataError, SettingsError
from headwinds.explain.countries import match_countries, reconcile_countries, regions


def panel_of(names: list[str], period: int = 2000) -> Panel:
    data = pd.DataFrame({"entity": names, "period": period, "x": [float(n) for n in range(len(names))]})
    return Panel(data=data, series={"x": Series("x", "units", "ratio", "made up", "now")})


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Germany", "DEU"), ("DEU", "DEU"), ("deu", "DEU"), ("DE", "DEU"), ("276", "DEU"), ("EL", "GRC"), ("UK", "GBR"),
        ("NA", "NAM"), ("Korea, Rep.", "KOR"), ("Cote d'Ivoire", "CIV"), ("Congo, Dem. Rep.", "COD"), ("Congo", "COG"),
        ("Hong Kong SAR, China", "HKG"), ("Turkiye", "TUR"), ("Kosovo", "XKX"), ("Viet Nam", "VNM"), ("Niger", "NER"),
        ("036", "AUS"),
    ],
)  # fmt: skip
def test_a_country_is_found_under_its_many_names(name, code):
    assert match_countries([name]).codes == {name: code}


@pytest.mark.parametrize(
    "name",
    [
        "World", "WLD", "OECD", "EU27_2020", "SSA", "Sub-Saharan Africa", "Atlantis", "Czechoslovakia", "Yugoslavia", "USSR",
        "Soviet Union", "German Democratic Republic", "Serbia and Montenegro", "ANT",
        "British India", "Sudan (former)", "Ethiopia (former)", "England", "Scotland",
    ],
)  # fmt: skip
def test_aggregates_former_states_and_misspellings_are_no_country(name):
    match = match_countries([name])
    assert (match.codes, match.unmatched) == ({}, (name,))


def test_a_match_is_reported_and_not_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        match = match_countries(["France", "Atlantis"])
    assert caplog.records == []
    assert match.summary() == "1 of 2 names are countries. Not matched: Atlantis."
    assert match.table["matched"].tolist() == [False, True]


def test_no_name_at_all():
    assert match_countries([]).table.empty


def test_a_panel_gets_codes_or_says_which_names_are_none():
    panel = panel_of(["France", "Atlantis", "Chad"])
    with pytest.raises(
        DataError, match=r"Entities that are no countries \(1\): Atlantis\. Correct the names"
    ) as caught:
        reconcile_countries(panel)
    assert "\n" not in str(caught.value)
    kept = reconcile_countries(panel, unmatched="drop")
    assert kept.data["entity"].tolist() == ["FRA", "TCD"]
    assert kept.data["x"].tolist() == [0.0, 2.0]
    assert [finding.code for finding in kept.findings] == ["N421", "W421"]


def test_two_names_of_one_country_do_not_become_two_rows():
    with pytest.raises(DataError, match="FRA, France are all FRA, and 2000 has more than one of them"):
        reconcile_countries(panel_of(["France", "FRA"]))


def test_a_panel_without_any_country():
    with pytest.raises(DataError, match="No entity is a country"):
        reconcile_countries(panel_of(["Atlantis"]), unmatched="drop")
    with pytest.raises(SettingsError, match="it can be 'error' or 'drop'"):
        reconcile_countries(panel_of(["France"]), unmatched="ignore")


def test_regions():
    assert regions(["USA", "NAM", "TWN"]) == {
        "NAM": "Sub-Saharan Africa",
        "TWN": "Eastern and South-Eastern Asia",
        "USA": "Europe and Northern America",
    }
    assert regions(["XKX"], "continent") == {"XKX": "Europe"}
    assert regions(["KEN"], "un_region") == {"KEN": "Eastern Africa"}
    with pytest.raises(DataError, match="No sdg_region is known for XXX"):
        regions(["XXX"])
    with pytest.raises(SettingsError, match="no scheme of regions 'oecd'"):
        regions(["USA"], "oecd")
