"""Economic data by entity and period, each series with its unit, source and vintage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headwinds.contracts.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

Kind = Literal["growth", "level", "ratio", "count"]


@dataclass(frozen=True, slots=True)
class Series:
    """What a column of a panel is.

    `kind` guards against mixing series that must not be mixed: national-accounts series made for growth over time
    ("growth": PWT's rgdpna family) and series made for comparing levels between countries ("level": rgdpo, rgdpe).
    `transformation` says what was done to the source's values ("none", "rescaled", "interpolated", ...).
    """

    name: str
    unit: str
    kind: Kind
    source: str
    vintage: str
    transformation: str = "none"


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
    findings
        What the reader had to say: aggregates left out, names that matched no country, ...
    """

    data: pd.DataFrame
    series: Mapping[str, Series]
    findings: tuple[Finding, ...] = ()
