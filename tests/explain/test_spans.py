"""Growth before and after says who was compared, and has the face of every result."""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwinds.contracts import Panel, Series
from headwinds.explain import slowdown


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
