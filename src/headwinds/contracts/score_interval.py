"""Intervals by asking of each possible truth how uncertain the estimate would then be (Fieller 1954).

Where a regressor is measured with error, the uncertainty of a slope grows with the slope itself: too small an estimate
comes with too small a standard error, and the truth is missed above the interval twice as often as it should be. So the
interval is the set of all values that a test at that value does not reject, each test with the variance at that value. Its
ends lie unevenly about the estimate. Where the error may be as large as the signal it has no ends, as must happen to any
interval that covers with a promised probability (Gleser and Hwang 1987).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def score_interval(
    value: NDArray[np.float64], curve: NDArray[np.float64], reach: float
) -> NDArray[np.float64]:
    """All values v with (v - value)^2 <= reach^2 x (a + b (v - value) + c (v - value)^2).

    Parameters
    ----------
    value
        Shape (coefficients,): the estimates.
    curve
        Shape (coefficients, 3): a, b, c. A row with NaN gives NaN.
    reach
        Quantile of the t or normal distribution.

    Returns
    -------
    numpy.ndarray
        Shape (coefficients, 2): lower and upper ends; minus infinity and infinity where there are none.

    Examples
    --------
    >>> import numpy as np
    >>> score_interval(np.array([1.0]), np.array([[0.25, 0.0, 0.0]]), 2.0)
    array([[0., 2.]])
    """
    import numpy as np

    constant, linear, square = (reach**2 * curve).T
    left = 1 - square
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(linear**2 + 4 * left * constant)
        lower, upper = value + (linear - root) / (2 * left), value + (linear + root) / (2 * left)
    endless = np.isfinite(curve).all(axis=1) & (left <= 0)
    bounds: NDArray[np.float64] = np.column_stack(
        [np.where(endless, -np.inf, lower), np.where(endless, np.inf, upper)]
    )
    return bounds
