"""Log levels of a series by entity and year, and who lacks one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel
from headwinds.contracts.panel import Kind
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.panel_data import require_series

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Levels:
    """Logarithms of a series.

    Attributes
    ----------
    entities, years
        Of its rows and columns.
    log
        Shape (entities, years): no value missing.
    unavailable
        Entities without a value in some year.
    words
        The series in words: its name, and what it is divided by.
    """

    entities: tuple[str, ...]
    years: tuple[int, ...]
    log: NDArray[np.float64]
    unavailable: tuple[str, ...]
    words: str

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Who is left out."""
        if not self.unavailable:
            return ()
        shown = ", ".join(self.unavailable[:12]) + (", ..." if len(self.unavailable) > 12 else "")
        return (
            Finding(
                "N412",
                f"Entities that lack {self.words} in some year that is needed are left out "
                f"({len(self.unavailable)}): {shown}.",
            ),
        )


def read_levels(
    panel: Panel,
    series: str,
    *,
    per: str | None,
    entities: Sequence[str] | None,
    years: Sequence[int],
    not_kind: Kind,
    role: str,
) -> Levels:
    """Log levels of `series` (divided by `per`) in all `years`, of the entities that have every one.

    Raises
    ------
    SettingsError
        The series is not there, or is of a kind that does not fit its role.
    DataError
        A value of either is zero or negative.
    EstimationError
        A year is not in the panel, or fewer than three entities are left.
    """
    import numpy as np

    require_series(panel, [series] if per is None else [series, per])
    if panel.series[series].kind == not_kind:
        fitting = {"growth": "rgdpe or rgdpo", "level": "rgdpna"}[not_kind]
        made = {
            "growth": "growth over time within an entity",
            "level": "comparing levels between entities",
        }[not_kind]
        raise SettingsError(
            f"{series!r} is made for {made}, and cannot be the {role}.",
            remedy=f"In the Penn World Table take {fitting}.",
        )
    data = panel.data
    if data.empty:
        raise EstimationError("The panel has no rows.")
    held = sorted(int(year) for year in data["period"].unique())
    lacking = [year for year in years if year not in held]
    if lacking:
        raise EstimationError(
            f"The panel has no year {lacking[0]}: it runs from {held[0]} to {held[-1]}.",
            remedy="Name a year in between.",
        )
    if entities is not None and len(set(entities)) < len(list(entities)):
        raise SettingsError("An entity is named twice.", remedy="Name each once.")
    value = data[series].astype(float)
    if per is not None:
        value = value / data[per].astype(float)
    wanted = data["period"].isin(list(years))
    if entities is not None:
        wanted &= data["entity"].isin(list(entities))
    for name in [series] if per is None else [series, per]:
        wrong = np.flatnonzero((wanted & (data[name] <= 0)).to_numpy())
        if wrong.size:
            row = data.iloc[int(wrong[0])]
            raise DataError(
                f"{name!r} is not above zero for {row['entity']} in {row['period']}; convergence needs logarithms."
            )
    wide = data.assign(value=value)[wanted].pivot(index="entity", columns="period", values="value")
    named = [str(one) for one in (entities if entities is not None else wide.index)]
    wide = wide.reindex(index=named, columns=list(years))
    whole = wide.notna().all(axis=1)
    if int(whole.sum()) < 3:
        raise EstimationError(
            f"Entities that have {series} in every year needed: {int(whole.sum())}; expected at least 3.",
            remedy="Narrow the years or take more entities.",
        )
    words = series if per is None else f"{series} / {per}"
    return Levels(
        entities=tuple(str(name) for name in wide.index[whole]),
        years=tuple(int(year) for year in years),
        log=np.log(wide[whole].to_numpy(dtype=float)),
        unavailable=tuple(str(name) for name in wide.index[~whole]),
        words=words,
    )
