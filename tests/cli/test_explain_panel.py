"""`headwinds explain breaks`, `divide`, ...: the numbers of Python, files on request, one line for what cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from explain.attribution.world import World
from headwinds.cli.main import main
from headwinds.doors import explaining
from headwinds.explain import local_projections
from headwinds.phrases.columns import columns

CODES = ("AUT", "BEL", "CHE", "DEU", "ESP", "FRA", "GBR", "ITA", "JPN", "USA")
GRAPH = """
[[node]]
name = "rain"
[[node]]
name = "growth"
[[edge]]
source = "rain"
target = "sun"
"""


def panel(entities=CODES, years=30) -> pd.DataFrame:
    """Output that grows by 3 % a year and by 1 % in the second half; users that spread; shocks; shares of labour."""
    generator = np.random.default_rng(0)
    rows = []
    for place, name in enumerate(entities):
        level = 10.0 + place
        for year in range(years):
            level *= np.exp((0.03 if year < years // 2 else 0.01) + 0.004 * generator.standard_normal())
            users = 100 / (1 + np.exp(-(year - 10 - place) / 3))
            rows.append((name, 1990 + year, level, users, generator.standard_normal(), 0.6))
    return pd.DataFrame(rows, columns=["entity", "period", "output", "users", "shock", "share"])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with `panel.csv`, and `world.csv` beside its index `index`."""
    folder = tmp_path_factory.mktemp("panel")
    panel().to_csv(folder / "panel.csv", index=False)
    World(units=12, years=10).write(folder, seed=0)
    (folder / "graph.toml").write_text(GRAPH, encoding="utf-8")
    return folder


COMMANDS = {
    "breaks": (
        ["--series", "output", "--growth", "--draws", "99", "--most", "1"],
        "one break is found that 10 entities share",
    ),
    "divide": (["--series", "users", "--draws", "50", "--first", "2000"], "gini"),
    "convergence": (
        ["--series", "output", "--first", "1990", "--last", "2019"],
        "is associated with the log of output",
    ),
    "responses": (
        ["--outcome", "output", "--growth", "--shock", "shock", "--horizons", "2"],
        "by how much growth of output in % a year in a later period is associated with",
    ),
}
SETTINGS = {
    "breaks": {"series": "output", "growth": True, "draws": 99, "most": 1},
    "divide": {"series": "users", "draws": 50, "first": 2000},
    "convergence": {"series": "output", "first": 1990, "last": 2019},
    "responses": {"outcome": "output", "growth": True, "shock": "shock", "horizons": 2},
}


@pytest.mark.parametrize("analysis", list(COMMANDS))
def test_the_command_says_in_words_what_python_gives_and_writes_the_same_bytes(
    analysis, place, tmp_path, capsys
):
    given, words = COMMANDS[analysis]
    command = ["explain", analysis, "--panel", str(place / "panel.csv"), *given]
    assert main([*command, "--output", str(tmp_path / "by-command")]) == 0
    said = capsys.readouterr().out
    found = getattr(explaining, f"explain_{analysis}")(
        place / "panel.csv", output=tmp_path / "by-python", **SETTINGS[analysis]
    )
    assert said.startswith(found.summary())
    assert words in said.lower()
    for name in (f"{analysis}.csv", f"{analysis}.html"):
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("by-command", "by-python"))
        assert first == second
    table = pd.read_csv(tmp_path / "by-command" / f"{analysis}.csv")
    assert len(table) == len(found.table)


def test_the_level_of_an_outcome_that_is_a_control_of_its_growth_is_the_level(place):
    given = {"outcome": "output", "shock": "shock", "horizons": 1, "growth": True}
    found = explaining.explain_responses(place / "panel.csv", controls=("output",), **given)
    data = pd.read_csv(place / "panel.csv")
    grown = 100 * np.log(data["output"]).groupby(data["entity"]).diff()
    expected = local_projections(data.assign(grown=grown), "grown", "shock", horizons=1, controls=["output"])
    np.testing.assert_allclose(found.table["value"], expected.table["value"], rtol=1e-9)


