"""Agreement of ordered labels, for many weightings of the same examples at once; labels are numbered from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def quadratic_weighted_kappa(
    truth: NDArray[np.int64], given: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cohen's kappa with squared distances as weights (Cohen 1968); (replicates, examples) to (replicates,).

    1 is agreement, 0 what independent labels with the same shares would give; NaN where all are one and the same label.
    The squared distances of independent draws have a mean of moments alone, so no table of labels is made.
    """
    import numpy as np

    total = weights.sum(axis=1)
    true_mean, given_mean = weights @ truth / total, weights @ given / total
    observed = weights @ (truth - given) ** 2 / total
    expected = weights @ (truth**2) / total + weights @ (given**2) / total - 2 * true_mean * given_mean
    result = np.full(len(weights), np.nan)
    np.divide(observed, expected, out=result, where=expected > 1e-12)
    return 1 - result


def mean_absolute_error(
    truth: NDArray[np.int64], given: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How many labels a prediction is away from the true one, on average."""
    import numpy as np

    error: NDArray[np.float64] = weights @ np.abs(truth - given) / weights.sum(axis=1)
    return error
