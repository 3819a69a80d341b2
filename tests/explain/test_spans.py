"""Growth before and after says who was compared, and has the face of every result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from headwinds.contracts import Panel, Series
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain import Capital, sigma_convergence, slowdown, sources_of_growth


def test_a_slowdown_says_who_was_compared_and_draws_itself():
    rows = [
        (entity, year, np.exp(0.03 * min(year - 1990, 10) + slope * max(year - 2000, 0)))
        for entity, slope in (("AAA", 0.01), ("BBB", 0.04), ("CCC", 0.0))
        for year in range(1990, 2011)
        if (entity, year) != ("CCC", 2010)
    ]
    data = pd.DataFrame(rows, columns=["entity", "period", "y"])
    panel = Panel(data, {"y": Series(name="y", unit="", kind="ratio", source="simulated", vintage="now")})
    found = slowdown(panel, ["AAA", "BBB", "CCC"], series="y", before=(1990, 2000), after=(2000, 2010))
    said = found.summary()
    assert (
        "of the entities (2), each counted once, in %: 3.000 in 1990-2000, 2.500 in 2000-2010; change -0.500"
        in said
    )
    assert "It fell in 1" in said
    assert "Not compared, a year is missing: CCC." in said
    figure = found.plot()
    figure.canvas.draw()
    assert figure.axes[0].get_xlabel() == "growth, % a year"
    assert "AAA" in found.to_latex()
    assert "AAA" in found.to_html()


def panel_of(values: dict[str, tuple[float, float, float]]) -> Panel:
    rows = [
        (entity, year, value)
        for entity, own in values.items()
        for year, value in zip((2000, 2005, 2010), own, strict=True)
    ]
    data = pd.DataFrame(rows, columns=["entity", "period", "y"])
    return Panel(data, {"y": Series(name="y", unit="", kind="ratio", source="simulated", vintage="now")})


def test_a_panel_of_nobody_is_one_line():
    nobody = panel_of({"A": (1.0, 2.0, 3.0)})
    nobody = replace(nobody, data=nobody.data.head(0))
    with pytest.raises(EstimationError, match="The panel has no rows"):
        slowdown(nobody, [], series="y", before=(2000, 2005), after=(2005, 2010))
    with pytest.raises(EstimationError, match="The panel has no rows"):
        sigma_convergence(nobody, level="y", first=2000, last=2010)


def test_growth_of_a_series_that_is_made_for_comparing_levels_is_told_with_a_warning():
    """Productivity relative to the United States: that it grew says nothing of growth."""
    panel = panel_of({"A": (1.0, 2.0, 3.0), "B": (1.0, 2.0, 2.5)})
    spans = {"before": (2000, 2005), "after": (2005, 2010)}
    assert slowdown(panel, ["A", "B"], series="y", **spans).findings == ()
    level = Panel(panel.data, {"y": replace(panel.series["y"], kind="level", unit="USA = 1")})
    found = slowdown(level, ["A", "B"], series="y", **spans)
    assert [finding.code for finding in found.findings] == ["W429"]
    assert "y (USA = 1) is made for comparing levels between countries" in found.summary()
    yearly = level.data.assign(period=level.data["period"].map({2000: 2000, 2005: 2001, 2010: 2002}))
    account = sources_of_growth(
        Panel(
            yearly.assign(h=1.0, k=1.0, s=0.5), {**level.series, **dict.fromkeys("hks", panel.series["y"])}
        ),
        output="y",
        hours=["h"],
        capital={"k": Capital("k")},
        labour_share="s",
    )
    assert [finding.code for finding in account.findings] == ["W429"]


@pytest.mark.parametrize(
    ("entities", "before", "kind", "words"),
    [
        (["A", "B"], (2000, 2005), DataError, "'y' is 0 for B in 2000; growth needs positive values"),
        (["A", "C"], (2005, 2000), SettingsError, "2005-2000 does not run forward"),
        (
            ["A", "C"],
            (2000, 2010),
            SettingsError,
            r"before = \[2000, 2010\] and after = \[2005, 2010\] overlap",
        ),
        (["A", "C", "A"], (2000, 2005), SettingsError, "An entity is named twice"),
    ],
)
def test_a_mean_of_growth_rates_that_are_none_is_refused(entities, before, kind, words):
    panel = panel_of({"A": (1.0, 2.0, 3.0), "B": (0.0, 2.0, 3.0), "C": (1.0, 2.0, 2.5)})
    with pytest.raises(kind, match=words):
        slowdown(panel, entities, series="y", before=before, after=(2005, 2010))
