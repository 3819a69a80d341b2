"""What every estimator of this package starts from: moments within the effects, and what the errors put into them.

With M the matrix that takes the effects out, W the regressors (index columns, then controls), v their sampling variances
and F_k the error that a standard normal z_k gives to all rows at once:

    moment = (MW)'(MW)      cross = (MW)'(My)
    noise  = sum_r M_rr v_r on the diagonal (trace of M diag(v), as M is idempotent); zero for controls; with V_r for v_r
             where a row's own errors hang together
    crossed = sum_r M_rr c_r, c_r the covariances of the outcome's own error with the row's; it is taken out of `cross`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.errors import EstimationError
from headwinds.explain import words
from headwinds.explain.measured.projection import Projection, make_projection

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.measured.design import Design

FEW_CLUSTERS = 10
SAME = 1e-10
ROUNDING = 1e-24


@dataclass(frozen=True, slots=True)
class Moments:
    """A design with its effects taken out.

    Attributes
    ----------
    design, projection
        What they were taken out of, and by what.
    outcome
        Shape (rows,): M y.
    regressors
        Shape (rows, p): M W, index columns first.
    common
        Shape (rows, p, factors): M F_k; zero for controls.
    outcome_common
        Shape (rows, factors): the same of the outcome.
    moment, cross, noise
        Shapes (p, p), (p,), (p, p); see the module's head. Where errors of the outcome and of regressors go together,
        `cross` is without what that puts into it.
    errors
        Shape (rows, p, p): covariances of the errors of each row's own regressors, where these hang together (products of
        measured variables do); None where each has the variance of the design and they do not.
    crossed
        Shape (rows, p): covariances of the outcome's own error with those of the row's regressors; None for none.
    """

    design: Design
    projection: Projection
    outcome: NDArray[np.float64]
    regressors: NDArray[np.float64]
    common: NDArray[np.float64]
    outcome_common: NDArray[np.float64]
    moment: NDArray[np.float64]
    cross: NDArray[np.float64]
    noise: NDArray[np.float64]
    errors: NDArray[np.float64] | None = None
    crossed: NDArray[np.float64] | None = None

    @property
    def row_noise(self) -> NDArray[np.float64]:
        """M_rr v_r, shape (rows, p): each row's part of the noise's diagonal."""
        return row_noise(self.design, self.projection)

    @property
    def row_crossed(self) -> NDArray[np.float64]:
        """M_rr c_r, shape (rows, p): each row's part of what errors that go with the outcome's put into `cross`."""
        import numpy as np

        if self.crossed is None:
            return np.zeros_like(self.regressors)
        found: NDArray[np.float64] = self.projection.diagonal[:, None] * self.crossed
        return found

    def row_noise_times(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """M_rr V_r b, shape (rows, p): each row's part of the noise, times coefficients."""
        import numpy as np

        if self.errors is None:
            return self.row_noise * value
        times: NDArray[np.float64] = self.projection.diagonal[:, None] * np.einsum(
            "rpq,q->rp", self.errors, value
        )
        return times


def make_moments(
    design: Design,
    projection: Projection | None = None,
    errors: NDArray[np.float64] | None = None,
    crossed: NDArray[np.float64] | None = None,
) -> Moments:
    """Take the effects out of everything, once.

    Parameters
    ----------
    projection
        That of the same effects and rows, if it is there already.
    errors
        Shape (rows, p, p): see `Moments`; their diagonals are the variances of the design.
    crossed
        Shape (rows, p): covariances of the outcome's own error with those of the row's regressors.

    Raises
    ------
    EstimationError
        A regressor is absorbed by the effects or collinear with others: it is named.
    """
    import numpy as np

    rows, labels, factors = design.factor.shape
    errors = design.row_errors if errors is None else errors
    crossed = design.row_crossed if crossed is None else crossed
    projection = projection or make_projection(design.effects, rows)
    plain = np.column_stack([design.outcome, design.index, design.controls])
    size = plain.shape[1]
    everything = np.column_stack([plain, design.factor.reshape(rows, -1), design.outcome_factor])
    left = projection.residuals(everything)
    regressors = left[:, 1:size]
    require_full_rank(regressors, plain[:, 1:], design.names)
    common = np.zeros((rows, size - 1, factors))
    common[:, :labels] = left[:, size : size + labels * factors].reshape(rows, labels, factors)
    if errors is None:
        noise = np.diag(row_noise(design, projection).sum(axis=0))
    else:
        noise = np.einsum("r,rpq->pq", projection.diagonal, errors)
    cross = regressors.T @ left[:, 0]
    if crossed is not None:
        cross = cross - projection.diagonal @ crossed
    return Moments(
        design=design,
        projection=projection,
        outcome=left[:, 0],
        regressors=regressors,
        common=common,
        outcome_common=left[:, size + labels * factors :],
        moment=regressors.T @ regressors,
        cross=cross,
        noise=noise,
        errors=errors,
        crossed=crossed,
    )


def row_noise(design: Design, projection: Projection) -> NDArray[np.float64]:
    """M_rr v_r of every row and regressor, shape (rows, p); zero for what is known exactly."""
    import numpy as np

    noise: NDArray[np.float64] = np.column_stack(
        [projection.diagonal[:, None] * design.variance, np.zeros_like(design.controls)]
    )
    return noise


