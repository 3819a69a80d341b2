"""Confidence intervals for the date of a break (Bai 1997, proposition 8; Bai and Perron 1998, section 4.2).

The estimated date, in units of how much the break moves the fit, goes to the place where a two-sided Brownian motion with
drift is highest:

    V(s) = W1(-s) - |s| / 2                        for s < 0 (the regime before)
           sqrt(xi) (phi2 / phi1) W2(s) - xi s / 2  for s > 0 (the regime after)

The density of that place follows from the path's first passage of its own maximum: on the left, at distance t,

    g(1/2, t) - exp((r + r^2) t / 2) g(1/2 + r, t),   g(v, t) = exp(-v^2 t / 2) / sqrt(2 pi t) - v Phi(-v sqrt(t)),

where r = (phi1 / phi2)^2 is the rate of the exponential law of the other side's maximum; the right side is the left one with
1 / r in place of r and time scaled by 1 / (r xi).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.explain.breaks.covariance import long_run_covariances
from headwinds.explain.breaks.regimes import Regimes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL = 0.95
GRID = 4000
FARTHEST = 1e4


def bai_interval(design: NDArray[np.float64], regimes: Regimes, place: int, *, hac: bool) -> tuple[int, int]:
    """Positions between which the last period before a break lies with 95 %; they may leave the sample.

    Parameters
    ----------
    place
        Number of the regime before.
    hac
        Whether moments hang together in time; the errors' variance is each regime's own either way.
    """
    import numpy as np

    residual, coefficients = regimes.residual[0], regimes.coefficients[0]
    sides = regimes.borders()[place : place + 2]
    change = coefficients[place + 1] - coefficients[place]
    moved, noise = [], []
    for first, last in sides:
        part, own = design[first:last], residual[first:last]
        moved.append(float(change @ (part.T @ part / (last - first)) @ change))
        if hac:
            long_run = long_run_covariances((part * own[:, None])[None])[0]
            noise.append(float(change @ long_run @ change))
        else:
            noise.append(float(own @ own) / (last - first) * moved[-1])
    phi = [float(np.sqrt(noise[side] / moved[side])) for side in (0, 1)]
    low, high = argmax_quantiles(LEVEL, xi=moved[1] / moved[0], phi_ratio=phi[1] / phi[0])
    unit = moved[0] ** 2 / noise[0]
    last = sides[0][1] - 1
    return int(np.floor(last - high / unit)), int(np.ceil(last - low / unit))


def argmax_quantiles(level: float, *, xi: float, phi_ratio: float) -> tuple[float, float]:
    """Where V is highest: its quantiles at (1 - level) / 2 and (1 + level) / 2.

    Parameters
    ----------
    xi
        How much more the break moves the fit after than before: ``D'Q2 D / D'Q1 D``.
    phi_ratio
        ``phi2 / phi1``: the standard deviation of the error after, in units of that before.

    Examples
    --------
    >>> low, high = argmax_quantiles(0.95, xi=1.0, phi_ratio=1.0)
    >>> round(high, 1)  # Bai (1997): 11.0
    11.0
    """
    import numpy as np

    rate = 1 / phi_ratio**2
    time, left = _tail(rate)
    scaled, right = _tail(1 / rate)
    after = scaled / (rate * xi)
    tail = (1 - level) / 2
    lower = -float(np.interp(-tail, -left, time)) if left[0] > tail else 0.0
    upper = float(np.interp(-tail, -right, after)) if right[0] > tail else 0.0
    if left[0] <= tail:  # so seldom on the left that the lower quantile lies on the right
        lower = float(np.interp(-(1 - tail), -right, after)) if right[0] > 1 - tail else 0.0
    if right[0] <= tail:
        upper = -float(np.interp(-(1 - tail), -left, time)) if left[0] > 1 - tail else 0.0
    return lower, upper


def _tail(rate: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances t from 0, and the probability that the highest place is on this side and farther than t."""
    import numpy as np
    from scipy.special import log_ndtr

    root = np.linspace(0.0, FARTHEST**0.25, GRID) ** 2  # square roots of t, dense near zero
    root[0] = 1e-9
    time = root**2
    tilt = (rate + rate**2) / 2 * time
    half, more = 0.5, 0.5 + rate
    first = np.exp(-(half**2) * time / 2) / np.sqrt(2 * np.pi) - half * root * np.exp(log_ndtr(-half * root))
    second = np.exp(tilt - more**2 * time / 2) / np.sqrt(2 * np.pi) - more * root * np.exp(
        tilt + log_ndtr(-more * root)
    )
    density = 2 * np.maximum(first - second, 0.0)  # of the square root of t: dt = 2 sqrt(t) d sqrt(t)
    pieces = (density[1:] + density[:-1]) / 2 * np.diff(root)
    tail = np.concatenate([np.cumsum(pieces[::-1])[::-1], [0.0]])
    return time, tail
