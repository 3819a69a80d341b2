"""Growth on a measured index, naive and corrected side by side."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.errors import SettingsError
from headwinds.explain.measured import draws, errors_in_variables, naive, simex
from headwinds.explain.measured.comparison import MeasuredRegression
from headwinds.explain.measured.design import make_design

if TYPE_CHECKING:
    import pandas as pd

    from headwinds.contracts import Estimate, Indicator
    from headwinds.explain.measured.design import Design

ESTIMATORS: dict[str, tuple[Callable[[Design, str, int], Estimate], str]] = {
    naive.METHOD: (naive.naive_estimate, naive.ASSUMES),
    errors_in_variables.METHOD: (errors_in_variables.corrected_estimate, errors_in_variables.ASSUMES),
    simex.METHOD: (simex.simex_estimate, simex.ASSUMES),
    draws.METHOD: (draws.draws_estimate, draws.ASSUMES),
    draws.NAIVE_METHOD: (draws.naive_draws_estimate, draws.NAIVE_ASSUMES),
}
"""Every estimator that takes a `Design`, the words for the outcome and the lag, with what it takes for granted."""


def regress_with_index(
    outcome: pd.DataFrame | Indicator,
    indicator: Indicator | Sequence[Indicator],
    *,
    labels: Sequence[str],
    lag: int = 1,
    outcome_words: str = "growth",
    controls: Sequence[str] = (),
    effects: Sequence[str] = ("entity", "period"),
    cluster: str = "entity",
    panel: pd.DataFrame | None = None,
    outcome_label: str | None = None,
    standardise: bool = True,
    also: Sequence[str] = (),
) -> MeasuredRegression:
    """Regress an outcome on lagged indices with fixed effects: naive, corrected, and what else is asked for.

    Parameters
    ----------
    outcome
        Columns `entity`, `period`, `value` (for instance TFP growth in % per year); or an Indicator, whose own error then
        goes into the standard errors.
    indicator
        Keys (entity, period), in any names; one row a label and cell. Several indices may be given.
    labels
        Which labels enter, together.
    lag
        Calendar years by which the index precedes the outcome.
    controls, effects, cluster, panel, outcome_label, standardise
        See `make_design`.
    also
        Further estimators by name: "simex", "draws", "draws, uncorrected".

    Returns
    -------
    MeasuredRegression
        Coefficients per standard deviation of each lagged share. Where an index's noise leaves less than a tenth of its
        variation within the effects, the corrected estimate is NaN with a finding: not identified. Rows that are
        left out are counted in `findings`.

    Raises
    ------
    DataError
        The outcome or a control holds something that is not a number; the row is told.
    MismatchError
        Index and panel share no entity-period.
    EstimationError
        A regressor is collinear, there is one cluster, or fewer than two entities or periods.
    SettingsError
        An estimator has no such name.
    """
    for name in also:
        if name not in ESTIMATORS:
            raise SettingsError(f"There is no estimator {name!r}; there are {', '.join(ESTIMATORS)}.")
    design = make_design(
        outcome,
        indicator,
        labels=labels,
        lag=lag,
        controls=controls,
        effects=effects,
        cluster=cluster,
        panel=panel,
        outcome_label=outcome_label,
        standardise=standardise,
    )
    wanted = dict.fromkeys((naive.METHOD, errors_in_variables.METHOD, *also))
    first, second, *others = [estimate_by(name, design, outcome_words, lag) for name in wanted]
    return MeasuredRegression(
        naive=first, corrected=second, others=tuple(others), findings=left_out_findings(design)
    )


def left_out_findings(design: Design) -> tuple[Finding, ...]:
    """How many rows of the panel do not enter, and why."""
    found = []
    if design.without_value:
        found.append(
            Finding(
                "N416",
                f"Rows without an outcome (or one whose error is not known), left out: {design.without_value}.",
            )
        )
    if design.dropped:
        found.append(
            Finding(
                "N417",
                f"Rows with an outcome and without a usable index or control of the period that goes with it, left out: "
                f"{design.dropped}; {len(design.outcome)} enter.",
            )
        )
    return tuple(found)


def estimate_by(name: str, design: Design, outcome_words: str, lag: int) -> Estimate:
    """One of `ESTIMATORS`, with what it assumes under `provenance`."""
    function, assumes = ESTIMATORS[name]
    found = function(design, outcome_words, lag)
    return dataclasses.replace(found, provenance={**found.provenance, "assumes": assumes})
