"""The page of one analysis of a panel: readable as it stands, and in Chinese if that is asked for."""

from __future__ import annotations

import chinese
import numpy as np
import pandas as pd
import pytest

from explain.attribution.world import World
from headwinds.doors import explaining
from headwinds.phrases.catalogue import speaking

NAMES = ("AUT", "mean", "CHE", "DEU", "technology", "FRA")
"""Two of them are words of ours; they stay what their user wrote."""
CALLS = {
    "breaks": {"series": "gdp", "growth": True, "draws": 99, "most": 1},
    "divide": {"series": "users", "draws": 20, "regions": "none", "measures": ("gini", "theil", "mean")},
    "beta": {"series": "gdp", "first": 1990, "last": 2019},
    "sigma": {"series": "gdp", "first": 1990, "last": 2019},
    "log-t": {"series": "gdp", "first": 1990, "last": 2019},
    "clubs": {"series": "gdp", "first": 1990, "last": 2019},
    "responses": {"outcome": "gdp", "growth": True, "shock": "shock", "horizons": 2},
    "graph": {},
}
OF_USERS = {"gdp", "users", "shock", "AUT", "CHE", "DEU", "FRA", "mean", "technology", "innovation", "divide"}
OF_USERS |= {"security", "adaptability", "social", "growth", "hidden", "log", "sup-F", "UDmax", "HC1"}
OF_USERS |= {"Driscoll-Kraay", "Nickell", "computers", "Shapley", "E00000"}


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    generator = np.random.default_rng(0)
    rows = []
    for place, name in enumerate(NAMES):
        level = 2e4 * 2.0**place
        for year in range(1990, 2020):
            level *= np.exp((0.03 if year < 2005 else 0.01) + 0.004 * generator.standard_normal())
            users = 100 / (1 + np.exp(-(year - 2000 - place) / 3))
            rows.append((name, year, level, users, generator.standard_normal()))
    path = tmp_path_factory.mktemp("panel") / "panel.csv"
    pd.DataFrame(rows, columns=["entity", "period", "gdp", "users", "shock"]).to_csv(path, index=False)
    return path


def page_of(name, panel, folder, language):
    """The page that a call writes."""
    given = CALLS[name]
    test = name in ("beta", "sigma", "log-t", "clubs")
    analysis = "convergence" if test else name
    with speaking(language):
        run = getattr(explaining, f"explain_{analysis}")
        if name == "graph":
            run(output=folder)
        else:
            run(panel, output=folder, **given, **({"test": name} if test else {}))
    return (folder / f"{analysis}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["breaks", "graph"])
def test_a_page_shows_its_picture_which_stands_beside_it_as_files(name, panel, tmp_path):
    page = page_of(name, panel, tmp_path, "en")
    assert page.count("<svg") == 1
    assert 'role="group" aria-label="Figure: ' in page
    assert (tmp_path / f"{name}.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    for kind in ("svg", "png", "csv"):
        assert f'href="{name}.{kind}"' in page


@pytest.mark.parametrize("name", list(CALLS))
def test_no_english_is_left_on_a_chinese_page(name, panel, tmp_path):
    page = page_of(name, panel, tmp_path, "zh")
    assert '<html lang="zh">' in page
    assert set(chinese.english(chinese.seen(page))) - OF_USERS == set()


def test_no_english_is_left_on_the_chinese_page_of_an_attribution(tmp_path):
    World(units=12, years=10).write(tmp_path, seed=0)
    first, second = World(units=12, years=10).spans
    with speaking("zh"):
        explaining.explain_attribution(
            tmp_path / "world.csv", "growth", tmp_path / "index", before=first, after=second,
            technology="computers", draws=99, output=tmp_path / "out",
        )  # fmt: skip
    page = (tmp_path / "out" / "attribution.html").read_text(encoding="utf-8")
    assert set(chinese.english(chinese.seen(page))) - OF_USERS == set()


def test_names_of_entities_stay_as_their_user_wrote_them(panel, tmp_path):
    page = page_of("clubs", panel, tmp_path, "zh")
    assert "mean" in page
    assert "technology" in page


def test_what_is_missing_says_so_and_headings_are_words(panel, tmp_path):
    page = page_of("breaks", panel, tmp_path, "en")
    assert "not available" in page
    assert "Mean standard error" in page
    for mark in ("<NA>", "&lt;NA&gt;", "nan", "_"):
        assert mark not in page.partition("<table")[2]


def test_a_missing_whole_number_of_a_result_is_not_available(panel):
    found = explaining.explain_breaks(panel, "gdp", growth=True, draws=99, most=1)
    assert "NA&gt;" not in found.to_html()
    assert "n/a" in found.to_html()


def test_a_slope_on_a_series_in_dollars_is_not_told_as_zero(panel, tmp_path):
    table = pd.read_csv(panel).assign(dollars=lambda rows: 1e9 * rows["shock"])
    table.to_csv(tmp_path / "panel.csv", index=False)
    found = explaining.explain_responses(tmp_path / "panel.csv", "users", shock="dollars", horizons=0)
    value = found.table["value"].iloc[0]
    assert 0 < abs(value) < 1e-8
    assert f"{value:.2g}" in found.summary()