@pytest.mark.parametrize("analysis", ["breaks", "responses"])
def test_growth_of_a_series_that_is_made_for_comparing_levels_is_warned_of(analysis, tmp_path):
    """`rgdpo` of the Penn World Table moves with relative prices; of no growth asked, nothing is said."""
    panel().rename(columns={"output": "rgdpo"}).to_csv(tmp_path / "panel.csv", index=False)
    given = (
        {"series": "rgdpo"} if analysis == "breaks" else {"outcome": "rgdpo", "shock": "shock", "horizons": 0}
    )
    given |= {"draws": 19, "most": 1} if analysis == "breaks" else {}
    codes = [
        [
            one.code
            for one in getattr(explaining, f"explain_{analysis}")(
                tmp_path / "panel.csv", growth=growth, entities=entities, **given
            ).findings
        ].count("W429")
        for growth in (True, False)
        for entities in (("all",), ("USA",) if analysis == "breaks" else ("USA", "FRA", "ITA"))
    ]
    assert codes == [1, 1, 0, 0]


def test_breaks_of_one_entity_have_its_own_dates(place, capsys):
    command = ["explain", "breaks", "--panel", str(place / "panel.csv"), "--series", "output", "--growth"]
    assert main([*command, "--entities", "USA", "--most", "1", "--draws", "99"]) == 0
    assert "2004" in capsys.readouterr().out


def test_the_attribution_writes_every_table_and_gives_no_ranking_where_power_is_low(place, tmp_path, capsys):
    first, second = World(units=12, years=10).spans
    command = [
        "explain", "attribution", "--panel", str(place / "world.csv"), "--outcome", "growth", "--index",
        str(place / "index"), "--before", f"{first[0]}-{first[1]}", "--after", f"{second[0]}-{second[1]}",
        "--technology", "computers", "--draws", "99", "--output", str(tmp_path),
    ]  # fmt: skip
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "W444" in said
    assert said.index("Computed before the estimate") < said.index("is associated with")
    names = {path.name for path in tmp_path.iterdir()}
    assert {
        "attribution.csv",
        "attribution-power.csv",
        "attribution-mechanisms.csv",
        "attribution.html",
    } <= names
    found = explaining.explain_attribution(
        place / "world.csv", "growth", place / "index", before=first, after=second, technology="computers",
        draws=99,
    )  # fmt: skip
    assert (tmp_path / "attribution.csv").read_text() == found.table.to_csv(index=False)


def test_a_graph_is_read_and_what_it_lets_data_say_is_told(capsys):
    assert main(["explain", "graph", "--hidden", "technology,growth"]) == 0
    said = capsys.readouterr().out
    assert "effects are identified" in said
    assert "Not identified" in said


def own_accounts(names, folder):
    """A panel of one's own with what accounts need, and no published productivity."""
    years = range(1995, 2020)
    rows = [
        (name, year, np.exp(0.02 * (year - 1995)), np.exp(0.03 * (year - 1995)), 1.0, 1.0, 1.0, 0.6)
        for name in names
        for year in years
    ]
    names = ["entity", "period", "rgdpna", "rkna", "emp", "avh", "hc", "labsh"]
    pd.DataFrame(rows, columns=names).to_csv(folder / "own.csv", index=False)
    return ["explain", "--panel", str(folder / "own.csv"), "--output", str(folder / "out")]


