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
(second term). The covariance is the cluster sandwich of the corrected scores plus what z moves: with u_k = F_k beta - f_k,

    sum_k g_k g_k' + sum_jk h_jk h_jk'       g_k = bread W'u_k, h_jk = bread F_j'u_k

g_k moves with z_k, h_jk with z_j z_k. W holds the errors itself, so that g_k g_k' has h_jk h_jk' in the mean once; the
variance of the products is twice that. The sandwich has of both what is within a cluster already, which is taken out of it
(`beyond_shared`): next to nothing of an error that all share, and all of one that is a single cell's.

What z moves is a quadratic in the coefficients at which it is taken, and that matters: an index whose scale is drawn too
large gives too small a slope and, through u_k, too small an error. The interval is therefore that of the tests of every
possible slope, each with the u_k of that slope (`variance_curve`; Fieller 1954). The residuals of the sandwich stay those
of the estimate: at another slope they would hold what z has moved, a second time.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.explain.measured.moments import (
    Moments,
    as_estimate,
    clustered,
    make_moments,
    small_sample_factor,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.measured.design import Design

METHOD = "errors-in-variables"
ASSUMES = "each cell's error has the variance that the index states, and no error has to do with the outcome's residual"
LEAST_RELIABILITY = 0.1
WEAK_RELIABILITY = 0.4
MUCH_SHARED = 0.1
AT_ONCE = 2e6  # numbers in memory


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
    curve = variance_curve(moments, value, covariance)
    findings = (*findings, *endless_findings(design, value, curve))
    found = as_estimate(design, value, covariance, METHOD, outcome_words, lag, findings)
    curve = curve / design.unit[:, None] ** np.array([2, 1, 0])
    return dataclasses.replace(
        found, variance_curve=np.where(np.isnan(found.standard_error)[:, None], np.nan, curve)
    )


@dataclass(frozen=True, slots=True)
class SharedSums:
    """Sums of the errors that rows share; the arrays may carry leading axes (weightings of the clusters).

    Attributes
    ----------
    squared
        Shape (..., p, p): sum_k F_k'F_k.
    across
        Shape (..., factors, p, p): G_k = F_k'W.
    crossed
        Shape (..., p): sum_k F_k'f_k.
    along
        Shape (..., p, factors): W'f_k.
    """

    squared: NDArray[np.float64]
    across: NDArray[np.float64]
    crossed: NDArray[np.float64]
    along: NDArray[np.float64]


def solve(moments: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients and their covariance: (p,) and (p, p)."""
    value, _ = solve_sums(moments.moment, moments.noise, moments.cross, shared_sums(moments))
    return value, covariance_at(moments, value)


def solve_sums(
    moment: NDArray[np.float64],
    noise: NDArray[np.float64],
    cross: NDArray[np.float64],
    shared: SharedSums | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients (..., p) and the moments without errors (..., p, p), from sums alone."""
    import numpy as np

    signal = moment - noise
    if shared is not None:
        second, second_cross = removed(signal, shared)
        signal, cross = signal - second, cross - second_cross
    value = np.asarray(np.linalg.solve(signal, cross[..., None])[..., 0], dtype=np.float64)
    return value, signal


def covariance_at(moments: Moments, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The covariance of the module's head, (p, p), at these coefficients."""
    bread = bread_of(moments)
    meat = beyond_shared(moments, value, clustered(scores(moments, value), moments.design))
    sandwich = bread @ meat @ bread.T
    linear, products = shared_moves(moments, bread, value)
    products = products.reshape(len(value), -1)
    covariance: NDArray[np.float64] = sandwich + linear @ linear.T + products @ products.T
    return covariance


def variance_curve(
    moments: Moments, value: NDArray[np.float64], covariance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Variance of each coefficient if it were t above its value, as a + b t + c t^2: shape (p, 3).

    The other coefficients go along, as far as their estimates hang together with it.
    """
    import numpy as np

    curve = np.zeros((len(value), 3))
    curve[:, 0] = np.where(np.diag(covariance) > 0, np.diag(covariance), np.nan)
    if moments.common.shape[2] == 0:
        return curve
    bread = bread_of(moments)
    here = shared_moves(moments, bread, value)
    for number, along in enumerate(covariance.T):
        # All of it is linear in the coefficients, so that what is added along a direction needs no outcome.
        added = moves_of(moments, bread, np.einsum("rpk,p->rk", moments.common, along / curve[number, 0]))
        pairs = [(one[number], other[number]) for one, other in zip(here, added, strict=True)]
        curve[number, 1] = 2 * sum(float((one * other).sum()) for one, other in pairs)
        curve[number, 2] = sum(float((other**2).sum()) for _, other in pairs)
    return curve


def endless_findings(
    design: Design, value: NDArray[np.float64], curve: NDArray[np.float64]
) -> tuple[Finding, ...]:
    """Whose interval has no ends."""
    import numpy as np
    from scipy import stats

    from headwinds.contracts.score_interval import score_interval

    reach = float(stats.t.ppf(0.975, max(design.telling_clusters - 1, 1)))
    endless = np.flatnonzero(np.isinf(score_interval(value, curve, reach)[:, 0]))
    names = [design.names[number] for number in endless]
    if not names:
        return ()
    return (
        Finding(
            "W403",
            f"The 95% interval of {', '.join(names)} has no ends: by what is known of its errors, the index may be "
            "scaled so wrongly that no slope can be ruled out.",
            "A larger audit makes these errors smaller.",
        ),
    )


def bread_of(moments: Moments) -> NDArray[np.float64]:
    """Inverse of the moments without errors, (p, p)."""
    import numpy as np

    second, _ = second_order(moments)
    return np.asarray(np.linalg.inv(moments.moment - moments.noise - second), dtype=np.float64)


def scores(moments: Moments, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the corrected estimating equation, shape (rows, p): w (y - w'b) + M_rr (v_r b - c_r) and the row's part of Q b - q.

    At the estimate they sum to zero.
    """
    import numpy as np

    residual = moments.outcome - moments.regressors @ value
    score: NDArray[np.float64] = moments.regressors * residual[:, None] + moments.row_noise_times(value)
    score = score - moments.row_crossed
    if moments.common.shape[2] == 0:
        return score
    carried = carried_by(moments, value)
    scale = np.linalg.solve(moments.moment - moments.noise, moments.regressors.T @ carried)  # (p, factors)
    score += np.einsum("rpk,rk->rp", moments.common, carried - moments.regressors @ scale)
    score -= moments.regressors * np.einsum("rpk,pk->r", moments.common, scale)[:, None]
    return score


def carried_by(moments: Moments, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shared errors u_k of the equation at these coefficients, shape (rows, factors)."""
    import numpy as np

    carried: NDArray[np.float64] = np.einsum("rpk,p->rk", moments.common, value) - moments.outcome_common
    return carried


def beyond_shared(
    moments: Moments, value: NDArray[np.float64], meat: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The clustered sum of the scores' products without what shared errors put into it, shape (p, p).

    The residuals hold the shared errors, and of each the part within a cluster is in the sandwich, where `shared_moves`
    counts it too. Of an error of one cell (a cell that corrects itself and lends to others) that is all of it.
    """
    import numpy as np

    if moments.common.shape[2] == 0:
        return meat
    inside = _within_clusters(moments, carried_by(moments, value))
    value_of, vector = np.linalg.eigh(meat - small_sample_factor(moments.design) * inside)
    left: NDArray[np.float64] = (vector * np.maximum(value_of, 0.0)) @ vector.T
    return left


def _within_clusters(moments: Moments, carried: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the errors u_k: sum over clusters c of G_c G_c', where G_c has the columns W_c'u_k and F_j,c'u_k; shape (p, p)."""
    import numpy as np

    cluster = moments.design.cluster
    order = np.argsort(cluster, kind="stable")
    beside = np.concatenate([moments.regressors[:, :, None], moments.common], axis=2)[order]
    carried = carried[order]
    rows, size, width = beside.shape
    flat = beside.reshape(rows, size * width)
    edges = [0, *(np.flatnonzero(np.diff(cluster[order])) + 1).tolist(), rows]
    most = max(int(AT_ONCE / (flat.shape[1] * carried.shape[1])), 1)
    inside = np.zeros((size, size))
    place = 0
    while place < len(edges) - 1:
        last = max(int(np.searchsorted(edges, edges[place] + most, side="right")) - 1, place + 1)
        some = slice(edges[place], edges[last])
        if last == place + 1:
            sums = (flat[some].T @ carried[some])[None]
        else:
            products = flat[some, :, None] * carried[some, None, :]
            sums = np.add.reduceat(products, np.array(edges[place:last]) - edges[place])
        columns = sums.reshape(last - place, size, -1).swapaxes(0, 1).reshape(size, -1)
        inside += columns @ columns.T
        place = last
    return inside


def shared_moves(
    moments: Moments, bread: NDArray[np.float64], value: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How errors that cells share move the coefficients: g_k as (p, factors) and h_jk as (p, factors, factors)."""
    return moves_of(moments, bread, carried_by(moments, value))


def moves_of(
    moments: Moments, bread: NDArray[np.float64], carried: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The g_k and h_jk of errors u_k of the equation, shape (rows, factors)."""
    import numpy as np

    rows, size, factors = moments.common.shape
    linear: NDArray[np.float64] = bread @ (moments.regressors.T @ carried)
    products = moments.common.reshape(rows, size * factors).T @ carried  # F_j'u_k
    moved: NDArray[np.float64] = np.einsum("ap,pjk->ajk", bread, products.reshape(size, factors, factors))
    return linear, moved


def shared_sums(moments: Moments) -> SharedSums | None:
    """The sums over all rows; None where nothing is shared."""
    import numpy as np

    if moments.common.shape[2] == 0:
        return None
    return SharedSums(
        squared=np.einsum("rpk,rqk->pq", moments.common, moments.common),
        across=np.einsum("rpk,rq->kpq", moments.common, moments.regressors),
        crossed=np.einsum("rpk,rk->p", moments.common, moments.outcome_common),
        along=moments.regressors.T @ moments.outcome_common,
    )


def second_order(moments: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Q and q of the module's head: (p, p) and (p,)."""
    import numpy as np

    shared = shared_sums(moments)
    if shared is None:
        size = moments.regressors.shape[1]
        return np.zeros((size, size)), np.zeros(size)
    return removed(moments.moment - moments.noise, shared)


def removed(
    signal: NDArray[np.float64], shared: SharedSums
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Q and q from S0 and sums: (..., p, p) and (..., p)."""
    import numpy as np

    inverse = np.linalg.inv(signal)
    both = shared.across + np.swapaxes(shared.across, -1, -2)
    second = shared.squared - np.einsum("...kpa,...ab,...kqb->...pq", both, inverse, shared.across)
    cross = shared.crossed - np.einsum("...kpa,...ab,...bk->...p", both, inverse, shared.along)
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
    import numpy as np

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
    shared = np.einsum("rpk,rpk->p", moments.common, moments.common) / np.diag(moments.moment)
    for label, value in zip(moments.design.labels, shared.tolist(), strict=False):
        if value > MUCH_SHARED:
            findings.append(
                Finding(
                    "W434",
                    f"Errors that cells share make {value:.0%} of what the index of {label} varies within the effects: the "
                    "interval is only roughly right.",
                    'Read "draws" beside it; a larger audit makes these errors smaller.',
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
