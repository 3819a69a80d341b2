"""Local projections: how an outcome moves in the periods after a shock or an index (Jorda 2005, eq. 2), in a panel.

For each horizon h = 0 ... H one regression with entity and period effects,

    r_i,t+h = beta_h x_it + sum_l (a_l y_i,t-l + c_l x_i,t-l) + controls_it + effects + e_i,t+h,

where r is the outcome at t+h ("value"), its sum from t to t+h ("cumulative", for growth rates) or its change from t-1 to
t+h ("change", for levels in logs). Errors have the small-sample factors of `pyfixest`. They are Driscoll and Kraay's (1998),
which allow entities to be hit together and e to be autocorrelated, as it is when horizons overlap, or clustered by entity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from headwinds.contracts import Finding, Indicator
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.dynamics.grid import Grid, lagged, make_grid
from headwinds.explain.dynamics.half_panel_response import (
    half_panel_critical,
    half_panel_findings,
    half_panel_response,
)
from headwinds.explain.dynamics.influence_variance import influence_variance
from headwinds.explain.dynamics.measured_projections import measured_rows
from headwinds.explain.dynamics.responses import Responses, Row
from headwinds.explain.dynamics.short_panels import short_panel_finding
from headwinds.explain.dynamics.slope_influence import slope_influence, within_effects
from headwinds.explain.lone_rows import lone_rows
from headwinds.explain.measured.moments import require_full_rank

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Response = Literal["value", "cumulative", "change"]
Errors = Literal["driscoll-kraay", "clustered"]
FEW_PERIODS = 20
FEW_ENTITIES = 10
FOLLOWS: dict[str, str] = {
    "value": "{0} in a later period",
    "cumulative": "the sum of {0} up to a later period",
    "change": "the change of {0} from the period before to a later one",
}


def local_projections(
    data: pd.DataFrame,
    outcome: str,
    shock: str | Indicator,
    *,
    horizons: int = 5,
    response: Response = "value",
    lags: int | None = None,
    controls: Sequence[str] = (),
    errors: Errors | None = None,
    period_effects: bool = True,
    half_panel: bool = False,
    label: str = "",
) -> Responses:
    """Project an outcome on a shock or an index, horizon by horizon.

    Parameters
    ----------
    data
        Columns `entity`, `period` (whole numbers), and one a series.
    outcome
        Its column.
    shock
        The column of the shock; or an `Indicator`, for which each horizon has the naive estimate and the one that carries
        the index's error, both clustered by entity and per standard deviation of the index.
    horizons
        The last one; the first is 0.
    response
        "value", "cumulative" or "change"; see the module's head.
    lags
        How many lags of outcome and shock are controls; None for 1. Beside an Indicator there can be none: a lag of it has
        the same error.
    controls
        Further columns, of the period of the shock.
    errors
        "driscoll-kraay" (None takes it), its window as long as the horizon and a little more, or "clustered" by entity.
        With an Indicator they are clustered.
    period_effects
        Whether what is common to all entities in a period is absorbed. A shock that all share needs False.
    half_panel
        Take twice the response of the whole panel less the mean of those of the halves of each entity's periods: its bias
        is then of order 1 / periods^2, and its error is larger; see `half_panel_response`. Not with an Indicator.
    label
        Which label of the Indicator, if it has several.

    Raises
    ------
    DataError
        The panel is not a table of numbers by entity and period.
    SettingsError
        An argument that cannot be.
    EstimationError
        Too few entities or periods, or a shock that is collinear with controls or effects (or is so in a half).
    """
    _check(outcome, shock, horizons, response, lags, controls, errors)
    if isinstance(shock, Indicator):
        _refuse_beside_an_index(lags, controls, errors, period_effects, half_panel)
        grid = make_grid(data, [outcome])
        rows, name, findings = measured_rows(
            grid, shock, label, horizons, lambda h: later(grid, outcome, h, response)
        )
        return _responses(grid, outcome, name, rows, response, "clustered", 0, True, False, findings)
    if label:
        raise SettingsError(f"label is {label!r}, and the shock {shock!r} is a column, which has no labels.")
    lags = 1 if lags is None else lags
    errors = errors or "driscoll-kraay"
    grid = make_grid(data, [outcome, shock, *controls])
    if len(grid.periods) <= horizons + lags + 1:
        raise EstimationError(
            f"The panel has {len(grid.periods)} periods; {horizons} horizons after {lags} lags need {horizons + lags + 2}.",
            remedy="Take fewer horizons or lags.",
        )
    right = {"shock": grid.series[shock]}
    for lag in range(1, lags + 1):
        right[f"outcome_{lag}"] = lagged(grid.series[outcome], lag)
        right[f"shock_{lag}"] = lagged(grid.series[shock], lag)
    right |= {f"control_{place}": grid.series[name] for place, name in enumerate(controls)}
    spoken = {"shock": shock} | {f"control_{place}": name for place, name in enumerate(controls)}
    rows = [
        _project(
            grid, later(grid, outcome, h, response), right, h, errors, period_effects, half_panel, spoken
        )
        for h in range(horizons + 1)
    ]
    return _responses(grid, outcome, shock, rows, response, errors, lags, period_effects, half_panel, ())


def later(grid: Grid, outcome: str, horizon: int, response: str) -> NDArray[np.float64]:
    """The response r_i,t+h at the place of t; NaN where any part of it is missing."""
    values = grid.series[outcome]
    ahead = lagged(values, -horizon)
    if response == "cumulative":
        return sum((lagged(values, -step) for step in range(horizon)), start=ahead)
    return ahead - lagged(values, 1) if response == "change" else ahead


def _check(
    outcome: str,
    shock: str | Indicator,
    horizons: int,
    response: str,
    lags: int | None,
    controls: Sequence[str],
    errors: str | None,
) -> None:
    if horizons < 0 or (lags or 0) < 0:
        raise SettingsError(f"horizons is {horizons} and lags is {lags or 0}, expected 0 or more.")
    if response not in FOLLOWS:
        raise SettingsError(f"response is {response!r}, expected one of {', '.join(FOLLOWS)}.")
    if errors not in (None, "driscoll-kraay", "clustered"):
        raise SettingsError(f"errors is {errors!r}, expected driscoll-kraay or clustered.")
    if outcome == shock:
        raise SettingsError(f"The outcome {outcome!r} is its own shock.", remedy="Name another column.")
    if outcome in controls:
        raise SettingsError(
            f"The outcome {outcome!r} stands among the controls, which are of the shock's period.",
            remedy="Use lags for its past.",
        )


def _refuse_beside_an_index(
    lags: int | None, controls: Sequence[str], errors: str | None, period_effects: bool, half_panel: bool
) -> None:
    """Raise where a setting is asked for that the regression on an index with its error does not have."""
    asked = {
        f"lags is {lags}": bool(lags),
        f"controls are {', '.join(controls)}": bool(controls),
        f"errors is {errors!r}": errors not in (None, "clustered"),
        "period_effects is False": not period_effects,
        "half_panel is True": half_panel,
    }
    for told, given in asked.items():
        if given:
            raise SettingsError(
                f"{told}, which is not available beside an index with its error: that regression has entity and period "
                "effects, no lags or controls, and errors clustered by entity.",
                remedy="Leave the setting out, or pass the index's values as a column, without their error.",
            )


def _project(
    grid: Grid,
    response: NDArray[np.float64],
    right: dict[str, NDArray[np.float64]],
    horizon: int,
    errors: str,
    period_effects: bool,
    half_panel: bool,
    spoken: dict[str, str],
) -> Row:
    """One horizon."""
    import numpy as np

    there = np.isfinite(response) & np.all([np.isfinite(values) for values in right.values()], axis=0)
    # A row that is alone in its entity or period tells nothing: it is no observation, no entity and no cluster.
    entity, period = np.nonzero(there)
    there[there] = ~lone_rows((entity, period) if period_effects else (entity,), len(entity))
    entity, period = np.nonzero(there)
    entities, periods = len(np.unique(entity)), len(np.unique(period))
    if entities < 2 or periods < 2 or len(entity) < entities + periods + len(right):
        raise EstimationError(
            f"At horizon {horizon} only {len(entity)} rows of {entities} entities in {periods} periods are complete: too "
            "few for the effects and controls.",
            remedy="Take fewer horizons, lags or controls, or fill the gaps in time.",
        )
    right = {name: values[there] for name, values in right.items()}
    # A shock in dollars beside a lag in percent would leave the fit without digits: each in its own standard deviations.
    sizes = {name: float(values.std()) or 1.0 for name, values in right.items()}
    clustered = errors == "clustered"
    window = min(horizon + int(periods**0.25), periods - 1)
    said = tuple(spoken.get(name, f"a lag ({name.replace('_', ' ')})") for name in right)
    plain = np.column_stack([values / sizes[name] for name, values in right.items()])
    columns = np.column_stack([plain, response[there]])
    within = within_effects(columns, entity, period, period_effects)
    _require_full_rank(within[:, :-1], plain, said, horizon)
    if half_panel:
        value, variance = half_panel_response(
            response[there],
            plain,
            within,
            entity,
            period,
            names=said,
            horizon=horizon,
            period_effects=period_effects,
            window=None if clustered else window,
        )
    else:
        value, influence = slope_influence(within)
        variance = influence_variance(
            influence, entity, period, len(right), period_effects, None if clustered else window
        )
    variance = variance / sizes["shock"] ** 2
    value = value / sizes["shock"]
    error = float(np.sqrt(variance)) if variance > 0 else float("nan")
    of_periods = half_panel_critical if half_panel else fixed_b_critical
    critical = _student(entities) if clustered else of_periods(window, periods)
    return Row(
        "local projection",
        horizon,
        value,
        error,
        (value - critical * error, value + critical * error),
        len(entity),
        entities,
        periods,
        (grid.periods[int(period.min())], grid.periods[int(period.max())]),
    )


def _require_full_rank(
    within: NDArray[np.float64], plain: NDArray[np.float64], names: tuple[str, ...], horizon: int
) -> None:
    try:
        require_full_rank(within, plain, names)
    except EstimationError as error:
        raise EstimationError(
            f"At horizon {horizon} {error.message}",
            remedy="Leave it out; a shock that all entities share needs period_effects=False.",
        ) from None


def _student(clusters: int) -> float:
    from scipy import stats

    return float(stats.t.ppf(0.975, clusters - 1))


def fixed_b_critical(window: int, periods: int) -> float:
    """Two-sided 5% critical value of a t statistic with Bartlett weights (Kiefer and Vogelsang 2005, table 1).

    A window that is a fraction b of the periods makes the errors too small; this value knows it. Vogelsang (2012) shows that
    it holds for Driscoll-Kraay errors with entity and period effects.
    """
    b = (window + 1) / periods
    return 1.96 + 2.9694 * b + 0.4160 * b**2 - 0.5324 * b**3


def _responses(
    grid: Grid,
    outcome: str,
    shock: str,
    rows: Sequence[Row],
    response: str,
    errors: str,
    lags: int,
    period_effects: bool,
    half_panel: bool,
    findings: Sequence[Finding],
) -> Responses:
    found = [*findings]
    entities, periods = max(row.entities for row in rows), min(row.periods for row in rows)
    if errors == "driscoll-kraay" and periods < FEW_PERIODS:
        found.append(
            Finding(
                "W466",
                f"{periods} periods: Driscoll-Kraay errors are too small with so few.",
                "Cluster by entity, or take fewer horizons.",
            )
        )
    if errors == "clustered" and entities < FEW_ENTITIES:
        found.append(
            Finding("W467", f"{entities} entities: clustered errors are too small.", "Take more entities.")
        )
    if half_panel:
        found += half_panel_findings(rows)
    elif lags or response != "change":
        found.append(short_panel_finding(rows, response, lags))
    if grid.gaps:
        found.append(
            Finding(
                "N462",
                f"Entities with gaps in time ({grid.gaps}): a row that would reach over one is left out.",
            )
        )
    measured = len({row.method for row in rows}) > 1
    now = f"{shock} that is one standard deviation higher now" if measured else f"{shock} now"
    return Responses(
        rows=tuple(rows),
        estimand=(
            f"By how much {FOLLOWS[response].format(outcome)} is associated with {now}; {entities} entities, "
            f"{min(row.span[0] for row in rows)}-{max(row.span[1] for row in rows)}."
        ),
        variation=(
            f"movements of {shock} within an entity"
            + (f" that {lags} lags of it and of the outcome do not foretell" if lags else "")
            + (", beyond what is common to all in the period." if period_effects else ".")
        ),
        absorbed="what is constant in an entity"
        + (", and what is common to a period." if period_effects else "."),
        units=f"{outcome}, per {'standard deviation of the index' if measured else 'unit of ' + shock}",
        errors="Driscoll-Kraay" if errors == "driscoll-kraay" else "clustered by entity",
        step=grid.step,
        findings=tuple(found),
    )
