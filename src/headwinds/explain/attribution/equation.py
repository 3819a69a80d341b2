"""A linear panel equation of an attribution, ``y = X beta + entity effects + period effects + e``, with X seen with error.

The estimate is that of `headwinds.explain.measured`: errors in variables within the effects. What is added here is what a
bootstrap of clusters needs of it: how much each cluster adds to the estimate, and how each shared error moves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import EstimationError
from headwinds.explain.measured import errors_in_variables
from headwinds.explain.measured.design import Design
from headwinds.explain.measured.moments import (
    Moments,
    cluster_sums,
    clustered,
    make_moments,
    small_sample_factor,
)
from headwinds.explain.measured.projection import make_projection

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Equation:
    """The rows of an equation with both effects taken out.

    Attributes
    ----------
    moments
        Of the measured regression. The design's first effect is the entity, its second the period; its clusters are those
        that have rows here.
    cluster
        Shape (clusters with rows,): which of the attribution's clusters each is.
    clusters
        How many the attribution has, with those that have no rows here.
    """

    moments: Moments
    cluster: NDArray[np.int64]
    clusters: int

    @property
    def width(self) -> int:
        """Number of regressors."""
        return int(self.moments.regressors.shape[1])

    @property
    def regressors(self) -> NDArray[np.float64]:
        """Within both effects, shape (rows, K)."""
        return self.moments.regressors

    @property
    def outcome(self) -> NDArray[np.float64]:
        """Within both effects, shape (rows,)."""
        return self.moments.outcome

    @property
    def has_errors(self) -> bool:
        """Whether anything in it was measured with error."""
        moments = self.moments
        return bool(moments.noise.any() or moments.common.any() or moments.outcome_common.any())


@dataclass(frozen=True, slots=True)
class Fit:
    """The estimate with all clusters weighted alike.

    Attributes
    ----------
    value
        Shape (K,); NaN where errors leave too little of some regressor.
    scores
        Shape (clusters, K): what each cluster adds to the estimate, to first order, beyond what shared errors do; they sum
        to zero.
    covariance
        Shape (K, K): that of the measured regression, with what shared errors add.
    factor
        The small-sample factor of CRV1: the clustered part of the covariance is `factor` times the scores' products.
    gradient
        Shape (K, R): by how much the estimate moves with each shared error.
    products
        Shape (K, R, R): by how much it moves with the product of two of them.
    corrected
        Shape (K, K): moments of the regressors within the effects, without their errors.
    reliability
        Shape (K,): share of each regressor's variation within the effects that is no error which weakens its slope.
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
    products: NDArray[np.float64]
    corrected: NDArray[np.float64]
    reliability: NDArray[np.float64]
    residual: float
    freedom: int


