"""Published tables in the layouts in which they come."""

from __future__ import annotations

import builtins
import json

import numpy as np
import pandas as pd
import pytest

from headwinds.contracts import Panel, Series
from headwinds.errors import DataError, SettingsError
from headwinds.explain.accounts.growth_sources import Capital, sources_of_growth
from headwinds.explain.gapminder import read_gapminder
from headwinds.explain.panel_data import require_series
from headwinds.explain.penn_world_table import read_penn_world_table
from headwinds.explain.sources.eu_klems import read_eu_klems
from headwinds.explain.sources.oecd import read_sdmx_csv
from headwinds.explain.sources.table_files import read_table
from headwinds.explain.sources.world_bank import read_world_bank
from house.repository import ROOT

PENN = pd.DataFrame(
    {
        "countrycode": ["NAM", "NAM", "USA", "USA"], "country": ["Namibia", "Namibia", "United States", "United States"],
        "year": [2000, 2001, 2000, 2001], "rgdpo": [9.0, 9.5, 90.0, 91.0], "rgdpna": [10.0, 11.0, 100.0, 103.0],
        "rkna": [0.5, 0.52, 0.9, 0.92], "rtfpna": [0.9, 0.91, 1.0, 1.01], "emp": [1.0, 1.01, 50.0, 50.5],
        "avh": [1800.0, 1790.0, 1700.0, 1690.0], "hc": [2.0, 2.01, 3.5, 3.51], "labsh": [0.5, 0.51, 0.6, 0.59],
    }
)  # fmt: skip


def written(tmp_path, text: str, name: str):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def penn_file(tmp_path, kind: str):
    path = tmp_path / f"pwt.{kind}"
    if kind == "csv":
        PENN.to_csv(path, index=False)
    elif kind == "xlsx":
        with pd.ExcelWriter(path) as book:
            pd.DataFrame({"Penn World Table": ["version 10.01"]}).to_excel(
                book, sheet_name="Info", index=False
            )
            PENN.to_excel(book, sheet_name="Data", index=False)
    elif kind == "dta":
        PENN.to_stata(path, write_index=False)
    else:
        import rdata

        table = PENN.rename(columns={"countrycode": "isocode"})
        table = table.astype({"isocode": "category", "country": "category", "year": "int32"})
        rdata.write_rda(path, {"pwt10.01": table})
    return path


@pytest.mark.parametrize("kind", ["xlsx", "dta", "rda"])
def test_the_penn_world_table_says_the_same_in_every_format(tmp_path, kind):
    panel = read_penn_world_table(penn_file(tmp_path, kind))
    pd.testing.assert_frame_equal(panel.data, read_penn_world_table(penn_file(tmp_path, "csv")).data)
    assert panel.data["entity"].tolist() == ["NAM", "NAM", "USA", "USA"]
    assert panel.series["rgdpo"].kind == "level"


