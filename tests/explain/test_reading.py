"""Panels are checked as they are read: one line says what is wrong, where, and how to mend it."""

from __future__ import annotations

import lzma

import numpy as np
import pandas as pd
import pytest

from headwinds.errors import DataError, EncodingError, MismatchError, SettingsError
from headwinds.explain.accounts.penn_accounts import growth_accounts
from headwinds.explain.gapminder import read_gapminder
from headwinds.explain.panel_data import log_growth, require_series, values_at_lag
from headwinds.explain.panel_join import join_panels
from headwinds.explain.penn_world_table import read_penn_world_table
from headwinds.explain.plain_panel import read_panel, read_table
from headwinds.explain.spans import slowdown
from headwinds.study.growth_files import read_growth_panel
from house.repository import ROOT

PANEL = ROOT / "studies" / "un-debates" / "panel"
GOOD = "entity,period,output\nDEU,2000,1.5\nDEU,2001,2.5\nFRA,2000,\n"


def written(tmp_path, text: str, name: str = "panel.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plain_panel(tmp_path):
    panel = read_panel(written(tmp_path, GOOD))
    assert panel.data["entity"].tolist() == ["DEU", "DEU", "FRA"]
    assert panel.data["period"].tolist() == [2000, 2001, 2000]
    assert panel.data["output"].tolist()[:2] == [1.5, 2.5]
    assert np.isnan(panel.data["output"].iloc[2])
    assert panel.series["output"].unit == "as in the file"


def test_names_beside_the_numbers_are_no_series_and_what_offices_write_for_missing_is_missing(tmp_path):
    text = "entity, period ,output,region,notes\nDEU,2000,1.5,Europe,\nDEU,2001,n/a,Europe,\nDEU,2002,:,Europe,\n"
    panel = read_panel(written(tmp_path, text))
    assert list(panel.series) == ["output", "notes"]
    assert np.isnan(panel.data["output"]).tolist() == [False, True, True]
    with pytest.raises(SettingsError, match="no series 'region'"):
        require_series(panel, ["region"])


def test_commas_beyond_the_last_name_and_tabs_are_read(tmp_path):
    lines = GOOD.splitlines()
    trailing = "\n".join([lines[0], *(f"{line}," for line in lines[1:])])
    assert read_panel(written(tmp_path, trailing)).data["output"].tolist()[:2] == [1.5, 2.5]
    tabbed = written(tmp_path, GOOD.replace(",", "\t"), "panel.tsv")
    assert read_panel(tabbed).data["output"].tolist()[:2] == [1.5, 2.5]


def test_a_name_that_stands_twice_in_a_workbook_is_refused(tmp_path):
    table = pd.DataFrame([["DEU", 2000, 1.0, 2.0]], columns=["entity", "period", "output", "output"])
    table.to_excel(tmp_path / "panel.xlsx", index=False)
    with pytest.raises(DataError, match="2 columns are named 'output'"):
        read_panel(tmp_path / "panel.xlsx")


def test_a_panel_of_ones_own_may_name_its_columns_as_the_penn_world_table_does(tmp_path):
    own = written(tmp_path, "isocode,year,country,gdp\nDEU,2000,Germany,1\nDEU,2001,Germany,2\n")
    panel = read_growth_panel(own, entity="isocode", period="year")
    assert list(panel.series) == ["gdp"]
    with pytest.raises(DataError, match="no column 'entity', 'period'; the columns are isocode"):
        read_growth_panel(own)


def test_a_column_added_to_the_penn_world_table_is_a_series(tmp_path):
    table = pd.read_csv(PANEL / "pwt10.01.csv.xz")
    table = (
        table[table["isocode"].isin(["DEU", "FRA"])].iloc[::-1].assign(users=lambda rows: rows["year"] / 2)
    )
    table.to_csv(tmp_path / "pwt.csv", index=False)
    panel = read_growth_panel(tmp_path / "pwt.csv")
    assert panel.series["rgdpna"].kind == "growth"
    assert (panel.data["users"] == panel.data["period"] / 2).all()


DATED = GOOD.replace("2000", "2000-12-31").replace("2001", "2001-12-31")


def test_years_may_be_written_as_dates_in_whatever_file(tmp_path):
    plain = read_panel(written(tmp_path, GOOD)).data
    table = read_table(written(tmp_path, DATED)).assign(output=[1.5, 2.5, np.nan])
    table["period"] = pd.to_datetime(table["period"])
    table.to_parquet(tmp_path / "times.parquet")
    table.assign(period=table["period"].dt.tz_localize("UTC")).to_parquet(tmp_path / "zone.parquet")
    table.assign(period=table["period"].dt.date).to_parquet(tmp_path / "dates.parquet")
    table.to_excel(tmp_path / "times.xlsx", index=False)
    table.to_stata(tmp_path / "years.dta", convert_dates={"period": "ty"}, write_index=False)
    names = ("panel.csv", "times.parquet", "zone.parquet", "dates.parquet", "times.xlsx", "years.dta")
    for name in names:
        pd.testing.assert_frame_equal(read_panel(tmp_path / name).data, plain)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("period", "year"), "no column 'period'; the columns are entity, year, output"),
        (GOOD.replace("2001", "2001Q3"), "line 3, column 'period': '2001Q3' is no year"),
        (GOOD.replace("2001", "20O1"), "line 3, column 'period': '20O1' is no year"),
        (GOOD.replace("2001", "2000.5"), "line 3, column 'period': '2000.5' is no year"),
        (GOOD.replace("2001", "2001-12-31"), "line 3, column 'period': '2001-12-31' is no year"),
        (DATED.replace("2001-12-31", "2001"), "'2001' is no date, and '2000-12-31' in line 2 is one"),
        (DATED.replace("2001-12-31", "2001-02-30"), "line 3, column 'period': '2001-02-30' is no date"),
        (DATED.replace("2001-12-31", "2001-12-31 23:00"), "'2001-12-31 23:00' is no date"),
        (DATED.replace("2001-12-31", "31/12/2001"), "'31/12/2001' is no date"),
        (
            DATED.replace("2001-12-31", "2000-06-30"),
            "rows that repeat an entity and period: 1 (first: DEU 2000). A date ",
        ),
        (GOOD.replace("DEU,2001", ",2001"), "line 3, column 'entity': the entity is empty"),
        (GOOD.replace("2.5", "2,5"), "cannot be read as a table"),
        (GOOD.replace(".5", ",5"), "line 2: 4 fields, expected 3"),
        (GOOD.replace("DEU,2001,2.5", "DEU,2001"), "line 3: 2 fields, expected 3"),
        (GOOD.replace(",", ";"), "semicolons stand between the fields, expected commas"),
        (GOOD.replace(",", "\t"), "tabs stand between the fields, expected commas"),
        (GOOD.replace("2.5", "25%"), "line 3, column 'output': '25%' is not a number"),
        ("entity,period,output,output\nDEU,2000,1,2\n", "2 columns are named 'output'"),
        ("entity,period,output\n", "has no rows"),
        ("entity,period,region\nDEU,2000,Europe\n", "no column of numbers beside 'entity' and 'period'"),
        (GOOD.replace("2.5", "about 2"), "line 3, column 'output': 'about 2' is not a number"),
        (GOOD.replace("2.5", "inf"), "line 3, column 'output': the value is infinite"),
        (GOOD.replace("2001", "2000"), "rows that repeat an entity and period: 1 (first: DEU 2000)"),
        ("entity,period\nDEU,2000\n", "there is no column of numbers beside 'entity' and 'period'"),
        ("", "cannot be read as a table"),
    ],
)
def test_what_is_no_panel_is_refused_in_one_line(tmp_path, text, says):
    with pytest.raises(DataError) as caught:
        read_panel(written(tmp_path, text))
    assert says in str(caught.value)
    assert "panel.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_panel_in_another_encoding(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_bytes("entity,period,output\nCôte d'Ivoire,2000,1\n".encode("latin-1"))
    with pytest.raises(EncodingError, match=r"not UTF-8 at byte \d+"):
        read_panel(path)


