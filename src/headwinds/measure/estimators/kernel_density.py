"""Kernel densities (KDEy): the mixture of the gold's densities of probabilities that fits a cell best."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

ASSUMES = "given the label, predictions are distributed alike in every cell of a stratum"


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
    """González, Moreo and Sebastiani (2024), by QuaPy (`KDEyML`); needs the extra ``quantification``.

    The gold must have been drawn with equal probabilities within a stratum. The intervals are ours, not QuaPy's: they
    carry the sampling of passages, the chance of errors, and the error of the densities (`audit_factor`). Parameters are
    those of `EstimatorSettings`; see `headwinds.measure.quantification.estimate` for `on_drift`.
    """
    from headwinds.measure.quantification.estimate import estimate_by_rates
    from headwinds.measure.quantification.kernel_density import solve_kernel_density

    return estimate_by_rates(
        frame,
        cells,
        solve_kernel_density,
        method="kernel-density",
        assumes=ASSUMES,
        decided=False,
        level=level,
        minimum_passages=minimum_passages,
        minimum_documents=minimum_documents,
        cluster_by_document=cluster_by_document,
        on_drift=on_drift,
    )
