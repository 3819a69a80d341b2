"""A panel that is made in memory is refused in one line where every analysis would stumble over it in its own way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwinds.contracts import Panel, Series
from headwinds.errors import DataError

SERIES = {"y": Series(name="y", unit="", kind="ratio", source="made", vintage="now")}
ROWS = pd.DataFrame({"entity": ["A", "A", "B"], "period": [1990, 1991, 1990], "y": [1.0, np.nan, 3.0]})


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS.drop(columns="y"), "has no column 'y'; it has entity, period"),
        (ROWS.assign(period=["1990", "1991", "1990"]), "column 'period' holds"),
        (ROWS.assign(period=[1990, 1990.5, 1990]), "row 2, column 'period': 1990.5, expected a whole number"),
        (ROWS.assign(y=["1", "2", "3"]), "column 'y' holds"),
        (ROWS.assign(y=[1.0, np.inf, 3.0]), "row 2, column 'y': inf, expected a finite number"),
        (ROWS.assign(entity=["A", None, "B"]), "row 2, has no entity"),
        (ROWS.assign(period=1990), "has A in 1990 more than once"),
    ],
)
def test_what_is_no_panel_is_refused(rows, words):
    with pytest.raises(DataError, match=words) as told:
        Panel(rows, SERIES)
    assert "\n" not in str(told.value)


def test_years_that_pandas_made_fractions_and_missing_values_are_a_panel():
    assert len(Panel(ROWS.assign(period=ROWS["period"].astype(float)), SERIES).data) == 3
    assert len(Panel(ROWS.assign(y=ROWS["y"].astype("Float64")), SERIES).data) == 3
