"""The long-run covariance of moments: what errors that hang together in time do to a test and to a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def long_run_covariance(moments: NDArray[np.float64], *, hac: bool) -> NDArray[np.float64]:
    """Per-period covariance of the sum of `moments`, shape (periods, k), whose mean is taken to be zero.

    Without `hac` it is White's (1980). With it, the quadratic spectral kernel with Andrews' (1991) automatic bandwidth from
    an AR(1) of each moment, after prewhitening by the same AR(1) (Andrews and Monahan 1992; slopes kept within 0.97).
    """
    import numpy as np

    periods, width = moments.shape
    if not hac:
        plain: NDArray[np.float64] = moments.T @ moments / periods
        return plain
    before, after = moments[:-1], moments[1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (before * after).sum(axis=0) / (before**2).sum(axis=0)
    slope = np.clip(np.nan_to_num(slope), -0.97, 0.97)
    white = after - slope * before
    covariance = _quadratic_spectral(white)
    back = 1 / (1 - slope)
    return back[:, None] * covariance * back[None, :] * (periods - 1) / periods if width else covariance


def _quadratic_spectral(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    periods = len(moments)
    before, after = moments[:-1], moments[1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.nan_to_num((before * after).sum(axis=0) / (before**2).sum(axis=0))
    slope = np.clip(slope, -0.97, 0.97)
    variance = ((after - slope * before) ** 2).mean(axis=0)
    top = (4 * slope**2 * variance**2 / (1 - slope) ** 8).sum()
    bottom = (variance**2 / (1 - slope) ** 4).sum()
    bandwidth = max(1.3221 * (top / bottom * periods) ** 0.2 if bottom > 0 else 0.0, 1e-6)
    total = moments.T @ moments / periods
    lags = np.arange(1, periods)
    scaled = 6 * np.pi * lags / (5 * bandwidth)
    weight = 3 / scaled**2 * (np.sin(scaled) / scaled - np.cos(scaled))
    for lag in lags[np.abs(weight) > 1e-6].tolist():
        product = moments[lag:].T @ moments[:-lag] / periods
        total = total + weight[lag - 1] * (product + product.T)
    return total
