"""Local projections on an index with its error: at each horizon the naive estimate and the one that carries the error.

At horizon h the outcome of t+h is regressed on the index of t: the regression of `regress_with_index` with lag h. Its
coefficients are per standard deviation of the index over the rows of that horizon; here they are put on one scale, that of
horizon 0, so that a response does not move only because its rows do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Indicator
from headwinds.errors import MismatchError, SettingsError
from headwinds.explain.dynamics.grid import Grid
from headwinds.explain.dynamics.responses import Row
from headwinds.explain.measured.regress import regress_with_index

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def measured_rows(
    grid: Grid,
    indicator: Indicator,
    label: str,
    horizons: int,
    response: Callable[[int], NDArray[np.float64]],
) -> tuple[list[Row], str, tuple[Finding, ...]]:
    """(Two rows a horizon, what the index is called, findings).

    Parameters
    ----------
    response
        By horizon, the response at the place of t, shape (entities, periods).
    """
    labels = list(dict.fromkeys(indicator.labels))
    if not label and len(labels) > 1:
        raise SettingsError(
            f"The index has {len(labels)} labels.", remedy=f"Set label to one of {', '.join(labels)}."
        )
    chosen = label or labels[0]
    if chosen not in labels:
        raise MismatchError(f"The index has no label {chosen!r}; it has {', '.join(labels)}.")
    rows: list[Row] = []
    findings: dict[str, Finding] = {}
    unit = 0.0
    for horizon in range(horizons + 1):
        frame = _frame(grid, response(horizon), horizon)
        found = regress_with_index(
            frame, indicator, labels=[chosen], lag=horizon * grid.step, outcome_words="the outcome"
        )
        scale, there = _scale(frame, indicator, chosen, horizon * grid.step)
        unit = unit or scale
        for estimate in (found.naive, found.corrected):
            lower, upper = (estimate.confidence_interval()[0] * unit / scale).tolist()
            rows.append(
                Row(
                    estimate.method,
                    horizon,
                    float(estimate.value[0]) * unit / scale,
                    float(estimate.standard_error[0]) * unit / scale,
                    (lower, upper),
                    estimate.observations,
                    estimate.clusters,
                    len(there),
                    (there[0], there[-1]),
                )
            )
            for finding in estimate.findings:
                findings.setdefault(finding.code, finding)
    return rows, f"the share of {chosen}", tuple(findings.values())


def _frame(grid: Grid, response: NDArray[np.float64], horizon: int) -> pd.DataFrame:
    """The response at t+h, where `regress_with_index` looks h periods back for the index."""
    import numpy as np
    import pandas as pd

    entity, period = np.nonzero(np.isfinite(response))
    return pd.DataFrame(
        {
            "entity": np.array(grid.entities)[entity],
            "period": np.array(grid.periods)[period] + horizon * grid.step,
            "value": response[entity, period],
        }
    )


def _scale(frame: pd.DataFrame, indicator: Indicator, label: str, lag: int) -> tuple[float, list[int]]:
    """Standard deviation of the index over the rows that meet an outcome, and their periods in order."""
    import numpy as np

    usable = np.isfinite(indicator.value) & np.isfinite(indicator.sampling_variance)
    known = {
        (str(cell[0]), int(cell[1])): float(indicator.value[row])
        for row, (name, cell) in enumerate(zip(indicator.labels, indicator.cells, strict=True))
        if name == label and usable[row]
    }
    cells = [
        (str(entity), int(period) - lag)
        for entity, period in zip(frame["entity"], frame["period"], strict=True)
        if (str(entity), int(period) - lag) in known
    ]
    return float(np.std([known[cell] for cell in cells], ddof=1)), sorted({period for _, period in cells})
