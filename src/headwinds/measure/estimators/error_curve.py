"""Error curve: adjusted counts whose error rates move with the predicted share of the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

ASSUMES = "the true- and false-positive rates of the decisions are lines in the predicted share of the cell"


def estimate(
    frame: Frame,
    cells: Cells,
    *,
    level: float = 0.95,
    minimum_passages: int = 10,
    minimum_documents: int = 2,
    cluster_by_document: bool = True,
) -> Indicator:
    """Both rates are regressed on the cell's share of decisions over the gold, and inverted cell by cell.

    For cells too thin for gold of their own where errors grow with what there is to find. Parameters are those of
    `EstimatorSettings`.

    Raises
    ------
    SettingsError
        The labels exclude each other, or are graded.
    """
    from headwinds.measure.quantification.error_curve import solve_curve
    from headwinds.measure.quantification.estimate import estimate_by_rates

    if frame.kind == "multi-class":
        raise SettingsError("the error curve is for labels that hold or do not, one by one, not for classes.")
    return estimate_by_rates(
        frame,
        cells,
        solve_curve,
        method="error-curve",
        assumes=ASSUMES,
        decided=True,
        level=level,
        minimum_passages=minimum_passages,
        minimum_documents=minimum_documents,
        cluster_by_document=cluster_by_document,
        on_drift="ignore",
    )