def make_equation(
    entity: NDArray[np.int64],
    period: NDArray[np.int64],
    outcome: NDArray[np.float64],
    regressors: NDArray[np.float64],
    *,
    names: Sequence[str],
    cluster: NDArray[np.int64],
    clusters: int | None = None,
    noise: NDArray[np.float64] | None = None,
    crossed: NDArray[np.float64] | None = None,
    shared: NDArray[np.float64] | None = None,
    shared_outcome: NDArray[np.float64] | None = None,
) -> Equation:
    """Take both effects out of everything.

    Parameters
    ----------
    entity, period
        Shape (rows,): codes from 0.
    names
        Of the regressors.
    cluster
        Shape (rows,): codes from 0; an entity lies within one.
    clusters
        How many there are, where some have no rows here.
    noise
        Shape (rows, K, K): covariance of the errors of each row's regressors, independent between rows; None for none.
    crossed
        Shape (rows, K): covariances of the outcome's own error with those; None for none.
    shared
        Shape (rows, K, R): errors that rows share, one column a standard normal, in the regressors' units.
    shared_outcome
        Shape (rows, R): the same of the outcome, where it too was measured; None for none.

    Raises
    ------
    EstimationError
        A regressor does not vary within the effects or is collinear with others, or all rows are of one cluster.
    """
    import numpy as np

    rows, width = regressors.shape
    present, own = np.unique(cluster, return_inverse=True)
    if len(present) < 2:
        raise EstimationError(
            f"All {rows} rows are in one cluster: nothing can be said of uncertainty.",
            remedy="Take more entities.",
        )
    if noise is not None and not noise.any():
        noise = None
    blocks = [np.zeros((rows, width, 0)) if shared is None else shared]
    blocks.append(np.zeros((rows, blocks[0].shape[2])) if shared_outcome is None else shared_outcome)
    design = Design(
        outcome=outcome,
        index=regressors,
        variance=np.zeros((rows, width)) if noise is None else np.einsum("rkk->rk", noise),
        factor=blocks[0],
        scale=np.ones(width),
        labels=tuple(names),
        effects=(entity.astype(np.int64), period.astype(np.int64)),
        effect_names=("entity", "period"),
        cluster=own.astype(np.int64),
        cluster_name="cluster",
        controls=np.zeros((rows, 0)),
        control_names=(),
        outcome_variance=np.zeros(rows),
        outcome_factor=blocks[1],
        entity=entity.astype(str),
        period=period.astype(np.int64),
        dropped=0,
    )
    moments = make_moments(design, make_projection(design.effects, rows), noise, crossed)
    return Equation(moments, present.astype(np.int64), clusters or int(cluster.max()) + 1)


def fit_equation(equation: Equation) -> Fit:
    """The estimate of the measured regression, its covariance, and what it is made of."""
    import numpy as np

    moments, width = equation.moments, equation.width
    factors = moments.common.shape[2]
    reliability = errors_in_variables.reliability(moments)
    if not errors_in_variables.identified(moments):
        lost = np.full(width, np.nan)
        return Fit(
            value=lost,
            scores=np.full((equation.clusters, width), np.nan),
            covariance=np.diag(lost),
            factor=1.0,
            gradient=np.zeros((width, factors)),
            products=np.zeros((width, factors, factors)),
            corrected=moments.moment - moments.noise,
            reliability=reliability,
            residual=float("nan"),
            freedom=0,
        )
    value, covariance = errors_in_variables.solve(moments)
    bread = errors_in_variables.bread_of(moments)
    scores = np.zeros((equation.clusters, width))
    scores[equation.cluster] = (
        cluster_sums(errors_in_variables.scores(moments, value), moments.design) @ bread.T
    )
    linear, products = errors_in_variables.shared_moves(moments, bread, value)
    if factors:
        meat = clustered(errors_in_variables.scores(moments, value), moments.design)
        left = errors_in_variables.beyond_shared(moments, value, meat)
        scores = scores @ _reshaping(bread @ meat @ bread.T, bread @ left @ bread.T).T
    residual = moments.outcome - moments.regressors @ value
    freedom = len(residual) - moments.projection.rank - width
    return Fit(
        value=value,
        scores=scores,
        covariance=covariance,
        factor=small_sample_factor(moments.design),
        gradient=-linear,
        products=-products,
        corrected=np.asarray(np.linalg.inv(bread), dtype=np.float64),
        reliability=reliability,
        residual=float(np.sqrt(residual @ residual / max(freedom, 1))),
        freedom=freedom,
    )


def _reshaping(there: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """The map nearest to none that gives what has one covariance the other, shape (K, K) (Dowson and Landau 1982)."""
    import numpy as np

    def root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        value, vector = np.linalg.eigh((matrix + matrix.T) / 2)
        found: NDArray[np.float64] = (vector * np.sqrt(np.maximum(value, 0.0))) @ vector.T
        return found

    scale = np.sqrt(np.maximum(np.diag(there), 1e-300))
    one, other = there / np.outer(scale, scale), wanted / np.outer(scale, scale)
    half = root(one)
    back = np.linalg.pinv(half, rcond=1e-10, hermitian=True)
    found: NDArray[np.float64] = (back @ root(half @ other @ half) @ back) * np.outer(scale, 1 / scale)
    return found
