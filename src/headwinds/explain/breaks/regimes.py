"""The regression in each regime, and F of equal coefficients in all of them; many samples at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from headwinds.explain.breaks.covariance import long_run_covariances
from headwinds.explain.breaks.partition import cumulated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Regimes:
    """Least squares in each regime of each sample.

    Attributes
    ----------
    edges
        Shape (draws, regimes + 1): 0, the first period of each later regime, the number of periods.
    coefficients
        Shape (draws, regimes, k).
    residual
        Shape (draws, periods).
    second_moments
        Shape (draws, regimes, k, k): mean of x x' in the regime.
    """

    edges: NDArray[np.int64]
    coefficients: NDArray[np.float64]
    residual: NDArray[np.float64]
    second_moments: NDArray[np.float64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Periods of each regime, shape (draws, regimes)."""
        import numpy as np

        return np.diff(self.edges, axis=1)

    def borders(self, draw: int = 0) -> list[tuple[int, int]]:
        """(first period, period after the last) of each regime of one sample."""
        edges = self.edges[draw].tolist()
        return list(pairwise(edges))

    def number_of(self) -> NDArray[np.int64]:
        """Which regime each period is in, shape (draws, periods)."""
        import numpy as np

        period = np.arange(self.residual.shape[1])
        inside: NDArray[np.int64] = (period[None, :, None] >= self.edges[:, None, 1:-1]).sum(axis=2)
        return inside


def fit_regimes(
    values: NDArray[np.float64], design: NDArray[np.float64], breaks: NDArray[np.int64]
) -> Regimes:
    """Fit each sample's regimes.

    Parameters
    ----------
    values
        Shape (draws, periods).
    design
        Shape (periods, k), the same for all draws, or (draws, periods, k).
    breaks
        Shape (draws, m): the first periods of regimes 2 to m + 1.
    """
    import numpy as np

    draws, periods = values.shape
    edges = np.concatenate(
        [np.zeros((draws, 1), np.int64), breaks, np.full((draws, 1), periods)], axis=1
    ).astype(np.int64)
    row = np.arange(draws)[:, None]
    shared = design.ndim == 2
    design = design[None] if shared else design
    moments = cumulated((design[..., :, None] * design[..., None, :]).swapaxes(0, 1))
    whose = np.zeros_like(row) if shared else row
    second = moments[edges[:, 1:], whose] - moments[edges[:, :-1], whose]
    cross = cumulated((values[..., None] * design).swapaxes(0, 1))
    product = cross[edges[:, 1:], row] - cross[edges[:, :-1], row]
    coefficients = np.linalg.solve(second, product[..., None])[..., 0].astype(np.float64)
    lengths = np.diff(edges, axis=1)
    means = (second / lengths[..., None, None]).astype(np.float64)
    found = Regimes(edges, coefficients, values, means)
    own = coefficients[row, found.number_of()]
    fitted = np.einsum("dtk,tk->dt", own, design[0]) if shared else np.einsum("dtk,dtk->dt", own, design)
    return Regimes(edges, coefficients, values - fitted, means)


def coefficient_covariances(
    regimes: Regimes, design: NDArray[np.float64], *, hac: bool
) -> NDArray[np.float64]:
    """Covariance of each regime's coefficients, shape (draws, regimes, k, k).

    With `hac`, moments x u are first brought to the scale of their regime's own regressors (by the Cholesky root L of the
    mean of x x': L^-1 x u), so that one long-run covariance, taken over the whole sample, serves regimes whose regressors
    differ, a trend's included. It is exact where errors are independent, and the usual one where regressors keep their
    moments.
    """
    import numpy as np

    draws, periods = regimes.residual.shape
    count, width = regimes.coefficients.shape[1:]
    degrees = periods - count * width
    inverse = np.linalg.inv(regimes.second_moments) / regimes.lengths[..., None, None]
    if not hac:
        variance = (regimes.residual**2).sum(axis=1) / degrees
        plain: NDArray[np.float64] = inverse * variance[:, None, None, None]
        return plain
    root = np.linalg.cholesky(regimes.second_moments)
    unroot = np.linalg.inv(root)[np.arange(draws)[:, None], regimes.number_of()]
    moments = np.einsum("dtjk,tk->dtj", unroot, design) * regimes.residual[..., None]
    common = long_run_covariances(moments) * periods / degrees
    meat = root @ common[:, None] @ root.transpose(0, 1, 3, 2)
    sandwich: NDArray[np.float64] = inverse @ (meat * regimes.lengths[..., None, None]) @ inverse
    return sandwich


def break_statistics(
    values: NDArray[np.float64], design: NDArray[np.float64], breaks: NDArray[np.int64], *, hac: bool
) -> NDArray[np.float64]:
    """F of equal coefficients in all regimes (Bai and Perron 1998, eq. 11), shape (draws,); infinite for a perfect fit."""
    import numpy as np

    regimes = fit_regimes(values, design, breaks)
    draws, count, width = regimes.coefficients.shape
    rank = (count - 1) * width
    if not hac:
        whole = fit_regimes(values, design, np.zeros((draws, 0), np.int64)).residual
        left = (regimes.residual**2).sum(axis=1)
        degrees = values.shape[1] - count * width
        with np.errstate(divide="ignore"):
            plain: NDArray[np.float64] = ((whole**2).sum(axis=1) - left) / rank / (left / degrees)
        return plain
    covariance = coefficient_covariances(regimes, design, hac=True)
    full = np.zeros((draws, count, width, count, width))
    for number in range(count):
        full[:, number, :, number, :] = covariance[:, number]
    change = np.kron(np.diff(np.eye(count), axis=0), np.eye(width))
    moved = regimes.coefficients.reshape(draws, -1) @ change.T
    spread = change @ full.reshape(draws, count * width, count * width) @ change.T
    wald: NDArray[np.float64] = (
        np.einsum("dk,dk->d", moved, np.linalg.solve(spread, moved[..., None])[..., 0]) / rank
    )
    return wald