def test_accounts_of_long_and_of_chinese_names_stand_under_one_another(tmp_path, capsys):
    command = own_accounts(("AUT", "中国", "United States of America"), tmp_path)
    assert main([*command, "--outcome", "rgdpna"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert len(lines) == 7
    assert len({columns(line) for line in lines}) == 1


def test_an_outcome_that_the_panel_lacks_is_named_with_the_setting_to_change(tmp_path, capsys):
    assert main(own_accounts(("AUT",), tmp_path)) == 2
    told = capsys.readouterr().err
    assert "no series 'rtfpna' whose growth is compared; it has avh, emp" in told
    assert "Name another one as outcome." in told


def test_the_help_of_explain_names_the_analyses(capsys):
    with pytest.raises(SystemExit):
        main(["explain", "--help"])
    assert "breaks,divide,convergence" in capsys.readouterr().out.replace("\n", "")


def changed(change):
    """A panel with something wrong in it."""
    return change(panel())


BAD = {
    "no such series": (panel(), ["breaks", "--series", "happiness"], "no series 'happiness'"),
    "none of a group": (
        panel(("XAA", "XBB", "XCC")),
        ["convergence", "--series", "output", "--first", "1990", "--last", "2000", "--entities", "OECD"],
        "The panel has no entity of OECD; it has 3, from XAA to XCC.",
    ),
    "no such entity": (panel(), ["breaks", "--series", "output", "--entities", "USB"], "Did you mean 'USA'?"),
    "entity-year twice": (
        changed(lambda data: pd.concat([data, data.head(1)])),
        ["divide", "--series", "users"],
        "rows that repeat an entity and period",
    ),
    "a gap in time": (
        changed(lambda data: data[data["period"] != 2001]),
        ["breaks", "--series", "output", "--entities", "USA"],
        "2001",
    ),
    "negative adoption": (
        changed(lambda data: data.assign(users=-data["users"])),
        ["divide", "--series", "users"],
        "negative",
    ),
    "above the bound": (panel(), ["divide", "--series", "users", "--bound", "50"], "50"),
    "no countries": (
        panel(entities=("a", "b", "c", "d")),
        ["divide", "--series", "users"],
        "No sdg_region is known for",
    ),
    "negative output": (
        changed(lambda data: data.assign(output=-data["output"])),
        ["convergence", "--series", "output", "--first", "1990", "--last", "2019"],
        "is not above zero for AUT in 1990",
    ),
    "years beyond": (
        panel(),
        ["convergence", "--series", "output", "--first", "1990", "--last", "2050"],
        "no year 2050",
    ),
    "growth of sigma": (
        panel(),
        ["convergence", "--series", "output", "--first", "1990", "--last", "2019", "--test", "sigma", "--growth", "output"],
        "belong to the test 'beta'",
    ),
    "one entity": (
        panel(entities=("USA",)),
        ["responses", "--outcome", "output", "--shock", "shock"],
        "Entities of the panel: 1, ",
    ),
    "a singleton panel": (
        panel(entities=("USA",), years=1),
        ["responses", "--outcome", "output", "--shock", "shock"],
        "Entities of the panel: 1, periods: 1;",
    ),
    "collinear": (
        changed(lambda data: data.assign(twice=2 * data["shock"])),
        ["responses", "--outcome", "output", "--shock", "shock", "--controls", "twice"],
        "collinear",
    ),
    "two shocks": (
        panel(),
        ["responses", "--outcome", "output", "--shock", "shock", "--index", "somewhere"],
        "Name either shock",
    ),
    "no shock": (panel(), ["responses", "--outcome", "output"], "Name either shock"),
    "no panel": (None, ["divide", "--series", "users"], "panel.csv"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "given", "told"), list(BAD.values()), ids=list(BAD))
def test_what_cannot_be_is_one_line_and_nothing_is_written(data, given, told, tmp_path, capsys):
    if data is not None:
        data.to_csv(tmp_path / "panel.csv", index=False)
    command = ["explain", given[0], "--panel", str(tmp_path / "panel.csv"), *given[1:]]
    assert main([*command, "--output", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"headwinds explain {given[0]}: ")
    assert told in said.err
    assert not said.out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"--before": "2000-2006"}, "overlap"),
        ({"--before": "2000"}, "is no span of years"),
        ({"--before": "1900-1904"}, "share no entity-year"),
        ({"--entities": "E00000"}, "one cluster"),
        ({"--technology": "steam"}, "no label 'steam'"),
        ({"--graph": "graph.toml"}, "'sun'"),
        ({"--index": "nowhere"}, "nowhere"),
    ],
)
def test_an_attribution_that_cannot_be_is_one_line(changes, told, place, capsys, monkeypatch):
    monkeypatch.chdir(place)
    first, second = World(units=12, years=10).spans
    given = {
        "--panel": "world.csv", "--outcome": "growth", "--index": "index", "--draws": "99",
        "--before": f"{first[0]}-{first[1]}", "--after": f"{second[0]}-{second[1]}", **changes,
    }  # fmt: skip
    assert main(["explain", "attribution", *(part for pair in given.items() for part in pair)]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_a_graph_with_an_unknown_node_or_a_pair_that_is_none_is_one_line(place, capsys):
    assert main(["explain", "graph", str(place / "graph.toml")]) == 2
    assert "'sun'" in capsys.readouterr().err
    assert main(["explain", "graph", "--hidden", "technology"]) == 2
    assert "is no pair of nodes" in capsys.readouterr().err
    assert main(["explain", "graph", str(Path("nowhere.toml"))]) == 2
    assert "There is no graph nowhere.toml" in capsys.readouterr().err
