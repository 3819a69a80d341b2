"""What a design-based estimator can be told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EstimatorSettings:
    """Rules of the design-based estimators; `design/measure.md` gives the reasons.

    Attributes
    ----------
    level
        Of the intervals.
    power
        The weight lambda of the prediction; None tunes it per label and stratum.
    pooling
        Whether a thin cell borrows the correction of its stratum.
    minimum_gold
        A cell's own gold in a stratum corrects it from this many on.
    minimum_count
        With fewer positives (or negatives) than this in a pool, the stratum's share is a rare count: the prediction is
        not used there and the interval is that of a count.
    minimum_passages, minimum_documents
        A cell with fewer gets no interval.
    contextual
        Whether cells that borrow are also moved by the slope of the gold's residuals on the mean score of their cell.
    cluster_by_document
        Whether passages of one document count as one draw in the variance of the scores.
    folds
        With two or more, the lambda of a gold passage is tuned on the other folds of its stratum's gold (cross-fitting).
    area_effects
        Whether cells differ in their corrections beyond chance, by an amount that the gold tells (Fay and Herriot 1979).
    """

    level: float = 0.95
    power: float | None = None
    pooling: bool = True
    minimum_gold: int = 30
    minimum_count: int = 10
    minimum_passages: int = 10
    minimum_documents: int = 2
    contextual: bool = True
    cluster_by_document: bool = True
    folds: int = 0
    area_effects: bool = False