def test_a_damaged_archive(tmp_path):
    path = tmp_path / "panel.csv.xz"
    path.write_bytes(lzma.compress(GOOD.encode())[:-20])
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_panel(path)


def test_no_file(tmp_path):
    with pytest.raises(DataError, match=r"There is no file .*nowhere\.csv"):
        read_panel(tmp_path / "nowhere.csv")


def test_parquet_and_csv_say_the_same(tmp_path):
    path = tmp_path / "panel.parquet"
    pd.DataFrame(
        {"entity": ["DEU", "DEU", "FRA"], "period": [2000, 2001, 2000], "output": [1.5, 2.5, None]}
    ).to_parquet(path)
    pd.testing.assert_frame_equal(read_panel(path).data, read_panel(written(tmp_path, GOOD)).data)


def test_a_penn_world_table_without_what_accounts_need(tmp_path):
    path = written(tmp_path, "isocode,year,rgdpna\nUSA,2000,1\n")
    with pytest.raises(DataError, match=r"no column 'rkna', 'rtfpna', 'emp', 'avh', 'hc', 'labsh'"):
        read_penn_world_table(path)


def test_a_code_that_is_no_country(tmp_path):
    path = written(
        tmp_path, "isocode,year,rgdpna,rkna,rtfpna,emp,avh,hc,labsh\nUnited States,2000,1,1,1,1,1,1,.5\n"
    )
    with pytest.raises(
        DataError, match=r"line 2, column 'isocode': 'United States' is no ISO 3166-1 alpha-3 code"
    ):
        read_penn_world_table(path)


