"""Adjusted count (Rogan-Gladen): the share of positive decisions, corrected by their error rates on the gold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

ASSUMES = "the true- and false-positive rates of the decisions are the same in every cell of a stratum"


def estimate(
    frame: Frame,
    cells: Cells,
    *,
    level: float = 0.95,
    minimum_passages: int = 10,
    minimum_documents: int = 2,
    cluster_by_document: bool = True,
    on_drift: str = "refuse",
) -> Indicator:
    """(share of decisions - false-positive rate) / (true-positive rate - false-positive rate), or its matrix form.

    Rogan and Gladen (1978); Forman (2008) for several classes. The intervals carry the sampling of passages, the chance
    of errors, and the error of the rates (`audit_factor`). Parameters are those of `EstimatorSettings`; see
    `headwinds.measure.quantification.estimate` for `on_drift`.
    """
    from headwinds.measure.quantification.adjusted import solve_adjusted
    from headwinds.measure.quantification.estimate import estimate_by_rates

    return estimate_by_rates(
        frame,
        cells,
        solve_adjusted,
        method="adjusted-count",
        assumes=ASSUMES,
        decided=True,
        level=level,
        minimum_passages=minimum_passages,
        minimum_documents=minimum_documents,
        cluster_by_document=cluster_by_document,
        on_drift=on_drift,
    )
