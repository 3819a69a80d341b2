"""The rectangle of a panel in which common breaks are looked for: every entity in every period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.errors import DataError, EstimationError
from headwinds.explain.breaks.checks import checked_periods
from headwinds.explain.breaks.results import Period
from headwinds.explain.table_columns import column_entities

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sample:
    """Outcomes, shape (entities, periods), and regressors with a constant first, shape (entities, periods, k)."""

    entities: tuple[str, ...]
    periods: tuple[Period, ...]
    values: NDArray[np.float64]
    design: NDArray[np.float64]
    names: tuple[str, ...]
    unavailable: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_sample(outcome: pd.DataFrame, regressors: Sequence[str]) -> Sample:
    """Take the entities that have a value, and all regressors, in every period of the table."""
    import numpy as np

    wanted = ["entity", "period", "value", *regressors]
    lacking = [name for name in wanted if name not in outcome.columns]
    if lacking:
        raise DataError(f"The outcome has no column {lacking[0]!r}: expected {', '.join(wanted)}.")
    outcome = outcome.assign(entity=column_entities(outcome["entity"], "The outcome"))
    twice = outcome.duplicated(["entity", "period"])
    if twice.any():
        row = outcome[twice].iloc[0]
        raise DataError(f"{row['entity']} has period {row['period']} twice.")
    numbers = outcome[["value", *regressors]].to_numpy(dtype=float)
    endless = np.argwhere(np.isinf(numbers))
    if len(endless):
        row, column = endless[0]
        raise DataError(
            f"{outcome['entity'].iloc[row]}, period {outcome['period'].iloc[row]}: {['value', *regressors][column]} is "
            f"infinite (such values: {len(endless):,}).",
            remedy="Correct it, or leave the field empty where there is nothing.",
        )
    known = outcome[np.isfinite(numbers).all(axis=1)]
    if known.empty:
        raise EstimationError("No entity has a value in any period.")
    periods = checked_periods(sorted(known["period"].unique().tolist()))
    rows = known.groupby("entity")["period"].nunique()
    names = sorted(outcome["entity"].unique())
    whole = [name for name in names if rows.get(name, 0) == len(periods)]
    without = tuple(name for name in names if name not in whole)
    if len(whole) < 2:
        raise EstimationError(
            f"{len(whole)} of {len(names)} entities have every period from {periods[0]} to {periods[-1]}: expected two.",
            remedy="Narrow the years.",
        )
    findings = (
        (
            Finding(
                "N411",
                f"{len(without)} of {len(names)} entities lack a period and are left out: {', '.join(without)}.",
                "Narrow the years to keep them.",
            ),
        )
        if without
        else ()
    )
    cube = np.stack(
        [
            known.pivot(index="entity", columns="period", values=name)
            .reindex(index=whole, columns=periods)
            .to_numpy(dtype=float)
            for name in ("value", *regressors)
        ],
        axis=2,
    )
    constant = np.ones((*cube.shape[:2], 1))
    return Sample(
        entities=tuple(whole),
        periods=periods,
        values=cube[:, :, 0],
        design=np.concatenate([constant, cube[:, :, 1:]], axis=2),
        names=("constant", *regressors) if regressors else ("mean",),
        unavailable=without,
        findings=findings,
    )
