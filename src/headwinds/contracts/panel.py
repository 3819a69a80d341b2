"""Economic data by entity and period, each series with its unit, source and vintage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

Kind = Literal["growth", "level", "ratio", "count"]


@dataclass(frozen=True, slots=True)
class Series:
    """What a column of a panel is.

    `kind` guards against mixing series that must not be mixed: national-accounts series made for growth over time
    ("growth": PWT's rgdpna family) and series made for comparing levels between countries ("level": rgdpo, rgdpe).
    """

    name: str
    unit: str
    kind: Kind
    source: str
    vintage: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Entity-period data.

    Attributes
    ----------
    data
        Columns `entity` (ISO 3166-1 alpha-3 where entities are countries), `period` (integer year), and one float
        column a series; sorted by entity and period, no duplicate pair.
    series
        Describes every data column, by its name.
    """

    data: pd.DataFrame
    series: Mapping[str, Series]
