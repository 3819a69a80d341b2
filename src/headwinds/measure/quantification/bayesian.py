"""Bayesian quantification for one label: exact draws of shares and error rates from their posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def draw_rates(
    counts: NDArray[np.float64], draws: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False- and true-positive rates given the gold, each of shape (draws,); uniform prior.

    Parameters
    ----------
    counts
        Shape (2, 2): gold by label (row), then decision (column).
    """
    alarms = rng.beta(1 + counts[0, 1], 1 + counts[0, 0], draws)
    hits = rng.beta(1 + counts[1, 1], 1 + counts[1, 0], draws)
    return alarms, hits


def weigh_rates(
    positive: NDArray[np.float64],
    negative: NDArray[np.float64],
    alarms: NDArray[np.float64],
    hits: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Likelihood of decisions given the rates, the share integrated out, shape (parts, draws), up to a factor a part.

    With a uniform prior of the share, the chance u of a positive decision is uniform between the two rates, so that the
    integral of the binomial likelihood is a difference of incomplete beta functions.
    """
    import numpy as np
    from scipy.special import betainc

    first, second = positive[:, None] + 1, negative[:, None] + 1
    low, high = np.minimum(alarms, hits), np.maximum(alarms, hits)
    found: NDArray[np.float64] = np.maximum(
        betainc(first, second, high) - betainc(first, second, low), 0.0
    ) / np.maximum(high - low, 1e-12)
    return found


def draw_shares(
    positive: NDArray[np.float64],
    negative: NDArray[np.float64],
    alarms: NDArray[np.float64],
    hits: NDArray[np.float64],
    uniform: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Shares given decisions and rates, shape (parts, draws): u is a beta variable between the rates.

    Parameters
    ----------
    alarms, hits, uniform
        Shape (parts, draws), as are the draws of a uniform variable that are turned into shares.
    """
    import numpy as np
    from scipy.special import betainc, betaincinv

    first, second = positive[:, None] + 1, negative[:, None] + 1
    low, high = np.minimum(alarms, hits), np.maximum(alarms, hits)
    below, above = betainc(first, second, low), betainc(first, second, high)
    chance = np.clip(betaincinv(first, second, below + uniform * (above - below)), low, high)
    found: NDArray[np.float64] = np.clip(
        (chance - alarms) / np.where(np.abs(hits - alarms) > 1e-12, hits - alarms, np.nan), 0.0, 1.0
    )
    return found


def posterior_shares(
    counts: NDArray[np.float64], positive: float, negative: float, *, draws: int = 4000, seed: int = 0
) -> NDArray[np.float64]:
    """Draws of the share in one set of decisions, shape (draws,).

    The model is that of Ziegler and Czyż (2024): gold decisions multinomial given the label, decisions of the set a mixture,
    uniform (Dirichlet) priors. With two classes nothing need be walked through by Markov chains: rates are drawn given the
    gold, weighed by the likelihood of the set (the share integrated out), drawn again by these weights, and the share
    follows given the rates.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    alarms, hits = draw_rates(np.asarray(counts, dtype=float), draws, rng)
    set_positive, set_negative = np.array([float(positive)]), np.array([float(negative)])
    weight = weigh_rates(set_positive, set_negative, alarms, hits)
    chosen = systematic(weight, rng)[0]
    uniform = rng.random((1, draws))
    found: NDArray[np.float64] = draw_shares(
        set_positive, set_negative, alarms[chosen][None], hits[chosen][None], uniform
    )[0]
    return found


def systematic(weight: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Indices drawn again by weight, row by row, evenly spaced so that chance adds little, shape (rows, draws)."""
    import numpy as np

    rows, draws = weight.shape
    total = weight.sum(axis=1)
    found = np.tile(np.arange(draws), (rows, 1))
    points = (np.arange(draws) + rng.random()) / draws
    for row in np.flatnonzero(total > 0):
        reached = np.cumsum(weight[row]) / total[row]
        found[row] = np.minimum(np.searchsorted(reached, points), draws - 1)
    return found
