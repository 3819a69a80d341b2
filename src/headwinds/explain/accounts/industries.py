"""Industry panels: an entity is written country/industry, for instance "DEU/C26"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts import Panel
from headwinds.errors import DataError
from headwinds.explain.panel_data import require_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def industry_table(panel: Panel, names: Sequence[str]) -> pd.DataFrame:
    """Columns `country`, `industry`, `period` and the named series, sorted by all three.

    Raises
    ------
    SettingsError
        A series is missing, or growth and level series would be mixed.
    DataError
        An entity is not written country/industry.
    """
    require_series(panel, names)
    parts = panel.data["entity"].astype(str).str.partition("/")
    wrong = (parts[0] == "") | (parts[2] == "")
    if wrong.any():
        first = panel.data["entity"].iloc[int(wrong.to_numpy().argmax())]
        raise DataError(
            f"The entity {first!r} is not written country/industry.",
            remedy="Name entities like DEU/C26, for instance by reading with read_eu_klems.",
        )
    table = panel.data[["period", *names]].copy()
    table.insert(0, "industry", parts[2])
    table.insert(0, "country", parts[0])
    return table.sort_values(["country", "industry", "period"], kind="stable").reset_index(drop=True)
