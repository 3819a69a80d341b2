"""The United States over the long run: Bergeaud, Cette and Lecat (2016), "Productivity Trends in Advanced Countries"."""

from __future__ import annotations

import pytest

from headwinds.explain.plain_panel import read_panel
from headwinds.explain.spans import slowdown

# Total factor productivity and output per hour of the long productivity database, release with data to 2016.
LEVELS = {1995: (10.09, 44.15), 2005: (12.16, 56.69), 2016: (12.85, 62.54)}


@pytest.mark.parametrize(("series", "before", "after"), [("tfp", 1.87, 0.50), ("productivity", 2.50, 0.89)])
def test_growth_fell_after_2005(tmp_path, series, before, after):
    rows = [f"USA,{year},{tfp},{productivity}" for year, (tfp, productivity) in LEVELS.items()]
    path = tmp_path / "long.csv"
    path.write_text("entity,period,tfp,productivity\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found = slowdown(read_panel(path), ["USA"], series=series, before=(1995, 2005), after=(2005, 2016))
    assert (round(found.before, 2), round(found.after, 2)) == (before, after)