@pytest.mark.parametrize("name", ["pwt.xlsx", "pwt.dta", "pwt.rda", "pwt.parquet"])
def test_a_damaged_file_of_any_kind_is_one_line(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x00 this is nothing of the kind " * 5)
    with pytest.raises(DataError, match="cannot be read") as caught:
        read_table(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["pwt.csv.xz", "pwt.csv.gz", "pwt.csv.bz2", "pwt.csv.zip", "pwt.dta", "pwt.xlsx"]
)
def test_a_file_that_was_cut_off_or_changed_on_its_way_is_one_line(tmp_path, name):
    path = tmp_path / name
    if name.endswith("dta"):
        PENN.to_stata(path, write_index=False)
    elif name.endswith("xlsx"):
        PENN.to_excel(path, index=False)
    else:
        PENN.to_csv(path, index=False)
    whole = path.read_bytes()
    middle = len(whole) // 2
    damages = [whole[:middle], whole[: middle // 2]]
    if not name.endswith("dta"):  # in which nothing tells that a number is another one
        damages.append(whole[:middle] + b"\xa5" * 40 + whole[middle + 40 :])
    for damaged in damages:
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=name) as caught:
            read_table(path)
        assert "\n" not in str(caught.value)


def test_an_r_file_with_two_tables_is_not_guessed_at(tmp_path):
    import rdata

    rdata.write_rda(tmp_path / "two.rda", {"one": PENN[["year"]], "two": PENN[["emp"]]})
    with pytest.raises(DataError, match=r"holds 2 tables \(one, two\), expected one"):
        read_table(tmp_path / "two.rda")


def test_without_rdata_an_r_file_says_what_to_install(tmp_path, monkeypatch):
    path = penn_file(tmp_path, "rda")
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "rdata":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SettingsError, match=r"needs the package rdata\. pip install 'headwinds\[r-data\]'"):
        read_table(path)


LONG = (
    "iso3,indicator,year,value\nDEU,GB.XPD.RSDV.GD.ZS,2000,2.4\nWLD,GB.XPD.RSDV.GD.ZS,2000,2.1\n"
    "SSA,IP.PAT.RESD,2000,9\nDEU,IP.PAT.RESD,2001,51000\n"
)
TITLE = '"Data Source","World Development Indicators",\n\n"Last Updated Date","2026-10-07",\n\n'
BULK = (
    "Country Name,Country Code,Indicator Name,Indicator Code,2000,2001,\n"
    'Germany,DEU,"GDP per capita, PPP (constant 2021 international $)",NY.GDP.PCAP.PP.KD,50000,50500.5,\n'
    'World,WLD,"GDP per capita, PPP (constant 2021 international $)",NY.GDP.PCAP.PP.KD,1,2,\n'
    "Germany,DEU,GDP (constant LCU),NY.GDP.MKTP.KN,,3000,\n"
)


def test_the_long_form_of_the_world_bank_leaves_aggregates_out_and_says_so(tmp_path):
    panel = read_world_bank(written(tmp_path, LONG, "wdi.csv"), vintage="2020")
    assert panel.data[["entity", "period"]].to_numpy().tolist() == [["DEU", 2000], ["DEU", 2001]]
    assert panel.series["GB.XPD.RSDV.GD.ZS"].unit == "% of GDP"
    assert panel.series["IP.PAT.RESD"].vintage == "2020"
    assert [str(finding) for finding in panel.findings] == [
        "N422 wdi.csv: entities that are no country of today (aggregates, former states, misspellings) were left out: "
        "SSA, WLD; with them rows: 2."
    ]


@pytest.mark.parametrize(
    "title", ["", '"Data Source","World Development Indicators",\n\n"Last Updated Date","2026-10-07",\n\n']
)
def test_the_bulk_file_of_the_world_bank(tmp_path, title):
    panel = read_world_bank(written(tmp_path, title + BULK, "WDICSV.csv"))
    assert panel.data["NY.GDP.PCAP.PP.KD"].tolist() == [50000, 50500.5]
    assert np.isnan(panel.data["NY.GDP.MKTP.KN"].iloc[0])
    assert panel.series["NY.GDP.PCAP.PP.KD"].unit == "constant 2021 international $"
    # At constant prices parities are those of one year: levels compare, and growth is that of national accounts.
    require_series(panel, ["NY.GDP.PCAP.PP.KD", "NY.GDP.MKTP.KN"])
    current = read_world_bank(written(tmp_path, title + BULK.replace("PP.KD", "PP.CD"), "WDICSV.csv"))
    with pytest.raises(SettingsError, match="one computation must not mix them"):
        require_series(current, ["NY.GDP.PCAP.PP.CD", "NY.GDP.MKTP.KN"])


@pytest.mark.parametrize("parting", [",,,,,\n", "\n"])
def test_an_export_of_databank_with_the_lines_below_its_table(tmp_path, parting):
    text = (
        "Country Name,Country Code,Series Name,Series Code,2000 [YR2000],2001 [YR2001]\n"
        'Germany,DEU,"Unemployment, total (% of total labor force) (modeled ILO estimate)",SL.UEM.TOTL.ZS,7.9,..\n'
        "France,FRA,Gini index (World Bank estimate),SI.POV.GINI,31.1,..\n"
        + 3 * parting
        + '"Data from database: World Development Indicators"\n"Last Updated: 10/24/2024"\n'
    )
    panel = read_world_bank(written(tmp_path, text, "databank.csv"))
    assert panel.data["SL.UEM.TOTL.ZS"].tolist()[0] == 7.9
    assert panel.series["SL.UEM.TOTL.ZS"].unit == "% of total labor force"
    assert panel.series["SI.POV.GINI"].unit == "Gini index (World Bank estimate)"
    assert panel.series["SI.POV.GINI"].vintage == "updated 10/24/2024"
    with pytest.raises(DataError, match="line 3: 4 fields, expected 6"):
        read_world_bank(written(tmp_path, text.replace("SI.POV.GINI,31.1,..", ""), "databank.csv"))


def test_pages_of_the_world_banks_service(tmp_path):
    recorded = ROOT / "tests" / "replications" / "data" / "world_bank_page.json"
    panel = read_world_bank(recorded)
    assert panel.data["entity"].tolist() == ["DEU", "DEU", "FRA", "FRA"]
    np.testing.assert_array_equal(panel.data["IT.NET.USER.ZS"], [87.0, 88.1, np.nan, 83.3])
    assert panel.series["IT.NET.USER.ZS"].vintage == "updated 2026-10-07"
    assert panel.series["IT.NET.USER.ZS"].unit == "% of population"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            LONG.replace("2.4", "about 2"),
            "series GB.XPD.RSDV.GD.ZS, entity DEU, period 2000: 'about 2' is not a number",
        ),
        (LONG.replace("2001", "2001Q1"), "period 2001Q1: '2001Q1' is no year"),
        (LONG.replace("iso3", "land"), "no column 'iso3'"),
        (
            LONG + "DEU,IP.PAT.RESD,2001,1\n",
            "rows that repeat a series, entity and period: 1 (first: IP.PAT.RESD DEU 2001)",
        ),
        (LONG.replace("DEU", "SAS"), "no entity is a country"),
        (LONG + ",IP.PAT.RESD,2000,1\n", "series IP.PAT.RESD, entity , period 2000: '' is no entity"),
    ],
)
def test_a_world_bank_table_that_is_none_is_one_line(tmp_path, text, says):
    with pytest.raises(DataError) as caught:
        read_world_bank(written(tmp_path, text, "wdi.csv"))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_answer_of_the_world_banks_service_that_is_only_the_first_page_is_refused(tmp_path):
    pages = json.loads((ROOT / "tests" / "replications" / "data" / "world_bank_page.json").read_text())
    for saved in (pages[:1], pages[0]):  # as a list of pages, and as a browser saves the one answer
        path = written(tmp_path, json.dumps(saved), "first.json")
        with pytest.raises(DataError, match=r"holds 1 of the 2 pages .* per_page=20000"):
            read_world_bank(path)
    pages[0][0]["pages"] = 1
    alone = read_world_bank(written(tmp_path, json.dumps(pages[0]), "whole.json"))
    assert alone.data["entity"].tolist() == ["DEU", "DEU"]


