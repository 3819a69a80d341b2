"""The stratified share of the gold alone: what could be said without a classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

ASSUMES = "the gold's inclusion probabilities are right; the predictions are not used"


def estimate(
    frame: Frame,
    cells: Cells,
    *,
    level: float = 0.95,
    pooling: bool = False,
    minimum_gold: int = 30,
    minimum_count: int = 10,
    minimum_passages: int = 10,
    minimum_documents: int = 2,
    cluster_by_document: bool = True,
) -> Indicator:
    """Stratified (Hajek) shares from gold; a cell's own gold unless `pooling` is asked for. Parameters: `EstimatorSettings`.

    With `pooling` a thin cell takes its stratum's share, so that only its mix of strata tells it from others.
    """
    from headwinds.measure.estimators.design_based import estimate_design_based
    from headwinds.measure.settings import EstimatorSettings

    settings = EstimatorSettings(
        level,
        0.0,
        pooling,
        minimum_gold,
        minimum_count,
        minimum_passages,
        minimum_documents,
        cluster_by_document=cluster_by_document,
    )
    return estimate_design_based(frame, cells, settings, "labelled-only")
