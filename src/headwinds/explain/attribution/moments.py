"""A linear panel equation as sums by cluster, so that a bootstrap draw is a weighting and not another pass over the rows.

The equation is ``y = X beta + entity effects + period effects + e``, with X seen with error. Entity effects are taken
out of the rows once (an entity lies within one cluster, so no weighting of clusters changes its means); period effects are
dummies that are partialled out of the weighted sums. With cluster weights w, the moments of X within both effects are

    S_xx(w) = sum_c w_c X_c'X_c - (sum_c w_c X_c'D_c) (sum_c w_c D_c'D_c)^- (sum_c w_c D_c'X_c)

from which goes what the error of X put in (Fuller 1987, section 2.2): ``sum_r w_c(r) M_rr(w) G_r`` with G_r the covariance
of the errors of row r and M_rr the row's weight in the annihilator of both effects; and what shared errors put in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AT_ONCE = 4_000_000
LEAST_SIGNAL = 0.05


@dataclass(frozen=True, slots=True)
class Equation:
    """The sums that estimates need.

    Attributes
    ----------
    cross
        Shape (clusters, K + P + 1, K + P + 1): cross-products of regressors, period dummies and outcome, entity means out.
    regressors, outcome, dummies
        The rows themselves, entity means out: shapes (rows, K), (rows,), (patterns, P).
    pattern
        Shape (rows,): which row of `dummies` is this one's.
    own
        Shape (rows,): 1 - 1 / (rows of the entity).
    noise
        Shape (rows, K, K): covariance of the errors of each row's regressors, independent between rows; None for none.
    shared
        Shape (rows, K, R): errors that rows share, one column a standard normal, in the regressors' units.
    shared_outcome
        Shape (rows, R): the same of the outcome, where it too was measured; None for none.
    cluster
        Shape (rows,): codes from 0 to clusters - 1.
    """

    cross: NDArray[np.float64]
    regressors: NDArray[np.float64]
    outcome: NDArray[np.float64]
    dummies: NDArray[np.float64]
    pattern: NDArray[np.int64]
    own: NDArray[np.float64]
    noise: NDArray[np.float64] | None
    shared: NDArray[np.float64] | None
    shared_outcome: NDArray[np.float64] | None
    cluster: NDArray[np.int64]

    @property
    def clusters(self) -> int:
        """How many."""
        return len(self.cross)

    @property
    def width(self) -> int:
        """Number of regressors."""
        return int(self.regressors.shape[1])

    def within(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """A block (rows, ...) whose entity means are out, with the period effects out too; clusters weighted alike."""
        import numpy as np

        dummies = self.dummies[self.pattern]
        inverse = np.linalg.pinv(dummies.T @ dummies, rcond=1e-10, hermitian=True)
        flat = block.reshape(len(block), -1)
        left: NDArray[np.float64] = (flat - dummies @ (inverse @ (dummies.T @ flat))).reshape(block.shape)
        return left


@dataclass(frozen=True, slots=True)
class Fit:
    """The estimate with all clusters weighted alike.

    Attributes
    ----------
    value
        Shape (K,).
    scores
        Shape (clusters, K): what each cluster adds to the estimate, to first order; they sum to zero.
    covariance
        Shape (K, K): clustered (CRV1), without what shared errors add: `factor` times the scores' products.
    factor
        The small-sample factor of CRV1.
    gradient
        Shape (K, R): by how much the estimate moves with each shared error, to first order.
    moment, corrected
        Shape (K, K): moments of the regressors within the effects, with their errors and without.
    residual
        Standard deviation of the residual.
    freedom
        Rows less everything estimated.
    """

    value: NDArray[np.float64]
    scores: NDArray[np.float64]
    covariance: NDArray[np.float64]
    factor: float
    gradient: NDArray[np.float64]
    moment: NDArray[np.float64]
    corrected: NDArray[np.float64]
    residual: float
    freedom: int

    @property
    def reliability(self) -> NDArray[np.float64]:
        """Share of each regressor's variation within the effects that is no error, shape (K,)."""
        import numpy as np

        share: NDArray[np.float64] = np.diag(self.corrected) / np.diag(self.moment)
        return share