@pytest.mark.parametrize("page", [[{"message": "gone"}], [{}, 5], [{}, {"a": 1}], [{"pages": 1}, [None]]])
def test_an_answer_that_is_none_is_one_line(tmp_path, page):
    with pytest.raises(DataError):
        read_world_bank(written(tmp_path, json.dumps([page]), "odd.json"))


def test_an_indicator_that_the_world_bank_file_lacks(tmp_path):
    with pytest.raises(DataError, match=r"no series 'IT.NET.USER.ZS'; it has GB.XPD.RSDV.GD.ZS, IP.PAT.RESD"):
        read_world_bank(written(tmp_path, LONG, "wdi.csv"), indicators=["IT.NET.USER.ZS"])


SDMX = (
    "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,Reference area,FREQ,MEASURE,Measure,UNIT_MEASURE,Unit of measure,TIME_PERIOD,"
    "OBS_VALUE,OBS_STATUS\n"
    "DATAFLOW,OECD.SDD:DSD_PDB(1.0),I,DEU,Germany,A,GDPHRS,GDP per hour,USD_PPP,US dollars,2019,70.1,A\n"
    "DATAFLOW,OECD.SDD:DSD_PDB(1.0),I,DEU,Germany,A,GDPHRS,GDP per hour,USD_PPP,US dollars,2020,NaN,A\n"
    "DATAFLOW,OECD.SDD:DSD_PDB(1.0),I,DEU,Germany,A,HRSAV,Hours,H,Hours,2019,1380,E\n"
    "DATAFLOW,OECD.SDD:DSD_PDB(1.0),I,OECD,OECD,A,HRSAV,Hours,H,Hours,2019,1700,A\n"
)


