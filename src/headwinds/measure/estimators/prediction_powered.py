"""Prediction-powered inference (PPI++): lambda tuned on other gold than it is used on, and nothing borrowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

ASSUMES = "the gold's inclusion probabilities are right, and every cell has gold of its own"


def estimate(
    frame: Frame,
    cells: Cells,
    *,
    level: float = 0.95,
    folds: int = 5,
    minimum_count: int = 10,
    minimum_passages: int = 10,
    minimum_documents: int = 2,
    cluster_by_document: bool = True,
) -> Indicator:
    """Shares from a cell's own gold in each stratum, with lambda cross-fitted over `folds`.

    Angelopoulos, Duchi and Zrnic (2023) for lambda; Zrnic and Candès (2024) for cross-fitting, which takes the bias away
    that tuning lambda on the same few labels brings.
    """
    from headwinds.measure.estimators.design_based import estimate_design_based
    from headwinds.measure.settings import EstimatorSettings

    settings = EstimatorSettings(
        level=level,
        pooling=False,
        minimum_count=minimum_count,
        minimum_passages=minimum_passages,
        minimum_documents=minimum_documents,
        contextual=False,
        cluster_by_document=cluster_by_document,
        folds=folds,
    )
    return estimate_design_based(frame, cells, settings, "prediction-powered")


def prediction_powered_mean(
    label: ArrayLike,
    prediction: ArrayLike,
    unlabelled_prediction: ArrayLike,
    *,
    power: float | None = None,
    level: float = 0.95,
) -> tuple[float, float, float, float]:
    """The plain PPI++ mean of two independent simple random samples: value, lower, upper, lambda.

    The setting of the paper, without strata, clusters or a finite population: for those there is `estimate`.

    Parameters
    ----------
    label, prediction
        Shape (n,): of the labelled sample.
    unlabelled_prediction
        Shape (N,).
    power
        Lambda; None tunes it (Angelopoulos, Duchi and Zrnic 2023, equation 6), within [0, 1].
    """
    import numpy as np
    from scipy.special import ndtri

    y = np.asarray(label, dtype=np.float64)
    here: NDArray[np.float64] = np.asarray(prediction, dtype=np.float64)
    there: NDArray[np.float64] = np.asarray(unlabelled_prediction, dtype=np.float64)
    if power is None:
        ratio = len(y) / len(there)
        cross = float(np.mean((y - y.mean()) * (here - here.mean())))
        spread = float(np.var(np.concatenate([here, there]), ddof=1))
        power = min(max(cross / ((1 + ratio) * spread), 0.0), 1.0) if spread > 0 else 0.0
    value = power * float(there.mean()) + float((y - power * here).mean())
    variance = power**2 * float(np.var(there)) / len(there) + float(np.var(y - power * here)) / len(y)
    reach = float(ndtri((1 + level) / 2)) * variance**0.5
    return value, value - reach, value + reach, power