def test_regions_in_gapminder_are_refused_unless_asked(tmp_path):
    path = written(
        tmp_path, "indicator,geo,time,value\ninternet_users,deu,2000,30\ninternet_users,asia,2000,5\n"
    )
    with pytest.raises(
        DataError, match=r"line 3, column 'geo': 'asia' is not of three letters \(such rows: 1\)"
    ):
        read_gapminder(path)
    assert read_gapminder(path, countries_only=True).data["entity"].tolist() == ["DEU"]


def test_the_shipped_gapminder_series_join_the_penn_world_table():
    table = read_penn_world_table(PANEL / "pwt10.01.csv.xz")
    internet = read_gapminder(PANEL / "gapminder.csv.xz", indicators=["internet_users"], countries_only=True)
    joined = join_panels(table, internet)
    both, findings = joined.panel, joined.findings
    assert len(both.data) >= len(table.data)
    assert "internet_users" in both.series
    assert "N400" in [finding.code for finding in findings]


def test_an_indicator_that_is_not_there():
    with pytest.raises(DataError, match="no indicator 'internet_user'"):
        read_gapminder(PANEL / "gapminder.csv.xz", indicators=["internet_user"], countries_only=True)


def test_panels_that_do_not_meet(tmp_path):
    one = read_panel(written(tmp_path, GOOD))
    other = read_panel(written(tmp_path, "entity,period,patents\nDEU,1900,1\nUSA,1901,2\n", "other.csv"))
    with pytest.raises(MismatchError, match="share no entity and period"):
        join_panels(one, other)


def test_series_for_growth_and_series_for_levels_do_not_mix():
    panel = read_penn_world_table(PANEL / "pwt10.01.csv.xz")
    with pytest.raises(SettingsError, match="one computation must not mix them"):
        require_series(panel, ["rgdpna", "rgdpo"])
    with pytest.raises(SettingsError, match="no series 'gdp'"):
        require_series(panel, ["gdp"])


def test_growth_of_what_is_not_positive(tmp_path):
    panel = read_panel(written(tmp_path, GOOD.replace("2.5", "-2.5")))
    with pytest.raises(
        DataError, match=r"Series 'output' is -2.5 for DEU in 2001; growth needs positive values"
    ):
        log_growth(panel, "output")


def test_a_lag_counts_calendar_years(tmp_path):
    panel = read_panel(written(tmp_path, "entity,period,x\nA,2000,1\nA,2001,2\nA,2003,4\nB,2002,9\n"))
    lagged = values_at_lag(panel.data, panel.data["x"].to_numpy(), 1)
    np.testing.assert_array_equal(lagged, [np.nan, 1, np.nan, np.nan])
    np.testing.assert_array_equal(
        values_at_lag(panel.data, panel.data["x"].to_numpy(), 2), [np.nan, np.nan, 2, np.nan]
    )


def test_accounts_without_any_complete_row():
    panel = read_penn_world_table(PANEL / "pwt10.01.csv.xz")
    with pytest.raises(SettingsError, match="No entity has all inputs of a growth account in these years"):
        growth_accounts(panel, entities=["USA"], first=1800, last=1850)


def test_a_slowdown_needs_years_that_are_there():
    panel = read_penn_world_table(PANEL / "pwt10.01.csv.xz")
    with pytest.raises(Exception, match=r"The panel has no year 2024: it runs from 1950 to 2019"):
        slowdown(panel, ["USA"], before=(1995, 2004), after=(2004, 2024))
    found = slowdown(panel, ["USA", "ATLANTIS"], before=(1995, 2004), after=(2004, 2019))
    assert (found.countries, found.unavailable) == (1, ("ATLANTIS",))