def test_sdmx_csv_with_labels(tmp_path):
    panel = read_sdmx_csv(written(tmp_path, SDMX, "pdb.csv"), kinds={"GDPHRS.USD_PPP": "level"})
    assert sorted(panel.series) == ["GDPHRS.USD_PPP", "HRSAV.H"]
    assert panel.data["HRSAV.H"].tolist()[0] == 1380
    assert panel.series["GDPHRS.USD_PPP"].unit == "US dollars"
    assert panel.series["GDPHRS.USD_PPP"].kind == "level"
    assert panel.series["HRSAV.H"].source == "SDMX: OECD.SDD:DSD_PDB(1.0)"
    assert [finding.code for finding in panel.findings] == ["N422", "N426"]
    assert "flag (OBS_STATUS) are taken as they stand: 1 (E 1)" in panel.findings[1].sentence


def test_sdmx_csv_one_measure_kept(tmp_path):
    path = written(tmp_path, SDMX, "pdb.csv")
    assert list(read_sdmx_csv(path, keep={"MEASURE": "HRSAV"}).series) == ["HRSAV"]
    with pytest.raises(DataError, match="MEASURE is never 'TFP'; it is GDPHRS, HRSAV"):
        read_sdmx_csv(path, keep={"MEASURE": "TFP"})


def test_sdmx_csv_of_version_one_writes_labels_after_a_colon(tmp_path):
    text = (
        "DATAFLOW,REF_AREA: Reference area,MEASURE: Measure,TIME_PERIOD: Time period,OBS_VALUE\n"
        "X,DEU: Germany,A: One,2019,1\nX,FRA: France,A: One,2019,2\n"
    )
    panel = read_sdmx_csv(written(tmp_path, text, "old.csv"))
    assert panel.data["A"].tolist() == [1.0, 2.0]


NATIONAL = (
    "DATAFLOW,REF_AREA,TRANSACTION,TIME_PERIOD,OBS_VALUE,REF_YEAR_PRICE,OBS_STATUS,UNIT_MULT,CURRENCY\n"
    "X,DEU,B1GQ,2019,3400.5,2015,A,6,EUR\nX,AUS,B1GQ,2019,1900.25,2020,E,6,AUD\n"
)


def test_what_stands_after_the_value_is_no_dimension_and_multiplier_and_base_are_told_in_the_unit(tmp_path):
    panel = read_sdmx_csv(written(tmp_path, NATIONAL, "national.csv"))
    assert list(panel.series) == ["B1GQ"]
    assert panel.data["entity"].tolist() == ["AUS", "DEU"]
    assert panel.series["B1GQ"].unit == "as in the file, x 10^6, base 2015, 2020"


def test_a_series_in_millions_here_and_thousands_there_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"series B1GQ: UNIT_MULT is 3, 6, so that its values are in several"):
        read_sdmx_csv(written(tmp_path, NATIONAL.replace("A,6", "A,3"), "national.csv"))


def test_quarterly_observations_are_not_taken_for_years(tmp_path):
    with pytest.raises(DataError, match="'2019-Q1' is no year"):
        read_sdmx_csv(written(tmp_path, SDMX.replace("2020", "2019-Q1"), "pdb.csv"))


