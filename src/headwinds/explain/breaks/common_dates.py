"""Confidence intervals for the date of a common break, by drawing the errors anew around each date that may be the true one.

A date stays in the interval if putting the break there costs no more fit than in 95 % of panels in which it is the true one
(an inverted likelihood ratio, Eo and Morley 2015; its law drawn at every date, as Hansen's 1999 grid bootstrap does). Whole
periods get one random sign, so that what entities share, and each period's own variance, stay as they are: the limit law
that serves a single series (`likelihood_ratio`) knows of a variance for either side, but in a panel each entity's change is
estimated, and what the noisier side does to so many estimates is not in it. Where the errors' standard deviation rises by
1.7 at the break it covered 79 to 93 % for 95 %, where it trebles 61 to 80 %.

With many entities the estimated changes are larger than the true ones, and a drawn panel with larger changes would let dates
be too sure: what chance adds to the fit that the break buys, read off the drawn errors, is taken out of the changes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.explain.breaks.common_errors import drawn_errors
from headwinds.explain.breaks.partition import cumulated
from headwinds.explain.breaks.regimes import fit_regimes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL = 0.95
DATE_DRAWS = 199
FEW_DRAWS = 39
FAR = 1.5
"""A cost that is so many times the largest of the few: less than one draw in a hundred has it."""
AT_ONCE = 1e6


def common_date_interval(
    values: NDArray[np.float64],
    basis: NDArray[np.float64],
    breaks: NDArray[np.int64],
    place: int,
    *,
    shortest: int,
    persistence: float,
    generator: np.random.Generator,
) -> tuple[int, int]:
    """First and last of the positions of the last period before a break that cost no more than chance explains.

    Parameters
    ----------
    values
        Shape (entities, periods), each entity's in units of its own error.
    basis
        Shape (entities, periods, k): the regressors.
    breaks
        First periods of the later regimes.
    place
        Which of the breaks; the others stay where they are.
    persistence
        Of the errors, 0 for those that are independent in time.
    """
    import numpy as np

    edges = [0, *breaks.tolist(), values.shape[1]]
    start, end = edges[place], edges[place + 2]
    dates = np.arange(start + shortest, end - shortest + 1)
    span = _Span(basis[:, start:end], dates - start)
    bought = span.bought(values[:, start:end, None])[:, 0]
    seed = int(generator.integers(2**31))  # the same signs for every date

    def costs(number: int, draws: int) -> NDArray[np.float64]:
        """What it costs to put the break at a date in panels in which it is there, shape (draws,), in order."""
        moved = breaks.copy()
        moved[place] = dates[number]
        drawn, change = _around(
            values, basis, moved, place, persistence, draws, np.random.default_rng([seed, draws])
        )
        drawn, change = drawn[:, start:end], change[:, start:end]
        chance = float(span.bought_at(number, drawn).mean())
        share = max(1 - chance / float(bought[number]), 0.0) if bought[number] > 0 else 0.0
        drawn[:, dates[number] - start :] += np.sqrt(share) * change[:, dates[number] - start :, None]
        likely = span.bought(drawn)
        return np.sort(likely.max(axis=0) - likely[number])

    def is_likely(number: int) -> bool:
        """Whether the true date may be this one; a few draws say so of those that are far off."""
        cost = float(bought.max() - bought[number])
        if cost > FAR * float(costs(number, FEW_DRAWS)[-1]):
            return False
        return cost <= float(costs(number, DATE_DRAWS)[int(np.ceil(LEVEL * (DATE_DRAWS + 1))) - 1])

    first = next(number for number in range(len(dates)) if is_likely(number))
    last = next(
        number for number in reversed(range(first, len(dates))) if number == first or is_likely(number)
    )
    return int(dates[first]) - 1, int(dates[last]) - 1


class _Span:
    """The periods of two regimes, and the dates between them at which a break may lie.

    Parameters
    ----------
    basis
        Shape (entities, periods, k).
    dates
        Shape (dates,): the first period after the break, one after the other.
    """

    def __init__(self, basis: NDArray[np.float64], dates: NDArray[np.int64]) -> None:
        import numpy as np

        moments = np.stack([cumulated(own[:, :, None] * own[:, None, :]) for own in basis])
        before, whole = moments[:, dates], moments[:, -1:]
        self._basis, self._dates = basis, dates
        # Of each matrix M a root R of its inverse, M^-1 = R R'.
        self._before, self._after, self._whole = (
            np.linalg.inv(np.linalg.cholesky(one)).swapaxes(-1, -2) for one in (before, whole - before, whole)
        )

    def bought(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much a break lowers the sum of squares, shape (dates, draws); `values` (entities, periods, draws)."""
        import numpy as np

        dates = slice(int(self._dates[0]) - 1, int(self._dates[-1]))
        found = np.zeros((len(self._dates), values.shape[2]))
        several = max(int(AT_ONCE / values[0].size), 1)
        for first in range(0, len(values), several):
            some = slice(first, first + several)
            cross = np.cumsum(self._basis[some, :, :, None] * values[some, :, None], axis=1)
            before, whole = cross[:, dates], cross[:, -1:]
            found += _squares(before, self._before[some]) + _squares(whole - before, self._after[some])
            found -= _squares(whole, self._whole[some])
        return found

    def bought_at(self, number: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same of a break at one of the dates, shape (draws,)."""
        place, at = int(self._dates[number]), slice(number, number + 1)
        turned = self._basis.swapaxes(1, 2)
        before = (turned[..., :place] @ values[:, :place])[:, None]
        after = (turned[..., place:] @ values[:, place:])[:, None]
        found: NDArray[np.float64] = _squares(before, self._before[:, at])
        found += _squares(after, self._after[:, at])
        found -= _squares(before + after, self._whole)
        return found.reshape(-1)


def _squares(cross: NDArray[np.float64], root: NDArray[np.float64]) -> NDArray[np.float64]:
    """What regressors explain, summed over entities, shape (dates, draws).

    Parameters
    ----------
    cross
        Shape (entities, dates, k, draws): x'y of a regime.
    root
        Shape (entities, dates, k, k): of the inverse of its x'x.
    """
    import numpy as np

    total = np.zeros((cross.shape[1], cross.shape[3]))
    for column in range(root.shape[-1]):
        one = sum(cross[:, :, row] * root[..., row, column, None] for row in range(column + 1))
        total += np.einsum("itd,itd->td", one, one)
    return total


def _around(
    values: NDArray[np.float64],
    basis: NDArray[np.float64],
    breaks: NDArray[np.int64],
    place: int,
    persistence: float,
    draws: int,
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors drawn anew, shape (entities, periods, draws), and what a break changes, shape (entities, periods)."""
    import numpy as np

    fit = fit_regimes(values, basis, np.tile(breaks, (len(values), 1)))
    lengths, width = fit.lengths[0], basis.shape[2]
    lost = np.repeat(np.sqrt(lengths / np.maximum(lengths - width, 1)), lengths)
    change = fit.coefficients[:, place + 1] - fit.coefficients[:, place]
    errors = drawn_errors(fit.residual * lost, persistence, 0, draws, generator)
    return errors, np.einsum("itk,ik->it", basis, change)
