"""Small areas: what a thin cell's own gold says and what its stratum's says, weighted by their variances."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

ASSUMES = (
    "the gold's inclusion probabilities are right, and the corrections that cells need scatter about a line in their mean "
    "prediction, by a variance that the gold tells"
)


def estimate(
    frame: Frame,
    cells: Cells,
    *,
    level: float = 0.95,
    minimum_gold: int = 30,
    minimum_count: int = 10,
    minimum_passages: int = 10,
    minimum_documents: int = 2,
    cluster_by_document: bool = True,
) -> Indicator:
    """Fay-Herriot shares, with the mean squared error of Prasad and Rao; parameters are those of `EstimatorSettings`.

    Every design stratum has its own model of the residuals label minus lambda x probability, see
    `headwinds.measure.area_effects`. A stratum with gold in fewer than eight cells, or (where the design has periods) with a
    label that is rare in it, is corrected as by "difference", and so are rare labels anywhere.
    """
    from headwinds.measure.estimators.design_based import estimate_design_based
    from headwinds.measure.settings import EstimatorSettings

    settings = EstimatorSettings(
        level=level,
        minimum_gold=minimum_gold,
        minimum_count=minimum_count,
        minimum_passages=minimum_passages,
        minimum_documents=minimum_documents,
        cluster_by_document=cluster_by_document,
        area_effects=True,
    )
    return estimate_design_based(frame, cells, settings, "small-area")
