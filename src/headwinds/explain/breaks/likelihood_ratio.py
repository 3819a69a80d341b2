"""Confidence intervals for the date of a break by inverting the likelihood ratio (Hansen 2000; Eo and Morley 2015).

A date stays in the interval if putting the break there costs little fit. At the true date that cost is the larger of what
chance makes of either side, two independent exponentials in the limit of small breaks:

    P(S(true) - S(best) <= c) = (1 - exp(-c m1 / (2 n1))) (1 - exp(-c m2 / (2 n2))),

with m the cost of a wrong period, ``D'Q D``, and n the variance of the noise in it, ``D'Omega D``, before and after. With
independent errors of one variance, n / m is that variance and c / variance 7.35. Only the ratio n / m enters, not how large
the break is: so the interval holds its level for breaks that are hardly seen, where that of Bai (1997) is too short.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.explain.breaks.covariance import long_run_covariances

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL = 0.95


def noise_ratios(
    score: NDArray[np.float64],
    signal: NDArray[np.float64],
    borders: Sequence[tuple[int, int]],
    place: int,
    *,
    hac: bool,
    lost: float,
) -> tuple[float, float]:
    """Noise of a wrong period in units of its cost, n / m, in the regimes before and after a break.

    Parameters
    ----------
    score
        Shape (periods,): change of the coefficients times x u, ``D'x u``.
    signal
        Shape (periods,): ``(D'x)^2``.
    lost
        Periods by degrees of freedom.
    hac
        The long-run variance of the scores is then that of the whole sample in proportion to each regime's variance: one
        regime is too short for one of its own.
    """
    import numpy as np

    ratio = 1.0
    if hac:
        even = score.copy()
        for first, last in borders:
            even[first:last] /= np.sqrt((score[first:last] ** 2).mean())
        ratio = float(long_run_covariances(even[None, :, None])[0, 0, 0])
    sides = []
    for first, last in borders[place : place + 2]:
        sides.append(ratio * lost * float((score[first:last] ** 2).mean()) / float(signal[first:last].mean()))
    return sides[0], sides[1]


def critical_cost(ratios: tuple[float, float]) -> float:
    """The cost that the true date exceeds in 5 % of samples.

    Examples
    --------
    >>> round(critical_cost((1.0, 1.0)), 2)  # Hansen (2000), Table I
    7.35
    """
    import numpy as np
    from scipy.optimize import brentq

    def beyond(cost: float) -> float:
        return float(np.prod([1 - np.exp(-cost / (2 * ratio)) for ratio in ratios]) - LEVEL)

    largest = max(ratios)
    return float(brentq(beyond, 1e-12 * largest, 100 * largest, xtol=1e-10 * largest))


def likelihood_ratio_interval(
    sums: NDArray[np.float64],
    sides: Sequence[tuple[int, int]],
    shortest: int,
    ratios: tuple[float, float],
) -> tuple[int, int]:
    """First and last of the positions of the last period before a break that cost no more than chance explains.

    Parameters
    ----------
    sums
        Shape (periods, periods + 1): sum of squares of each segment.
    sides
        Borders of the regimes before and after; the outer ones stay where they are.
    """
    import numpy as np

    (start, _), (_, end) = sides
    candidates = np.arange(start + shortest, end - shortest + 1)
    cost = sums[start, candidates] + sums[candidates, end]
    inside = candidates[cost - cost.min() <= critical_cost(ratios)]
    return int(inside[0]) - 1, int(inside[-1]) - 1


def interval_findings(
    bounds: Sequence[tuple[int, int]],
    borders: Sequence[tuple[int, int]],
    shortest: int,
    labels: Sequence[int | str],
) -> list[Finding]:
    """Where a date's interval reaches as far as a date between its neighbours can be."""
    return [
        Finding(
            "W411",
            f"The date after {labels[borders[place][1] - 1]} is so unsure that its interval reaches as far as the regimes "
            "on either side let it.",
            "Read it, and the breaks next to it, with care.",
        )
        for place, (lower, upper) in enumerate(bounds)
        if lower <= borders[place][0] + shortest - 1 or upper >= borders[place + 1][1] - shortest - 1
    ]