EUROSTAT = (
    "DATAFLOW,LAST UPDATE,freq,unit,na_item,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS\n"
    + "".join(
        f"ESTAT:NAMA(1.0),23/10/26 11:00:00,A,CLV10_MEUR,{row}\n"
        for row in (
            "B1GQ,AT,2018,325000.1,b,F", "B1GQ,AT,2019,330000.5,,F", "B1GQ,EL,2018,,c,C", "B1GQ,EL,2019,180000.1,p,F",
            "P3,AT,2018,170000,,F", "B1GQ,EU27_2020,2019,12000000,,F",
        )
    )
)  # fmt: skip
WIDE = (
    "freq,unit,na_item,geo\\TIME_PERIOD\t2019 \t2018 \nA,CLV10_MEUR,B1GQ,AT\t330000.5 \t325000.1 b\n"
    "A,CLV10_MEUR,B1GQ,EL\t180000.1 p\t: c\nA,CLV10_MEUR,P3,AT\t: \t170000 \nA,CLV10_MEUR,B1GQ,EU27_2020\t12000000 \t: \n"
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (EUROSTAT, "gdp.csv"),
        (WIDE, "gdp.tsv"),
        (WIDE.replace("TIME_PERIOD", "time"), "old.tsv"),
        (WIDE.replace("\t", ","), "wide.csv"),
    ],
)
def test_tables_of_eurostat_say_the_same_in_every_form(tmp_path, text, name):
    panel = read_sdmx_csv(written(tmp_path, text, name))
    data = panel.data.set_index(["entity", "period"])
    assert sorted(panel.series) == ["B1GQ", "P3"]
    assert set(panel.data["entity"]) == {"AUT", "GRC"}
    assert data["B1GQ"].dropna().to_dict() == {
        ("AUT", 2018): 325000.1,
        ("AUT", 2019): 330000.5,
        ("GRC", 2019): 180000.1,
    }
    assert data["P3"].dropna().to_dict() == {("AUT", 2018): 170000}
    assert panel.series["P3"].unit == "CLV10_MEUR"
    assert panel.series["P3"].vintage == ("updated 23/10/26 11:00:00" if name == "gdp.csv" else "as read")
    assert [finding.code for finding in panel.findings] == ["N422", "N426"]
    assert "are taken as they stand: 2 (b 1, p 1)" in panel.findings[1].sentence
    alone = read_sdmx_csv(tmp_path / name, keep={"na_item": "P3"})
    assert list(alone.series) == [name.split(".")[0]]
    assert "N426" not in {finding.code for finding in alone.findings}


def test_a_row_of_eurostat_that_lost_a_dimension_is_refused(tmp_path):
    path = written(tmp_path, WIDE.replace("A,CLV10_MEUR,P3,AT", "A,P3,AT"), "gdp.tsv")
    with pytest.raises(
        DataError, match=r"gdp.tsv, line 4, column .*: 3 dimensions \(A, P3, AT\), expected 4"
    ):
        read_sdmx_csv(path)


# A country of two industries that was made up: real value added, hours, capital with its shares.
KLEMS = [
    ("VA_Q", "C26", [100.0, 110.0]), ("VA_Q", "G", [200.0, 202.0]), ("H_EMP", "C26", [50.0, 49.0]),
    ("H_EMP", "G", [150.0, 151.0]),
    ("CAPICT_QI", "C26", [10.0, 13.0]), ("CAPICT_QI", "G", [10.0, 11.0]), ("CAPNICT_QI", "C26", [80.0, 81.0]),
    ("CAPNICT_QI", "G", [70.0, 70.0]),
]  # fmt: skip


def klems_workbook(tmp_path):
    path = tmp_path / "DE_growth accounts.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"Notes": ["made up"]}).to_excel(book, sheet_name="Notes", index=False)
        for variable in dict.fromkeys(row[0] for row in KLEMS):
            rows = [
                {"nace_r2_code": code, "geo_code": geo, "geo_name": "x", "var": name, "2000": a, "2001": b}
                for name, code, (a, b) in KLEMS if name == variable
                for geo in ("DE", "EU27_2020")
            ]  # fmt: skip
            pd.DataFrame(rows).to_excel(book, sheet_name=variable, index=False)
    return path


