"""What results say of themselves can be read in Chinese to the end of every line; names of series stay as they are."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from explain.attribution.world import World
from headwinds.explain import (
    Capital,
    domar_aggregation,
    dynamic_panel,
    essay_graph,
    growth_accounts,
    level_accounts,
    match_countries,
    read_panel,
    read_penn_world_table,
    refute_edge,
    scenario,
    shift_share,
    solow,
    sources_of_growth,
    stress_attribution,
)
from headwinds.explain.graph.effects import path_effects
from headwinds.phrases.catalogue import say, speaking
from house.repository import ROOT

ENGLISH = re.compile(r"[A-Za-z]{3,}(?: [a-z]{2,}){2,}")
DESIGN = World(units=24, years=10, index_noise=0.05).design(1)


def economy(folder):
    """A panel of one country and of two industries, as a person has it."""
    years = np.arange(2000, 2012)
    draw = np.random.default_rng(0)
    table = pd.concat(
        [
            pd.DataFrame(
                {
                    "entity": entity,
                    "period": years,
                    "value": 100 * np.exp(0.02 * (years - 2000) + draw.normal(0, 0.01, len(years))),
                    "persons": 10 * np.exp(0.01 * (years - 2000)),
                    "capital": np.exp(0.03 * (years - 2000)),
                    "labour": 0.6,
                    "tfp": draw.normal(1, 0.1, len(years)),
                }
            )
            for entity in ("X/a", "X/b", "Y/a", "Y/b")
        ]
    )
    table.to_csv(folder / "economy.csv", index=False)
    return read_panel(folder / "economy.csv")


def results(name, folder):
    graph = essay_graph()
    if name == "graph":
        yield path_effects(DESIGN, graph, draws=50)
        yield path_effects(DESIGN, graph, draws=50, persistent=False, show_single=False)
        yield refute_edge(DESIGN, graph, "divide", repeats=20)
    elif name == "stress":
        yield stress_attribution(DESIGN, other_vintage=DESIGN, part="divide", draws=50)
    elif name == "scenario":
        yield scenario(DESIGN, {"divide": 0.6, "social": 50.0}, draws=50)
        yield scenario(DESIGN, ["divide"], draws=50)
    elif name == "accounts":
        penn = read_penn_world_table(ROOT / "studies" / "un-debates" / "panel" / "pwt10.01.csv.xz")
        yield growth_accounts(penn, entities=["USA"])
        yield level_accounts(penn, 2019)
        panel = economy(folder)
        yield shift_share(panel, value="value", labour="persons", spans=[(2000, 2010)])
        yield domar_aggregation(panel, tfp_growth="tfp", value_added="value")
        for form in ("output", "productivity"):
            yield sources_of_growth(
                panel,
                output="value",
                hours=["persons"],
                labour_share="labour",
                capital={"all": Capital("capital")},
                form=form,
            )
    else:
        draw = np.random.default_rng(0)
        table = pd.DataFrame({"s": draw.uniform(0.1, 0.4, 40), "n": draw.uniform(0, 0.03, 40)})
        table["y"] = 9000 * (table["s"] / (table["n"] + 0.05)) ** 0.5 * draw.lognormal(0, 0.05, 40)
        table["before"] = table["y"] * draw.lognormal(-0.5, 0.2, 40)
        yield solow(table, output="y", investment="s", population_growth="n", initial="before")
        rows = [(f"E{unit}", year, draw.normal()) for unit in range(30) for year in range(2000, 2007)]
        yield dynamic_panel(pd.DataFrame(rows, columns=["entity", "period", "y"]), "y", system=True)
        yield match_countries(["Korea, Rep.", "OECD"])


@pytest.mark.parametrize("name", ["graph", "stress", "scenario", "accounts", "regressions"])
def test_every_line_of_a_result_can_be_read_in_chinese(name, tmp_path):
    with speaking("zh"):
        told = [(line, say(line)) for one in results(name, tmp_path) for line in one.summary().splitlines()]
    assert [said for line, said in told if said == line or ENGLISH.search(said)] == []
    assert len(told) > 4
