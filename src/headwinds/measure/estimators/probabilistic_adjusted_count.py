"""Probabilistic adjusted count: the mean probability, corrected by its means given the label on the gold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

ASSUMES = "given the label, the mean probability is the same in every cell of a stratum"


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
    """(mean probability - its mean without the label) / (its mean with the label - its mean without), or its matrix form.

    Bella, Ferri, Hernández-Orallo and Ramírez-Quintana (2010). The intervals carry the sampling of passages, the chance
    of errors, and the error of the rates (`audit_factor`). Parameters are those of `EstimatorSettings`; see
    `headwinds.measure.quantification.estimate` for `on_drift`.
    """
    from headwinds.measure.quantification.adjusted import solve_adjusted
    from headwinds.measure.quantification.estimate import estimate_by_rates

    return estimate_by_rates(
        frame,
        cells,
        solve_adjusted,
        method="probabilistic-adjusted-count",
        assumes=ASSUMES,
        decided=False,
        level=level,
        minimum_passages=minimum_passages,
        minimum_documents=minimum_documents,
        cluster_by_document=cluster_by_document,
        on_drift=on_drift,
    )
