"""The long-run covariance of moments: what errors that hang together in time do to a test and to a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_PERSISTENT = 0.97


def long_run_covariances(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per-period covariance of the sum of `moments`, whose mean is taken to be zero.

    The quadratic spectral kernel with Andrews' (1991) automatic bandwidth from an AR(1) of each moment, after prewhitening
    by the same AR(1) (Andrews and Monahan 1992; slopes kept within 0.97, as they advise).

    Parameters
    ----------
    moments
        Shape (draws, periods, k): independent samples.

    Returns
    -------
    Array
        Shape (draws, k, k).
    """
    slope = first_order(moments)
    back = 1 / (1 - slope)
    covariance = _quadratic_spectral(moments[:, 1:] - slope[:, None, :] * moments[:, :-1])
    coloured: NDArray[np.float64] = back[:, :, None] * covariance * back[:, None, :]
    return coloured


def first_order(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slope of each moment on its own past, shape (draws, k), within 0.97 of zero."""
    import numpy as np

    before, after = moments[:, :-1], moments[:, 1:]
    bottom = (before**2).sum(axis=1)
    slope = (before * after).sum(axis=1) / np.where(bottom > 0, bottom, 1.0)
    limited: NDArray[np.float64] = np.clip(slope, -MOST_PERSISTENT, MOST_PERSISTENT)
    return limited


def quadratic_spectral_weights(
    lags: NDArray[np.float64], bandwidth: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Weights of autocovariances at lags above zero (Andrews 1991, eq. 2.7)."""
    import numpy as np

    scaled = 6 * np.pi * lags / (5 * bandwidth)
    weights: NDArray[np.float64] = 3 / scaled**2 * (np.sin(scaled) / scaled - np.cos(scaled))
    return weights


def _quadratic_spectral(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    periods = moments.shape[1]
    slope = first_order(moments)
    variance = ((moments[:, 1:] - slope[:, None, :] * moments[:, :-1]) ** 2).mean(axis=1)
    top = (4 * slope**2 * variance**2 / (1 - slope) ** 8).sum(axis=1)
    bottom = (variance**2 / (1 - slope) ** 4).sum(axis=1)
    ratio = top / np.where(bottom > 0, bottom, 1.0)
    bandwidth = np.maximum(1.3221 * (ratio * periods) ** 0.2, 1e-6)
    weights = quadratic_spectral_weights(np.arange(1.0, periods), bandwidth[:, None])
    total: NDArray[np.float64] = np.einsum("dtk,dtj->dkj", moments, moments) / periods
    for lag in np.flatnonzero(np.abs(weights).max(axis=0) > 1e-6) + 1:
        product = np.einsum("dtk,dtj->dkj", moments[:, lag:], moments[:, :-lag]) / periods
        total += weights[:, lag - 1, None, None] * (product + product.transpose(0, 2, 1))
    return total
