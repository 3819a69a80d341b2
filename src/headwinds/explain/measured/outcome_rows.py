"""The rows of a regression that have an outcome: read from a table or from an index, and what is left out counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Indicator
from headwinds.errors import DataError, MismatchError
from headwinds.explain.table_columns import column_entities, column_numbers, column_periods

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class OutcomeRows:
    """Rows with an outcome.

    Attributes
    ----------
    table
        Columns `entity`, `period`, `value`, whatever else was asked for, and `_row` in the Indicator if there is one.
    own
        The outcome's Indicator, or None where it is a table.
    without_value
        Rows left out as they have no outcome, or one whose error is not known.
    """

    table: pd.DataFrame
    own: Indicator | None
    without_value: int


def outcome_rows(
    outcome: pd.DataFrame | Indicator,
    label: str | None,
    panel: pd.DataFrame | None,
    *,
    controls: Sequence[str],
    groups: Sequence[str],
) -> OutcomeRows:
    """Read the outcome with the controls, which are numbers, and the columns of groups; see `make_design`.

    Raises
    ------
    DataError
        A value is not a number, a period no whole number, a row with a value has no entity, or the panel has an entity and
        period twice.
    MismatchError
        A label or column is not there.
    """
    import numpy as np

    own = outcome if isinstance(outcome, Indicator) else None
    if isinstance(outcome, Indicator):
        there = tuple(dict.fromkeys(outcome.labels))
        if label is None and len(there) > 1:
            raise MismatchError(
                f"The outcome's index has {len(there)} labels ({', '.join(there)}).", remedy="Name one."
            )
        label = label or there[0]
        rows = [row for row, name in enumerate(outcome.labels) if name == label]
        if not rows:
            raise MismatchError(f"The outcome's index has no label {label!r}; it has {', '.join(there)}.")
        frame = cells_of(outcome, rows).assign(_row=rows, value=outcome.value[rows])
        known = np.isfinite(outcome.sampling_variance[rows]) & np.isfinite(outcome.value[rows])
    else:
        frame = outcome.reset_index(drop=True)
        missing = [name for name in ("entity", "period", "value") if name not in frame]
        if missing:
            raise MismatchError(
                f"The outcome has no column {missing[0]!r}; it has {', '.join(map(str, frame))}."
            )
        frame = frame.assign(
            value=column_numbers(frame["value"], "The outcome"),
            period=column_periods(frame["period"], "The outcome"),
            **{name: column_numbers(frame[name], "The outcome") for name in controls if name in frame},
        )
        known = np.isfinite(frame["value"].to_numpy())
        column_entities(frame["entity"], "The outcome", known)
    count, frame = len(frame), frame[known]
    if panel is not None:
        frame = _beside(frame, panel, controls)
    for name in (*controls, *groups):
        if name not in frame:
            shown = ", ".join(str(column) for column in frame if column != "_row")
            raise MismatchError(f"The panel has no column {name!r}; it has {shown}.")
    return OutcomeRows(frame.reset_index(drop=True), own, count - int(known.sum()))


def _beside(frame: pd.DataFrame, panel: pd.DataFrame, controls: Sequence[str]) -> pd.DataFrame:
    """The rows with the panel's columns beside them, where they have none of that name."""
    for name in ("entity", "period"):
        if name not in panel:
            raise MismatchError(f"The panel has no column {name!r}; it has {', '.join(map(str, panel))}.")
    panel = panel.assign(
        period=column_periods(panel["period"], "The panel"),
        **{
            name: column_numbers(panel[name], "The panel")
            for name in controls
            if name in panel and name not in frame
        },
    )
    if panel["entity"].dtype != frame["entity"].dtype:
        panel, frame = (table.assign(entity=table["entity"].astype(str)) for table in (panel, frame))
    twice = panel[panel.duplicated(["entity", "period"])]
    if len(twice):
        row = twice.iloc[0]
        raise DataError(
            f"The panel has {row['entity']} in {row['period']} more than once, expected one row an entity and period."
        )
    more = [name for name in panel if name not in frame or name in ("entity", "period")]
    return frame.merge(panel[more], on=["entity", "period"], how="left", validate="many_to_one")


def cells_of(indicator: Indicator, rows: Sequence[int]) -> pd.DataFrame:
    """Columns `entity` and `period` of these rows of an index.

    Raises
    ------
    MismatchError
        The index is not keyed by entity and period.
    """
    import pandas as pd

    if len(indicator.keys) != 2:
        raise MismatchError(
            f"The index is keyed by ({', '.join(indicator.keys)}), expected entity and period."
        )
    try:
        period = [int(indicator.cells[row][1]) for row in rows]
    except ValueError as error:
        raise MismatchError(
            f"The second key of the index, {indicator.keys[1]!r}, is no whole number in every cell.",
            remedy="Key the index by entity, then period.",
        ) from error
    return pd.DataFrame({"entity": [str(indicator.cells[row][0]) for row in rows], "period": period})
