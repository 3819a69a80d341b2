"""Shares of classes as the weights of a mixture of known densities: maximum likelihood by part, with influences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Mixture:
    """Fitted weights.

    Attributes
    ----------
    shares
        Shape (Q, K).
    influence
        Shape (n, K): of each passage on its part's shares, times the part's passages; its mean in a part is zero.
    bread
        Shape (Q, K - 1, K - 1): inverse of the mean information on the shares of all classes but the first.
    """

    shares: NDArray[np.float64]
    influence: NDArray[np.float64]
    bread: NDArray[np.float64]


def expectation_maximisation(
    posterior: ArrayLike, prior: ArrayLike, *, tolerance: float = 1e-8, limit: int = 10_000
) -> NDArray[np.float64]:
    """Shares of classes in a set from posteriors under other shares (Saerens, Latinne and Decaestecker 2002).

    Parameters
    ----------
    posterior
        Shape (n, K): calibrated probabilities of the classes.
    prior
        Shape (K,): shares under which they are calibrated.
    tolerance, limit
        Stop when no share moves by more than this, or after this many rounds.
    """
    import numpy as np

    first = np.asarray(prior, dtype=np.float64)
    ratio = np.asarray(posterior, dtype=np.float64) / first
    shares = first.copy()
    for _ in range(limit):
        weighed = ratio * shares
        moved = (weighed / weighed.sum(axis=1, keepdims=True)).mean(axis=0)
        step = float(np.abs(moved - shares).max())
        shares = moved
        if step < tolerance:
            break
    return shares


def fit_mixture(
    density: NDArray[np.float64], weight: NDArray[np.float64], row: NDArray[np.int64], count: int
) -> Mixture:
    """Maximum-likelihood shares of every part.

    Parameters
    ----------
    density
        Shape (n, K): of each passage under each class, up to a factor a passage.
    weight
        Shape (n,): how much each passage counts in its part.
    row, count
        Shape (n,): the part of each passage; how many parts there are. One without passages is NaN.
    """
    import numpy as np

    classes = density.shape[1]
    total = np.bincount(row, weights=weight, minlength=count)
    # Equal weights in a part that add up to one, and no overflow.
    relative = weight / np.where(total > 0, total, 1.0)[row]
    largest = density[:, 0]
    for column in density.T[1:]:
        largest = np.maximum(largest, column)
    density = density / np.maximum(largest, 1e-300)[:, None]
    shares = _two(density, relative, row, count) if classes == 2 else _several(density, relative, row, count)
    score = mixture_score(density, shares[row])
    information = np.empty((count, classes - 1, classes - 1))
    for one in range(classes - 1):
        for other in range(classes - 1):
            product = relative * score[:, one] * score[:, other]
            information[:, one, other] = np.bincount(row, weights=product, minlength=count)
    # A part whose passages say nothing gets no finite bread; its shares are then not available.
    dull = np.linalg.eigvalsh(information).min(axis=1) < 1e-8
    information[dull] = np.eye(classes - 1)
    bread = np.linalg.inv(information)
    bread[dull] = np.nan
    free = np.einsum("nkl,nl->nk", bread[row], score)
    mean = np.column_stack(
        [np.bincount(row, weights=relative * column, minlength=count) for column in free.T]
    )
    free = free - mean[row]
    influence = np.column_stack([-free.sum(axis=1), free])
    shares = np.where((total > 0)[:, None], shares, np.nan)
    return Mixture(shares, influence, bread)


def mixture_score(density: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Derivative of the log likelihood of each passage by the shares of the classes but the first, shape (n, K - 1)."""
    import numpy as np

    mixed = np.maximum((density * shares) @ np.ones(density.shape[1]), 1e-12)[:, None]
    found: NDArray[np.float64] = (density[:, 1:] - density[:, :1]) / mixed
    return found


def _two(
    density: NDArray[np.float64], relative: NDArray[np.float64], row: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """Newton's method kept between bounds, all parts at once: the likelihood is concave in the one free share."""
    import numpy as np

    first_density = np.ascontiguousarray(density[:, 0])
    gap = density[:, 1] - first_density
    low, high, share = np.zeros(count), np.ones(count), np.full(count, 0.5)
    for _ in range(60):
        slope = gap / np.maximum(first_density + share[row] * gap, 1e-12)
        weighed = relative * slope
        first = np.bincount(row, weights=weighed, minlength=count)
        second = np.bincount(row, weights=weighed * slope, minlength=count)
        low, high = np.where(first > 0, share, low), np.where(first < 0, share, high)
        moved = share + np.divide(first, second, out=np.zeros(count), where=second > 0)
        inside = (moved > low) & (moved < high)
        moved = np.where(inside, moved, (low + high) / 2)
        done = float(np.abs(moved - share).max(initial=0.0)) < 1e-10
        share = moved
        if done:
            break
    return np.column_stack([1 - share, share])


def _several(
    density: NDArray[np.float64], relative: NDArray[np.float64], row: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """Expectation-maximisation, all parts at once."""
    import numpy as np

    from headwinds.measure.pools import sums

    classes = density.shape[1]
    shares: NDArray[np.float64] = np.full((count, classes), 1 / classes)
    for _ in range(2000):
        weighed = density * shares[row]
        weighed *= (relative / np.maximum(weighed.sum(axis=1), 1e-300))[:, None]
        moved = sums(row, weighed, count)
        moved = moved / np.maximum(moved.sum(axis=1, keepdims=True), 1e-300)
        step = float(np.abs(moved - shares).max(initial=0.0))
        shares = moved
        if step < 1e-8:
            break
    return shares
