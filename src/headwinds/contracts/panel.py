"""Economic data by entity and period, each series with its unit, source and vintage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headwinds.contracts.finding import Finding
from headwinds.errors import DataError

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

    Raises
    ------
    DataError
        A column is missing or holds something else, or an entity and period stand there twice. Readers say so by file and
        line; this is for a panel that is made in memory.
    """

    data: pd.DataFrame
    series: Mapping[str, Series]
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what every computation would stumble over, each in its own way."""
        import numpy as np

        missing = [name for name in ("entity", "period", *self.series) if name not in self.data.columns]
        if missing:
            raise DataError(
                f"The panel has no column {missing[0]!r}; it has {', '.join(map(str, self.data.columns[:12]))}.",
                remedy="Name the columns entity and period, and one a series.",
            )
        for name in ("period", *self.series):
            kind = getattr(self.data[name].dtype, "kind", "O")
            if kind not in "iufb":
                raise DataError(
                    f"The panel's column {name!r} holds {self.data[name].dtype}, expected numbers.",
                    remedy="Change it with pandas.to_numeric, or read the table with read_panel.",
                )
            values = self.data[name].to_numpy(dtype=float, na_value=np.nan)
            wrong = ~np.isfinite(values) | (values % 1 != 0) if name == "period" else np.isinf(values)
            if wrong.any():
                row = int(wrong.argmax())
                raise DataError(
                    f"The panel, row {row + 1}, column {name!r}: {values[row]:g}, expected "
                    + ("a whole number." if name == "period" else "a finite number, or none."),
                    remedy="Correct the row, or leave it out.",
                )
        nobody = self.data["entity"].isna()
        if nobody.any():
            raise DataError(
                f"The panel, row {int(nobody.to_numpy().argmax()) + 1}, has no entity.",
                remedy="Name it, or leave the row out.",
            )
        twice = self.data.duplicated(["entity", "period"])
        if twice.any():
            one = self.data[twice].iloc[0]
            raise DataError(
                f"The panel has {one['entity']} in {int(one['period'])} more than once, expected one row an entity "
                "and period."
            )