def make_equation(
    entity: NDArray[np.int64],
    period: NDArray[np.int64],
    outcome: NDArray[np.float64],
    regressors: NDArray[np.float64],
    *,
    cluster: NDArray[np.int64],
    clusters: int | None = None,
    noise: NDArray[np.float64] | None = None,
    shared: NDArray[np.float64] | None = None,
    shared_outcome: NDArray[np.float64] | None = None,
) -> Equation:
    """Take entity means out and add up by cluster.

    Parameters
    ----------
    entity, period
        Shape (rows,): codes from 0.
    cluster
        Shape (rows,): codes from 0; an entity lies within one.
    clusters
        How many there are, where some have no rows here.
    """
    import numpy as np

    counts = np.bincount(entity).astype(float)
    own = 1 - 1 / counts[entity]
    periods = np.unique(period)
    dummies = (period[:, None] == periods[None, 1:]).astype(float)
    centred = [_centre(block, entity, counts) for block in (regressors, dummies, outcome[:, None])]
    rows = np.column_stack(centred)
    order = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[order], np.arange(clusters or int(cluster.max()) + 1))
    ends = np.append(starts[1:], len(order))
    ordered = rows[order]
    cross = np.array([ordered[a:b].T @ ordered[a:b] for a, b in zip(starts, ends, strict=True)])
    patterns, pattern = np.unique(centred[1].round(12), axis=0, return_inverse=True)
    return Equation(
        cross=cross,
        regressors=centred[0],
        outcome=centred[2][:, 0],
        dummies=patterns,
        pattern=pattern.ravel(),
        own=own,
        noise=noise if noise is not None and noise.any() else None,
        shared=_some(shared, entity, counts),
        shared_outcome=_some(shared_outcome, entity, counts),
        cluster=cluster,
    )


