"""The estimate of an equation under weightings of its clusters, so that a bootstrap draw is no other pass over the rows.

Entity effects are taken out of the rows once (an entity lies within one cluster, so no weighting of clusters changes its
means); period effects are dummies D that are partialled out of the weighted sums. With cluster weights w,

    S_ab(w) = sum_c w_c A_c'B_c - (sum_c w_c A_c'D_c) (sum_c w_c D_c'D_c)^- (sum_c w_c D_c'B_c)

for any two blocks of columns. What errors put into the moments is weighted alike: ``sum_r w_c(r) M_rr(w) V_r`` with M_rr the
row's weight in the annihilator of both effects, and the sums of shared errors. The measured regression solves them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.explain.measured.errors_in_variables import SharedSums, solve_sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.attribution.equation import Equation, Fit

AT_ONCE = 4_000_000
LEAST_SIGNAL = 0.05


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows with entity means out.

    `columns` has shape (rows, K + 1), regressors and outcome; `shared` (rows, K + 1, R), the errors of each that rows share.
    `dummies` has shape (patterns, P); `pattern` (rows,) says which of them is a row's; `own` (rows,) is 1 - 1 / (rows of
    the entity).
    """

    columns: NDArray[np.float64]
    shared: NDArray[np.float64]
    dummies: NDArray[np.float64]
    pattern: NDArray[np.int64]
    own: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Products:
    """Cross-products: by cluster, or under each weighting of the clusters; the first axis says which.

    With A the columns, Z_k their shared errors and D the dummies: `plain` A'A, `squared` sum_k Z_k'Z_k, both
    (n, K + 1, K + 1); `across` Z_k'A, (n, R, K + 1, K + 1); `outer` A'D, (n, K + 1, P); `outer_shared` Z_k'D,
    (n, R, K + 1, P); `dummies` D'D, (n, P, P).
    """

    plain: NDArray[np.float64]
    squared: NDArray[np.float64]
    across: NDArray[np.float64]
    outer: NDArray[np.float64]
    outer_shared: NDArray[np.float64]
    dummies: NDArray[np.float64]

    def weighted(self, weights: NDArray[np.float64]) -> _Products:
        """Sums over the first axis with weights (draws, n)."""

        def add(table: NDArray[np.float64]) -> NDArray[np.float64]:
            return (weights @ table.reshape(len(table), table[0].size)).reshape(
                len(weights), *table.shape[1:]
            )

        return _Products(
            add(self.plain), add(self.squared), add(self.across), add(self.outer), add(self.outer_shared),
            add(self.dummies),
        )  # fmt: skip


