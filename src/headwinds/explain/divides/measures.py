"""Measures of inequality over weighted units, vectorised over sets of weights (so that a bootstrap is one call).

Population formulas (no correction for small samples), weights normalised to one, x_i >= 0: Cowell (2011), "Measuring
Inequality".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Measure = Literal["gini", "theil", "cv", "palma", "absolute_gini", "gap_90_10", "mean"]


def mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted mean.

    Parameters
    ----------
    values
        Shape (units,).
    weights
        Shape (..., units), not negative; of each set the sum is positive.

    Returns
    -------
    NDArray
        Shape (...).
    """
    result: NDArray[np.float64] = weights @ values / weights.sum(axis=-1)
    return result


def gini(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gini coefficient, sum_ij w_i w_j |x_i - x_j| / (2 mean); shapes as `mean`. NaN where the mean is zero."""
    return _over(absolute_gini(values, weights), mean(values, weights))


def absolute_gini(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the mean absolute difference, in the units of x: the same for users and for those who are left out."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    share = weights[..., order] / weights.sum(axis=-1, keepdims=True)
    below = np.cumsum(share, axis=-1)
    # sum_ij w_i w_j |x_i - x_j| / 2 = integral of F (1 - F) over x
    inside = below[..., :-1] * (1 - below[..., :-1])
    result: NDArray[np.float64] = inside @ np.diff(values[order])
    return result


def theil(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Theil's T, sum_i w_i (x_i / mean) ln(x_i / mean), with 0 ln 0 = 0; shapes as `mean`. NaN where the mean is zero."""
    import numpy as np

    total = weights.sum(axis=-1)
    centre = mean(values, weights)
    logs = np.log(np.where(values > 0, values, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        result: NDArray[np.float64] = _over(weights @ (values * logs) / total, centre) - np.log(centre)
    return result


def cv(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficient of variation: standard deviation over mean; shapes as `mean`. NaN where the mean is zero."""
    import numpy as np

    centre = mean(values, weights)
    # About a fixed point first, so that equal values give exactly zero.
    shifted = values - values[0]
    spread = mean(shifted**2, weights) - mean(shifted, weights) ** 2
    return _over(np.sqrt(np.maximum(spread, 0)), centre)


def palma(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the top tenth of the weight has over what the bottom four tenths have (Palma 2011); a unit may be split.

    NaN where the bottom four tenths have nothing.
    """
    import numpy as np

    order = np.argsort(values, kind="stable")
    share = weights[..., order] / weights.sum(axis=-1, keepdims=True)
    upper = np.cumsum(share, axis=-1)
    lower = upper - share
    bottom = np.clip(np.minimum(upper, 0.4) - lower, 0, None) @ values[order]
    top = np.clip(upper - np.maximum(lower, 0.9), 0, None) @ values[order]
    return _over(top, bottom)


def gap_90_10(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 90th less the 10th weighted percentile, in the units of x; shapes as `mean`."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[..., order], axis=-1) / weights.sum(axis=-1, keepdims=True)
    ordered = values[order]

    def at(level: float) -> NDArray[np.float64]:
        place = np.argmax(below >= level - 1e-12, axis=-1)
        found: NDArray[np.float64] = ordered[place]
        return found

    return at(0.9) - at(0.1)


def _over(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    defined = np.asarray(below) > 0
    result: NDArray[np.float64] = np.where(defined, above / np.where(defined, below, 1.0), np.nan)
    return result


MEASURES: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]] = {
    "gini": gini,
    "theil": theil,
    "cv": cv,
    "palma": palma,
    "absolute_gini": absolute_gini,
    "gap_90_10": gap_90_10,
    "mean": mean,
}
WORDS = {
    "gini": "Gini coefficient",
    "theil": "Theil index",
    "cv": "coefficient of variation",
    "palma": "Palma ratio (top tenth over bottom four tenths)",
    "absolute_gini": "absolute Gini",
    "gap_90_10": "gap between the 90th and the 10th percentile",
    "mean": "mean",
}
RELATIVE = frozenset({"gini", "theil", "cv", "palma"})
"""Measures that are divided by the mean, and so fall when everybody's share rises towards its bound."""