def test_eu_klems_in_a_workbook_and_as_csv_say_the_same(tmp_path):
    book = read_eu_klems(klems_workbook(tmp_path), vintage="2023")
    assert book.data["entity"].tolist() == ["DEU/C26", "DEU/C26", "DEU/G", "DEU/G"]
    assert book.data["VA_Q"].tolist() == [100, 110, 200, 202]
    assert book.series["CAPICT_QI"].kind == "growth"
    assert [finding.code for finding in book.findings] == ["N422"]
    rows = [
        ("DE", code, year, name, value)
        for name, code, both in KLEMS
        for year, value in zip((2000, 2001), both, strict=True)
    ]
    long = pd.DataFrame(rows, columns=["geo_code", "nace_r2_code", "year", "var", "value"])
    long.to_csv(tmp_path / "long.csv", index=False)
    wide = long.pivot(index=["geo_code", "nace_r2_code", "year"], columns="var", values="value").reset_index()
    wide.to_csv(tmp_path / "wide.csv", index=False)
    years = long.pivot(
        index=["geo_code", "nace_r2_code", "var"], columns="year", values="value"
    ).reset_index()
    years.rename(columns={2000: "_2000", 2001: "_2001"}).to_csv(tmp_path / "years.csv", index=False)
    for name in ("long.csv", "wide.csv", "years.csv"):
        other = read_eu_klems(tmp_path / name)
        (
            pd.testing.assert_frame_equal(
                other.data[list(book.data.columns)], book.data, check_column_type=False
            ),
            name,
        )


def test_eu_klems_says_what_it_has(tmp_path):
    path = klems_workbook(tmp_path)
    with pytest.raises(DataError, match="no industry J61; it has C26, G"):
        read_eu_klems(path, industries=["J61"])
    with pytest.raises(DataError, match="no sheet of TFP has the columns nace_r2_code and geo_code"):
        read_eu_klems(path, variables=["TFP"])


def test_a_kind_of_capital_from_eu_klems_enters_an_account(tmp_path):
    panel = read_eu_klems(klems_workbook(tmp_path))
    data = panel.data.assign(ict_share=0.1, labour_share=0.6)
    shares = {
        name: Series(name, "share", "ratio", "made up", "now") for name in ("ict_share", "labour_share")
    }
    whole = Panel(data=data, series={**panel.series, **shares})
    account = sources_of_growth(
        whole, output="VA_Q", hours=["H_EMP"], labour_share="labour_share",
        capital={"ict": Capital("CAPICT_QI", "ict_share"), "other": Capital("CAPNICT_QI")},
    )  # fmt: skip
    row = account.table.set_index("entity").loc["DEU/C26"]
    assert row["ict_capital"] == pytest.approx(0.1 * 100 * np.log(1.3))
    assert row["other_capital"] == pytest.approx(0.3 * 100 * np.log(81 / 80))
    assert np.abs(account.residual).max() < 1e-10


def test_gapminders_own_files(tmp_path):
    (tmp_path / "ddf--datapoints--internet_users--by--geo--time.csv").write_text(
        "geo,time,internet_users\ndeu,2000,30.2\nkos,2000,1\n"
    )
    (tmp_path / "ddf--datapoints--hours--by--country--year.csv").write_text(
        "country,year,hours\ndeu,2000,1400\n"
    )
    (tmp_path / "ddf--concepts.csv").write_text("concept\n")
    panel = read_gapminder(tmp_path)
    assert panel.data["entity"].tolist() == ["DEU", "XKX"]  # Kosovo under the code that others use
    assert panel.series["internet_users"].unit == "% of population"
    one = read_gapminder(tmp_path / "ddf--datapoints--internet_users--by--geo--time.csv")
    assert list(one.series) == ["internet_users"]
    with pytest.raises(DataError, match="no indicator 'mobile'; it has hours, internet_users"):
        read_gapminder(tmp_path, indicators=["mobile"])
    with (tmp_path / "ddf--datapoints--internet_users--by--geo--time.csv").open("a") as file:
        file.write(",2001,3\n")
    with pytest.raises(DataError, match=r"internet_users--by--geo--time\.csv, line 4, column 'geo'"):
        read_gapminder(tmp_path)


def test_a_service_that_answers_with_an_error(tmp_path):
    page = [
        {
            "message": [
                {"id": "120", "key": "Invalid value", "value": "The provided parameter value is not valid"}
            ]
        }
    ]
    path = written(tmp_path, json.dumps([page]), "answer.json")
    with pytest.raises(DataError, match="service answered: The provided parameter value is not valid"):
        read_world_bank(path)