def _some(
    block: NDArray[np.float64] | None, entity: NDArray[np.int64], counts: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    return None if block is None or not block.any() else _centre(block, entity, counts)


def _centre(
    block: NDArray[np.float64], entity: NDArray[np.int64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    import numpy as np

    flat = block.reshape(len(block), -1)
    sums = np.zeros((len(counts), flat.shape[1]))
    np.add.at(sums, entity, flat)
    centred: NDArray[np.float64] = (flat - (sums / counts[:, None])[entity]).reshape(block.shape)
    return centred


def drawn_estimates(
    equation: Equation, fit: Fit, weights: NDArray[np.float64], errors: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The estimate under draws of clusters and of shared errors, shape (draws, K).

    Where the regressors are known each draw is estimated anew. Where they have errors a ratio of moments is unstable in a
    resample of few clusters although it is not in the sample; then the draw is the estimate plus the drawn clusters' scores
    (Kline and Santos 2012), scaled to the clustered covariance.
    """
    import numpy as np

    if equation.noise is None and equation.shared is None and equation.shared_outcome is None:
        return weighted_estimates(equation, weights)
    clusters = equation.clusters
    scale = np.sqrt(fit.factor * clusters / max(clusters - 1, 1))
    drawn: NDArray[np.float64] = fit.value + scale * (weights - 1) @ fit.scores
    if fit.gradient.shape[1]:
        drawn = drawn + errors @ fit.gradient.T
    return drawn


def weighted_estimates(equation: Equation, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The estimate under each weighting of the clusters, shape (draws, K).

    Parameters
    ----------
    weights
        Shape (draws, clusters): how often each cluster was drawn.

    Returns
    -------
    numpy.ndarray
        NaN in a draw in which the regressors' errors leave less than a twentieth of some variation of theirs.
    """
    import numpy as np

    chunk = max(1, AT_ONCE // max(len(equation.outcome) if equation.noise is not None else 1, 1000))
    fixed = _shared_by_cluster(equation)
    found = []
    for start in range(0, len(weights), chunk):
        some = weights[start : start + chunk]
        moment, cross, inverse = _partialled(equation, some)
        corrected = moment - _noise(equation, some, inverse)
        if fixed is not None:
            corrected = corrected - np.einsum("bc,ckl->bkl", some, fixed[0])
            cross = cross - some @ fixed[1]
        usable = _signal(corrected, moment) >= LEAST_SIGNAL
        safe = np.where(usable[:, None, None], corrected, np.eye(equation.width))
        value = np.linalg.solve(safe, cross[:, :, None])[:, :, 0]
        value[~usable] = np.nan
        found.append(value)
    return np.concatenate(found)


def fit_equation(equation: Equation) -> Fit:
    """The estimate, its clustered covariance and how shared errors move it."""
    import numpy as np

    ones = np.ones((1, equation.clusters))
    moment, cross, inverse = (block[0] for block in _partialled(equation, ones))
    fixed = _shared_by_cluster(equation)
    corrected = moment - _noise(equation, ones, inverse[None])[0]
    if fixed is not None:
        corrected = corrected - fixed[0].sum(axis=0)
        cross = cross - fixed[1].sum(axis=0)
    width = equation.width
    if _signal(corrected[None], moment[None])[0] < LEAST_SIGNAL:
        lost = np.full(width, np.nan)
        return Fit(
            lost, np.full((equation.clusters, width), np.nan), np.diag(lost) * np.nan, 1.0,
            np.zeros((width, 0)), moment, corrected, float("nan"), 0,
        )  # fmt: skip
    bread = np.linalg.inv(corrected)
    value = bread @ cross
    regressors = equation.within(equation.regressors)
    outcome = equation.within(equation.outcome[:, None])[:, 0]
    residual = outcome - regressors @ value
    score = regressors * residual[:, None]
    if equation.noise is not None:
        leverage = _leverage(equation, inverse[None])[0]
        score = score + leverage[:, None] * np.einsum("rkl,l->rk", equation.noise, value)
    totals = np.zeros((equation.clusters, width))
    np.add.at(totals, equation.cluster, score)
    rows, clusters = len(outcome), equation.clusters
    entities = round(float((1 - equation.own).sum()))
    estimated = equation.cross.shape[1] - 1  # regressors and all periods but one
    freedom = rows - entities - estimated
    factor = clusters / max(clusters - 1, 1) * (rows - 1) / max(rows - estimated - 1, 1)
    scores = totals @ bread
    return Fit(
        value=value,
        scores=scores,
        covariance=factor * scores.T @ scores,
        factor=factor,
        gradient=_gradient(equation, regressors, residual, value, bread),
        moment=moment,
        corrected=corrected,
        residual=float(np.sqrt(residual @ residual / max(freedom, 1))),
        freedom=freedom,
    )


def _partialled(
    equation: Equation, weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Moments of X within both effects, of X with y, and the inverse of the dummies' moments, for each weighting."""
    import numpy as np

    width = equation.width
    size = equation.cross.shape[1]
    sums = (weights @ equation.cross.reshape(equation.clusters, -1)).reshape(-1, size, size)
    dummies = sums[:, width:-1, width:-1]
    inverse = np.asarray(np.linalg.pinv(dummies, rcond=1e-10, hermitian=True), dtype=np.float64)
    outer = np.concatenate([sums[:, :width, width:-1], sums[:, -1:, width:-1]], axis=1)
    taken = outer @ inverse @ outer.transpose(0, 2, 1)
    moment = sums[:, :width, :width] - taken[:, :width, :width]
    cross = sums[:, :width, -1] - taken[:, :width, -1]
    return moment, cross, inverse


def _leverage(equation: Equation, inverse: NDArray[np.float64]) -> NDArray[np.float64]:
    """M_rr of each row under each weighting, shape (draws, rows)."""
    import numpy as np

    used = np.einsum("up,bpq,uq->bu", equation.dummies, inverse, equation.dummies, optimize=True)
    rows: NDArray[np.float64] = equation.own[None, :] - used[:, equation.pattern]
    return rows


def _noise(
    equation: Equation, weights: NDArray[np.float64], inverse: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What independent errors put into the moments under each weighting, shape (draws, K, K)."""
    import numpy as np

    width = equation.width
    if equation.noise is None:
        return np.zeros((len(weights), width, width))
    share = _leverage(equation, inverse) * weights[:, equation.cluster]
    put: NDArray[np.float64] = (share @ equation.noise.reshape(len(equation.noise), -1)).reshape(
        -1, width, width
    )
    return put


def _shared_by_cluster(equation: Equation) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """What shared errors put into the moments of X and of X with y: shapes (clusters, K, K), (clusters, K)."""
    import numpy as np

    if equation.shared is None:
        return None
    within = equation.within(equation.shared)
    put = np.zeros((equation.clusters, equation.width, equation.width))
    np.add.at(put, equation.cluster, np.einsum("rkj,rlj->rkl", within, within))
    crossed = np.zeros((equation.clusters, equation.width))
    if equation.shared_outcome is not None:
        moved = equation.within(equation.shared_outcome)
        np.add.at(crossed, equation.cluster, np.einsum("rkj,rj->rk", within, moved))
    return put, crossed


def _gradient(
    equation: Equation,
    regressors: NDArray[np.float64],
    residual: NDArray[np.float64],
    value: NDArray[np.float64],
    bread: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Along shared errors F of X and f of y the estimating equation moves by F'(y - X beta) + X'(f - F beta)."""
    import numpy as np

    if equation.shared is None and equation.shared_outcome is None:
        return np.zeros((equation.width, 0))
    moved = np.zeros((equation.width, 1))
    if equation.shared is not None:
        within = equation.within(equation.shared)
        moved = np.einsum("rkj,r->kj", within, residual) - regressors.T @ np.einsum(
            "rkj,k->rj", within, value
        )
    if equation.shared_outcome is not None:
        moved = moved + regressors.T @ equation.within(equation.shared_outcome)
    gradient: NDArray[np.float64] = bread @ moved
    return gradient


def _signal(corrected: NDArray[np.float64], moment: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least share of signal in any combination of the regressors, shape (draws,); 0 where they are collinear."""
    import numpy as np

    scale = np.sqrt(np.maximum(np.diagonal(moment, axis1=1, axis2=2), 1e-300))
    scaled = moment / scale[:, :, None] / scale[:, None, :]
    values, vectors = np.linalg.eigh(scaled)
    whole = values[:, 0] > 1e-9
    root = vectors / np.sqrt(np.maximum(values, 1e-12))[:, None, :]
    relative = root.transpose(0, 2, 1) @ (corrected / scale[:, :, None] / scale[:, None, :]) @ root
    least: NDArray[np.float64] = np.where(whole, np.linalg.eigvalsh(relative)[:, 0], 0.0)
    return least
