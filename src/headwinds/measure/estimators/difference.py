"""The difference estimator: predictions for all passages, corrected by the gold's design-weighted residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

ASSUMES = (
    "the gold's inclusion probabilities are right, and where a cell borrows, labels go with predictions there as in "
    "its pool, or scatter about it by a variance that the gold tells"
)


def estimate(
    frame: Frame,
    cells: Cells,
    *,
    level: float = 0.95,
    power: float | None = None,
    pooling: bool = True,
    minimum_gold: int = 30,
    minimum_count: int = 10,
    minimum_passages: int = 10,
    minimum_documents: int = 2,
    contextual: bool = True,
    cluster_by_document: bool = True,
) -> Indicator:
    """Prediction-powered shares, stratified, two-phase, with lambda tuned per label and stratum.

    Assumes only the sampling design where a cell's own gold corrects it; where it borrows (`pooled`), also that labels
    relate to predictions, and to the mean prediction of the cell, there as in the pool, but for a scatter whose variance is
    estimated where the gold is enough for the slope on the mean prediction (see `headwinds.measure.context`).
    Parameters are those of `EstimatorSettings`.
    """
    from headwinds.measure.estimators.design_based import estimate_design_based
    from headwinds.measure.settings import EstimatorSettings

    settings = EstimatorSettings(
        level,
        power,
        pooling,
        minimum_gold,
        minimum_count,
        minimum_passages,
        minimum_documents,
        contextual,
        cluster_by_document,
    )
    return estimate_design_based(frame, cells, settings, "difference")