def require_full_rank(
    within: NDArray[np.float64], plain: NDArray[np.float64], names: tuple[str, ...]
) -> None:
    """Raise an EstimationError that names the first regressor which the effects or the ones before it explain wholly."""
    import numpy as np

    for number, name in enumerate(names):
        column = within[:, number]
        whole = plain[:, number]
        spread = whole - whole.mean()
        if column @ column <= max(SAME * float(spread @ spread), ROUNDING * float(whole @ whole)):
            raise EstimationError(
                f"{name!r} is collinear with the effects: it does not vary within them.",
                remedy="Leave it out.",
            )
        before = within[:, :number]
        if number:
            share, *_ = np.linalg.lstsq(before, column, rcond=None)
            rest = column - before @ share
            if rest @ rest <= SAME * (column @ column):
                size = np.abs(share) * np.sqrt((before**2).sum(axis=0))
                others = [names[at] for at in np.flatnonzero(size > 1e-6 * size.max())]
                raise EstimationError(
                    f"{name!r} is collinear with {' and '.join(map(repr, others))} within the effects.",
                    remedy="Leave one of them out.",
                )


def clustered(score: NDArray[np.float64], design: Design) -> NDArray[np.float64]:
    """Sum of outer products of the clusters' scores with the small-sample factor of CRV1, shape (p, p).

    Effects that lie within clusters cost no degree of freedom, as in pyfixest and fixest (Bergé 2018).
    """
    total = cluster_sums(score, design)
    meat: NDArray[np.float64] = small_sample_factor(design) * (total.T @ total)
    return meat


def cluster_sums(score: NDArray[np.float64], design: Design) -> NDArray[np.float64]:
    """Sums of rows within clusters, shape (clusters, columns)."""
    import numpy as np

    sums: NDArray[np.float64] = np.column_stack(
        [np.bincount(design.cluster, weights=column, minlength=design.clusters) for column in score.T]
    )
    return sums


def small_sample_factor(design: Design) -> float:
    """G / (G - 1) x (N - 1) / (N - K), K counting the effects that are not nested in clusters.

    Rows that are alone in an effect are not counted, nor are clusters of such rows only.
    """
    import numpy as np

    kept = ~design.lone
    own = design.cluster[kept]
    rows, clusters = len(own), int(np.count_nonzero(np.bincount(own)))
    codes = [code[kept] for code in design.effects]
    levels = [int(np.count_nonzero(np.bincount(code))) for code in codes]
    nested = []
    for code in codes:
        home = np.empty(int(code.max(initial=-1)) + 1, dtype=np.int64)
        home[code] = own  # any one cluster of each level: nested if that is the cluster of all its rows
        nested.append(bool((home[code] == own).all()))
    lost = sum(levels) - max(len(levels) - 1, 0)
    lost -= sum(count for count, inside in zip(levels, nested, strict=True) if inside) - sum(nested)
    if not levels:
        lost = 1  # the mean
    parameters = len(design.names) + lost
    return clusters / max(clusters - 1, 1) * (rows - 1) / max(rows - parameters, 1)


def as_estimate(
    design: Design,
    value: NDArray[np.float64],
    covariance: NDArray[np.float64],
    method: str,
    outcome_words: str,
    lag: int,
    findings: tuple[Finding, ...] = (),
) -> Estimate:
    """The estimate with its words and the findings that any method shares; what is undefined is NaN.

    Value and covariance are those of the design's columns; the estimate's are per unit of each control.
    """
    import numpy as np

    value, covariance = value / design.unit, covariance / np.outer(design.unit, design.unit)
    clusters, standardised = design.telling_clusters, bool((design.scale != 1).any())
    lone = int(design.lone.sum())
    if lone:
        told = Finding(
            "N436",
            f"Rows that are alone in their entity, period or other effect ({lone}) tell nothing within the effects: they "
            "are counted neither as observations nor as clusters.",
        )
        findings = (*findings, told)
    if clusters < FEW_CLUSTERS:
        few = Finding("W401", f"{clusters} clusters: clustered errors are too small.", "Take more entities.")
        findings = (*findings, few)
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.diag(covariance))
    flat = np.isfinite(value) & ~(error > 1e-12 * np.maximum(np.abs(value), np.finfo(float).tiny))
    if flat.any():
        error = np.where(flat, np.nan, error)
        exact = Finding(
            "W433",
            "The outcome is explained without a rest: a standard error is undefined.",
            "Check that the outcome is not made from the index.",
        )
        findings = (*findings, exact)
    return Estimate(
        names=design.names,
        value=value,
        standard_error=error,
        covariance=covariance,
        method=method,
        estimand=words.estimand(
            outcome_words,
            lag,
            entities=design.entities,
            first=int(design.period.min()),
            last=int(design.period.max()),
            standardised=standardised,
        ),
        variation=words.variation(design.effect_names),
        absorbed=words.absorbed(design.effect_names),
        units=words.units(outcome_words, standardised),
        observations=len(design.outcome) - lone,
        clusters=clusters,
        degrees_of_freedom=max(clusters - 1, 1),
        findings=findings,
    )
