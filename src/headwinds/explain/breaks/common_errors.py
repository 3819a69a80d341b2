"""Errors of a panel drawn anew: whole periods together, so that what entities share is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.explain.breaks.null_distribution import GRID, GRID_DRAWS, autoregressive
from headwinds.explain.breaks.regimes import fit_regimes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def pooled_persistence(
    residual: NDArray[np.float64],
    basis: NDArray[np.float64],
    breaks: NDArray[np.int64],
    generator: np.random.Generator,
) -> float:
    """First-order autocorrelation that entities' errors have in common, freed of what fitting the regimes takes out of it.

    Parameters
    ----------
    residual
        Shape (entities, periods), after regimes between `breaks` are fitted.
    basis
        Shape (entities, periods, k).
    """
    import numpy as np

    def pooled(errors: NDArray[np.float64]) -> float:
        return float((errors[:, 1:] * errors[:, :-1]).sum() / (errors[:, :-1] ** 2).sum())

    drawn = np.concatenate(
        [autoregressive(value, GRID_DRAWS, residual.shape[1], generator) for value in GRID]
    )
    left = fit_regimes(drawn, basis[0], np.tile(breaks, (len(drawn), 1))).residual
    middle = [pooled(some) for some in np.split(left, len(GRID))]
    return float(np.interp(pooled(residual), np.maximum.accumulate(middle), GRID))


def drawn_errors(
    residual: NDArray[np.float64],
    persistence: float,
    fitted: int,
    draws: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Errors under no break, shape (entities, periods, draws).

    What is new in each period gets one random sign for all entities (Rademacher): variances that change in time, and all
    that entities share in a period, stay as they are.

    Parameters
    ----------
    fitted
        Coefficients fitted to each entity, for the loss of degrees of freedom.
    """
    import numpy as np

    periods = residual.shape[1]
    grown = residual * np.sqrt(periods / (periods - fitted))
    fresh = grown.copy()
    fresh[:, 1:] -= persistence * grown[:, :-1]
    sign = generator.integers(0, 2, size=(draws, periods)) * 2.0 - 1
    drawn: NDArray[np.float64] = fresh[:, :, None] * np.ascontiguousarray(sign.T)
    if persistence:
        for period in range(1, periods):
            drawn[:, period] += persistence * drawn[:, period - 1]
    return drawn
