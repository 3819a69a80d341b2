"""Growth on a lagged index, without and with the index's error, beside what such a design could have found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from headwinds.contracts import Estimate, Finding, Indicator, Panel
    from headwinds.explain.measured import Design


@dataclass(frozen=True, slots=True)
class GrowthRegression:
    """What the regression found.

    Attributes
    ----------
    design
        The rows, and the index with its covariance.
    naive, corrected
        The estimate as if the index were exact, and the one that carries its error.
    detectable
        One row a label: the smallest effect that the design would find in four of five samples.
    left_out
        How many rows of the panel do not enter, and why.
    """

    design: Design
    naive: Estimate
    corrected: Estimate
    detectable: pd.DataFrame
    left_out: tuple[Finding, ...]


def growth_regression(
    panel: Panel, indicator: Indicator, *, series: str, words: str, labels: Sequence[str] = (), lag: int
) -> GrowthRegression:
    """Regress the growth of a series of the panel on an index `lag` years before, within entities and years.

    Parameters
    ----------
    series
        Whose annual growth is explained, in log points.
    words
        What that growth is called in the estimates.
    labels
        Labels of the index that enter together; all if empty.

    Raises
    ------
    MismatchError
        Index and panel share no entity-period.
    EstimationError
        As `headwinds.explain.measured.regress_with_index`.
    """
    from headwinds.explain.measured import corrected_estimate, make_design, naive_estimate
    from headwinds.explain.measured.regress import left_out_findings
    from headwinds.explain.panel_data import log_growth
    from headwinds.explain.power import minimum_detectable_effects

    outcome = panel.data[["entity", "period"]].copy()
    outcome["value"] = log_growth(panel, series)
    chosen = tuple(labels) or tuple(dict.fromkeys(indicator.labels))
    design = make_design(outcome, indicator, labels=chosen, lag=lag)
    detectable = minimum_detectable_effects(design)  # before any coefficient is looked at
    return GrowthRegression(
        design=design,
        naive=naive_estimate(design, words, lag),
        corrected=corrected_estimate(design, words, lag),
        detectable=detectable,
        left_out=left_out_findings(design),
    )
