"""Errors in variables within the effects, with error that is known from how the index was made.

The model is ``y = X beta + effects + e`` where X is seen only as W = X + S + sum_k z_k F_k: S has the known sampling
variance of each cell, z_k are standard normal errors of corrections that cells share. Scatter of the truth about what is
predicted for a cell (Berkson 1950) is no part of S, as it does not weaken a slope. The outcome may carry errors of the same
kinds.

With moments within the effects (`moments.py`; noise is what S puts into them), S0 = moment - noise and G_k = F_k'W,

    beta = (S0 - Q)^-1 (cross - q)
    Q = sum_k F_k'F_k - (G_k + G_k') S0^-1 G_k'
    q = sum_k F_k'f_k - (G_k + G_k') S0^-1 W'f_k            (f_k: the error k of the outcome)

The first step is Fuller (1987, sec. 2.2) with known error variances. Q and q remove the bias of second order in z: a common
error across the truth weakens a slope (first term), one along it, a wrong scale, makes the mean of the ratio too large
(second term). The covariance is the cluster sandwich of the corrected scores plus what z moves to first order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.explain.measured.moments import Moments, as_estimate, clustered, make_moments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.measured.design import Design

METHOD = "errors-in-variables"
ASSUMES = "each cell's error has the variance that the index states, and no error has to do with the outcome's residual"
LEAST_RELIABILITY = 0.1
WEAK_RELIABILITY = 0.4


def corrected_estimate(design: Design, outcome_words: str, lag: int) -> Estimate:
    """Errors in variables within the effects; see the module's head.

    Returns
    -------
    Estimate
        NaN with W402 where error leaves less than a tenth of an index's variation within the effects.
    """
    import numpy as np

    moments = make_moments(design)
    findings = reliability_findings(moments)
    if not identified(moments):
        unknown = np.full(len(design.names), np.nan)
        lost = Finding(
            "W402",
            "Not identified: the measurement error of the index is nearly as large as its variation within the effects.",
            "Label more passages, widen the cells, or leave the noisiest index out.",
        )
        return as_estimate(design, unknown, np.diag(unknown), METHOD, outcome_words, lag, (*findings, lost))
    value, covariance = solve(moments)
    return as_estimate(design, value, covariance, METHOD, outcome_words, lag, findings)


def solve(moments: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients and their covariance: (p,) and (p, p)."""
    import numpy as np

    second, second_cross = second_order(moments)
    bread = np.linalg.inv(moments.moment - moments.noise - second)
    value = bread @ (moments.cross - second_cross)
    sandwich = bread @ clustered(scores(moments, value), moments.design) @ bread.T
    gradient = bread @ moved_by_common(moments, value)
    covariance: NDArray[np.float64] = sandwich + gradient @ gradient.T
    return value, covariance


def scores(moments: Moments, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the corrected estimating equation, shape (rows, p): w (y - w'b) + M_rr v_r b."""
    residual = moments.outcome - moments.regressors @ value
    score: NDArray[np.float64] = moments.regressors * residual[:, None] + moments.row_noise * value
    return score


def moved_by_common(moments: Moments, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """How the estimating equation moves with each common error, shape (p, factors).

    Along F_k by F_k'(y - W beta) - W'(F_k beta), along f_k by W'f_k.
    """
    import numpy as np

    residual = moments.outcome - moments.regressors @ value
    moved: NDArray[np.float64] = (
        np.einsum("rpk,r->pk", moments.common, residual)
        - moments.regressors.T @ np.einsum("rpk,p->rk", moments.common, value)
        + moments.regressors.T @ moments.outcome_common
    )
    return moved


def second_order(moments: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Q and q of the module's head: (p, p) and (p,)."""
    import numpy as np

    size = moments.regressors.shape[1]
    if moments.common.shape[2] == 0:
        return np.zeros((size, size)), np.zeros(size)
    signal = np.linalg.inv(moments.moment - moments.noise)
    across = np.einsum("rpk,rq->kpq", moments.common, moments.regressors)  # G_k = F_k'W
    both = across + across.transpose(0, 2, 1)
    second = np.einsum("rpk,rqk->pq", moments.common, moments.common)
    second = second - np.einsum("kpa,ab,kqb->pq", both, signal, across)
    outcome = moments.regressors.T @ moments.outcome_common
    cross = np.einsum("rpk,rk->p", moments.common, moments.outcome_common)
    cross = cross - np.einsum("kpa,ab,bk->p", both, signal, outcome)
    return second, cross


def reliability(moments: Moments) -> NDArray[np.float64]:
    """Of each index: the part of its variation within the effects that is no error that weakens the slope, (labels,)."""
    import numpy as np

    labels = len(moments.design.labels)
    shared = np.einsum("rpk,rpk->p", moments.common, moments.common)
    along = np.einsum("rpk,rp->pk", moments.common, moments.regressors)
    weakens = np.maximum(shared - (along**2).sum(axis=1) / np.diag(moments.moment), 0)
    left: NDArray[np.float64] = 1 - (np.diag(moments.noise) + weakens) / np.diag(moments.moment)
    return left[:labels]


def identified(moments: Moments) -> bool:
    """Whether enough signal is left, of each index and of every combination of them."""
    import numpy as np

    if not np.isfinite(moments.noise).all():
        return False
    root = np.linalg.inv(np.linalg.cholesky(moments.moment))
    relative = root @ (moments.moment - moments.noise) @ root.T
    smallest = float(np.linalg.eigvalsh(relative).min())
    if reliability(moments).min() < LEAST_RELIABILITY or smallest < LEAST_RELIABILITY / 2:
        return False
    second, _ = second_order(moments)
    relative = root @ (moments.moment - moments.noise - (second + second.T) / 2) @ root.T
    return float(np.linalg.eigvalsh(relative).min()) >= LEAST_RELIABILITY / 2


def reliability_findings(moments: Moments) -> tuple[Finding, ...]:
    """How much of each index is signal, in words; and a warning where it is little."""
    findings = []
    for label, value in zip(moments.design.labels, reliability(moments).tolist(), strict=True):
        findings.append(
            Finding(
                "N401",
                f"Of what the index of {label} varies within the effects, {max(value, 0):.0%} is signal and "
                f"{min(1 - value, 1):.0%} error that would weaken the slope.",
            )
        )
        if LEAST_RELIABILITY <= value < WEAK_RELIABILITY:
            findings.append(
                Finding(
                    "W431",
                    f"With {value:.0%} signal in the index of {label} the corrected interval is only roughly right.",
                    "Read the bounds beside it, or widen the cells.",
                )
            )
    if moments.projection.diagonal_error > 0:
        findings.append(
            Finding(
                "N432",
                "The effects are too many for exact sums: the noise within them was estimated with a relative error of "
                f"{moments.projection.diagonal_error:.1e}.",
            )
        )
    return tuple(findings)