def drawn_estimates(
    equation: Equation, fit: Fit, weights: NDArray[np.float64], errors: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The estimate under draws of clusters and of shared errors, shape (draws, K).

    Where the regressors are known each draw is estimated anew. Where they have errors a ratio of moments is unstable in a
    resample of few clusters although it is not in the sample; then the draw is the estimate plus the drawn clusters' scores
    (Kline and Santos 2012), scaled to the clustered covariance, plus what the drawn errors z move: ``g'z + (z'Hz - tr H) /
    sqrt 2`` with g and H the gradient and products of the fit. Their covariance is then that of the fit.

    Parameters
    ----------
    weights
        Shape (draws, clusters): how often each cluster was drawn.
    errors
        Shape (draws, R): standard normals.
    """
    import numpy as np

    if not equation.has_errors:
        return weighted_estimates(equation, weights)
    # Scores sum to zero: multinomial weights give their sum the covariance of the scores' products, without a factor.
    drawn: NDArray[np.float64] = fit.value + np.sqrt(fit.factor) * (weights - 1) @ fit.scores
    if fit.gradient.shape[1]:
        squares = np.einsum("bj,ajk,bk->ba", errors, fit.products, errors, optimize=True)
        drawn = drawn + errors @ fit.gradient.T
        drawn = drawn + (squares - np.einsum("ajj->a", fit.products)) / np.sqrt(2)
    return drawn


def weighted_estimates(equation: Equation, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The estimate under each weighting of the clusters, shape (draws, K).

    Parameters
    ----------
    weights
        Shape (draws, clusters).

    Returns
    -------
    numpy.ndarray
        NaN in a draw in which the regressors' errors leave less than a twentieth of some variation of theirs.
    """
    import numpy as np

    width = equation.width
    rows = _entity_means_out(equation)
    products = _by_cluster(equation, rows)
    noisy = bool(equation.moments.noise.any())
    sizes = (len(rows.own) if noisy else 1, products.outer_shared[0].size, products.across[0].size, 1000)
    chunk = max(1, AT_ONCE // max(sizes))
    found = []
    for start in range(0, len(weights), chunk):
        some = weights[start : start + chunk, equation.cluster]
        moment, cross, shared, inverse = _partialled(products.weighted(some), width)
        noise = np.zeros_like(moment)
        if noisy:
            noise, crossed = _noise(equation, rows, some, inverse)
            cross = cross - crossed
        usable = _signal(moment - noise, moment) >= LEAST_SIGNAL
        safe = np.where(usable[:, None, None], moment, np.eye(width) + noise)
        value, signal = solve_sums(safe, noise, cross, shared)
        usable &= _signal((signal + signal.transpose(0, 2, 1)) / 2, safe) >= LEAST_SIGNAL
        value[~usable] = np.nan
        found.append(value)
    return np.concatenate(found)


def _entity_means_out(equation: Equation) -> _Rows:
    import numpy as np

    design = equation.moments.design
    entity, period = design.effects
    count, factors = len(design.outcome), design.factor.shape[2]
    size = equation.width + 1
    shared = np.concatenate([design.factor, design.outcome_factor[:, None, :]], axis=1)
    dummies = (period[:, None] == np.unique(period)[None, 1:]).astype(float)
    columns = np.column_stack([design.index, design.outcome, shared.reshape(count, -1), dummies])
    counts = np.bincount(entity).astype(float)
    sums = np.zeros((len(counts), columns.shape[1]))
    np.add.at(sums, entity, columns)
    columns = columns - (sums / counts[:, None])[entity]
    last = size * (1 + factors)
    patterns, pattern = _distinct_rows(columns[:, last:].round(12))
    return _Rows(
        columns=columns[:, :size],
        shared=columns[:, size:last].reshape(count, size, factors),
        dummies=patterns,
        pattern=pattern,
        own=1 - 1 / counts[entity],
    )


def _distinct_rows(table: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """As `numpy.unique` of rows; equal ones are found by their bytes, so that only the few distinct ones are sorted."""
    import numpy as np

    known: dict[bytes, int] = {}
    rows = table + 0.0  # of the two zeros one
    code = np.array([known.setdefault(row.tobytes(), len(known)) for row in rows], dtype=np.int64)
    distinct = np.frombuffer(b"".join(known), dtype=np.float64).reshape(len(known), table.shape[1])
    patterns, place = np.unique(distinct, axis=0, return_inverse=True)
    return patterns, place.ravel()[code]


def _by_cluster(equation: Equation, rows: _Rows) -> _Products:
    import numpy as np

    cluster = equation.moments.design.cluster
    order = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[order], np.arange(len(equation.cluster) + 1))
    tables = []
    for first, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        own = order[first:end]
        columns, shared, dummies = rows.columns[own], rows.shared[own], rows.dummies[rows.pattern[own]]
        flat = shared.transpose(2, 1, 0)  # (R, K + 1, rows)
        tables.append(
            (
                columns.T @ columns, np.einsum("rpk,rqk->pq", shared, shared), flat @ columns, columns.T @ dummies,
                flat @ dummies, dummies.T @ dummies,
            )
        )  # fmt: skip
    return _Products(*(np.array(table) for table in zip(*tables, strict=True)))


def _partialled(
    sums: _Products, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], SharedSums | None, NDArray[np.float64]]:
    """Moments of X within both effects, of X with y, sums of shared errors, and the inverse of the dummies' moments."""
    import numpy as np

    inverse = np.asarray(np.linalg.pinv(sums.dummies, rcond=1e-10, hermitian=True), dtype=np.float64)
    plain = sums.plain - sums.outer @ inverse @ sums.outer.transpose(0, 2, 1)
    shared = None
    if sums.across.shape[1]:
        taken = sums.outer_shared @ inverse[:, None]  # (draws, R, K + 1, P)
        across = sums.across - taken @ sums.outer.transpose(0, 2, 1)[:, None]
        squared = sums.squared - np.einsum("bkpd,bkqd->bpq", taken, sums.outer_shared, optimize=True)
        shared = SharedSums(
            squared=squared[:, :width, :width],
            across=across[:, :, :width, :width],
            crossed=squared[:, :width, width],
            along=across[:, :, width, :width].transpose(0, 2, 1),
        )
    return plain[:, :width, :width], plain[:, :width, width], shared, inverse


def _noise(
    equation: Equation, rows: _Rows, weights: NDArray[np.float64], inverse: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What independent errors put into the moments under each weighting, shapes (draws, K, K) and (draws, K)."""
    import numpy as np

    moments = equation.moments
    used = np.einsum("up,bpq,uq->bu", rows.dummies, inverse, rows.dummies, optimize=True)
    share = (rows.own[None, :] - used[:, rows.pattern]) * weights[:, moments.design.cluster]
    put: NDArray[np.float64]
    if moments.errors is None:
        put = (share @ moments.design.variance)[:, :, None] * np.eye(equation.width)
    else:
        flat = moments.errors.reshape(len(moments.errors), -1)
        put = (share @ flat).reshape(-1, equation.width, equation.width)
    crossed = np.zeros(put.shape[:2])
    if moments.crossed is not None:
        crossed = share @ moments.crossed
    return put, crossed


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
