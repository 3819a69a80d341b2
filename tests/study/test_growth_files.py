"""Growth alone on a user's own panel: accounts that add up, a slowdown that is known, a regression on an index."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from explain.panels import World
from headwinds.artifacts.manifest import verify
from headwinds.cli.main import main
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.measure.indicator_store import write_indicator
from headwinds.study.growth_files import GrowthFile, explain_file, read_growth_panel
from house.repository import ROOT

PUBLISHED = ROOT / "studies" / "un-debates" / "panel" / "pwt10.01.csv.xz"


def own_panel(folder: Path, *, change: str = "", into: str = "") -> Path:
    """Two entities whose productivity grows by 2% a year until 2004 and by 1% (AAA) or 2.5% (BBB) after."""
    lines = ["entity,period,rgdpna,rkna,emp,avh,hc,labsh"]
    for entity, late in (("AAA", 0.01), ("BBB", 0.025)):
        for year in range(1995, 2020):
            capital, hours = math.exp(0.03 * (year - 1995)), math.exp(0.01 * (year - 1995))
            productivity = math.exp(0.02 * min(year - 1995, 9) + late * max(year - 2004, 0))
            output = productivity * capital**0.4 * hours**0.6
            lines.append(f"{entity},{year},{output!r},{capital!r},{hours!r},1800,1,0.6")
    path = folder / "panel.csv"
    path.write_text(("\n".join(lines) + "\n").replace(change, into) if change else "\n".join(lines) + "\n")
    return path


def test_accounts_and_slowdown_of_an_own_panel(tmp_path):
    found = explain_file(GrowthFile(own_panel(tmp_path), outcome="rgdpna"), tmp_path / "out")
    assert np.abs(found.accounts.residual).max() < 1e-10
    assert found.by_span.table["tfp"].tolist() == pytest.approx([2, 1, 2, 2.5])
    assert found.by_span.table["hours"].tolist() == pytest.approx([0.6] * 4)
    assert found.by_span.table["capital"].tolist() == pytest.approx([1.2] * 4)
    assert (found.slowdown.countries, found.slowdown.fell) == (2, 1)
    assert found.slowdown.change == pytest.approx(-0.25)
    assert found.naive is None
    verify(found.path)
    written = pd.read_csv(found.path / "accounts.csv")
    np.testing.assert_allclose(written["tfp"], found.accounts.table["tfp"], rtol=1e-12)
    facts = json.loads((found.path / "growth.json").read_text())
    assert facts["slowdown"]["change"] == pytest.approx(-0.25)
    assert facts["outcome"]["unit"].startswith("real GDP, constant")
    told = found.summary().splitlines()
    assert told[0].startswith("Growth of rgdpna, % a year, mean of the entities (2): ")
    assert "change -0.25" in told[0]
    assert found.table is found.by_span.table
    assert "change -0.25" in found.to_html()


def test_the_published_table_for_a_group(tmp_path):
    found = explain_file(GrowthFile(PUBLISHED, entities=("OECD",)), tmp_path / "out")
    assert (found.slowdown.countries, found.slowdown.fell) == (38, 29)
    assert found.slowdown.change == pytest.approx(-0.6997, abs=5e-5)


def test_the_same_call_finds_its_results_and_another_makes_new_ones(tmp_path):
    growth = GrowthFile(own_panel(tmp_path), outcome="rgdpna")
    first = explain_file(growth, tmp_path / "out").path / "growth.json"
    before = (first.read_bytes(), first.stat().st_mtime_ns)
    explain_file(growth, tmp_path / "out")
    assert (first.read_bytes(), first.stat().st_mtime_ns) == before
    explain_file(GrowthFile(growth.path, outcome="rgdpna", before=(1995, 2000)), tmp_path / "out")
    assert first.read_bytes() != before[0]


def test_growth_on_an_index(tmp_path):
    """The panel's growth is made from the index: the corrected slope is nearer to it than the naive one."""
    frame, index = World(own_error=0.07, noise=0.3).draw(11)
    levels = frame.assign(output=frame.groupby("entity")["value"].cumsum().div(100).map(math.exp))
    start = pd.DataFrame({"entity": sorted(set(frame["entity"])), "period": 2000, "output": 1.0})
    path = tmp_path / "panel.csv"
    rows = pd.concat([start, levels[["entity", "period", "output"]]])
    rows.assign(rgdpna=rows["output"], rkna=1, emp=1, avh=1, hc=1, labsh=0.6).drop(columns="output").to_csv(
        path, index=False
    )
    folder = tmp_path / "index"
    folder.mkdir()
    write_indicator(index, folder)
    growth = GrowthFile(path, outcome="rgdpna", index=folder, before=(2000, 2010), after=(2010, 2020))
    found = explain_file(growth, tmp_path / "out")
    truth = 3.0 * index.value.std(ddof=1)
    lower, upper = found.corrected.confidence_interval()[0]
    assert lower < truth < upper
    assert abs(found.corrected.value[0] - truth) < abs(found.naive.value[0] - truth)
    assert found.detectable["minimum_detectable_effect"].iloc[0] > 0
    told = [str(one) for one in found.corrected.findings]
    first = len(start)  # growth has no value in an entity's first year
    assert f"N416 Rows without an outcome (or one whose error is not known), left out: {first}." in told


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"entities": ("AAB",)}, SettingsError, "no entity 'AAB'; it has 2, from AAA to BBB"),
        ({"outcome": "rtfpna"}, SettingsError, "no series 'rtfpna'"),
        ({"before": (2004, 1995)}, SettingsError, "before = 2004-1995 is no span of years"),
        ({"after": (2004, 2030)}, EstimationError, "The panel has no year 2030: it runs from 1995 to 2019"),
        ({"path": Path("nowhere.csv")}, DataError, "There is no file nowhere.csv"),
        ({"entity": "country"}, DataError, "no column 'country'"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(tmp_path, changes, error, says):
    asked = {"path": own_panel(tmp_path), "outcome": "rgdpna", **changes}
    with pytest.raises(error) as caught:
        explain_file(GrowthFile(**asked), tmp_path / "out")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_the_command(tmp_path, capsys):
    panel, output = own_panel(tmp_path), tmp_path / "out"
    code = main(["explain", "--panel", str(panel), "--outcome", "rgdpna", "--output", str(output)])
    said = capsys.readouterr().out
    assert code == 0
    assert (
        "mean of the entities (2): 3.80 in 1995-2004, 3.55 in 2004-2019; change -0.25 (standard error 0.75); it fell in 1."
        in said
    )
    assert "AAA     2004-2019     2.80    0.60     0.00     1.20    1.00" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--before", "95-04"], "--before '95-04' is no span of years. Write it as 1995-2004."),
        (["--outcome", "tfp"], "The panel has no series 'tfp'"),
        (["--index", "nowhere"], "nowhere"),
    ],
)
def test_the_command_refuses_with_exit_code_2(tmp_path, capsys, arguments, says):
    asked = [
        "explain",
        "--panel",
        str(own_panel(tmp_path)),
        "--outcome",
        "rgdpna",
        "--output",
        str(tmp_path / "out"),
    ]
    assert main([*asked, *arguments]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_panel_alone_needs_a_folder(tmp_path, capsys):
    assert main(["explain", "--panel", str(own_panel(tmp_path))]) == 2
    assert "--panel goes with --output FOLDER" in capsys.readouterr().err


def test_a_bad_year_is_told_with_its_line(tmp_path, capsys):
    panel = own_panel(tmp_path, change="AAA,1996", into="AAA,1996Q1")
    assert main(["explain", "--panel", str(panel), "--output", str(tmp_path / "out")]) == 2
    assert "panel.csv, line 3, column 'period': '1996Q1' is no year" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["xlsx", "dta"])
