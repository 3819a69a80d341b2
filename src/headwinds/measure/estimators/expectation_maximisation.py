"""Expectation-maximisation under label shift: the shares that make the calibrated probabilities most likely."""

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
    """Saerens, Latinne and Decaestecker (2002), after calibration on the gold (Alexandari, Kundaje and Shrikumar 2020).

    More precise than adjusted counts, as it uses how sure the classifier is of each passage. The intervals carry the
    sampling of passages, the chance of errors, and the error of calibration and gold shares (`audit_factor`). Parameters
    are those of `EstimatorSettings`; see `headwinds.measure.quantification.estimate` for `on_drift`.
    """
    from headwinds.measure.quantification.estimate import estimate_by_rates
    from headwinds.measure.quantification.label_shift import solve_label_shift

    return estimate_by_rates(
        frame,
        cells,
        solve_label_shift,
        method="expectation-maximisation",
        assumes=ASSUMES,
        decided=False,
        level=level,
        minimum_passages=minimum_passages,
        minimum_documents=minimum_documents,
        cluster_by_document=cluster_by_document,
        on_drift=on_drift,
    )