def test_a_penn_world_table_as_published_is_known_by_its_columns_whatever_its_first_sheet(ending, tmp_path):
    """The workbook opens with a sheet about itself, and the code's column is `countrycode`."""
    table = pd.read_csv(PUBLISHED).rename(columns={"isocode": "countrycode"})
    table = table[table["countrycode"].isin(["USA", "FRA"]) & (table["year"] > 1990)]
    path = tmp_path / f"pwt1001.{ending}"
    if ending == "xlsx":
        with pd.ExcelWriter(path) as book:
            pd.DataFrame({"Penn World Table": ["version 10.01"]}).to_excel(
                book, sheet_name="Info", index=False
            )
            table.to_excel(book, sheet_name="Data", index=False)
    else:
        table.to_stata(path, write_index=False, version=118)
    found = read_growth_panel(path)
    assert found.series["rtfpna"].kind == "growth"
    expected = read_growth_panel(PUBLISHED).data
    kept = expected[expected["entity"].isin(["USA", "FRA"]) & (expected["period"] > 1990)]
    pd.testing.assert_frame_equal(
        found.data, kept.reset_index(drop=True), check_exact=ending == "dta", check_dtype=False
    )


def test_a_table_with_the_codes_and_years_of_the_published_one_needs_no_published_productivity(tmp_path):
    path = own_panel(tmp_path, change="entity,period,", into="countrycode,year,")
    found = explain_file(GrowthFile(path, outcome="rgdpna"), tmp_path / "out")
    assert found.by_span.table["tfp"].tolist() == pytest.approx([2, 1, 2, 2.5])
    assert read_growth_panel(path).series["rgdpna"].kind == "growth"
