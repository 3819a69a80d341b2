"""Growth on an index that was measured with error: the naive estimate, and one that carries the error.

The model is ``y_it = sum_l beta_l x_l,i,t-lag + entity effect + year effect + e_it`` where the share x is seen only as
w = x + s + F z: s has the known sampling variance of each cell, F z the error of corrections that cells share (z standard
normal). Scatter of the truth about what is predicted for a cell (Berkson 1950) is no part of s, as it does not weaken the
slope. With M the annihilator of both effects, the naive moments (Mw)'(Mw) are too large by the sampling variance

    Lambda_ll = trace(M diag(v_l)) = sum_r M_rr v_rl          (M is idempotent)

and by the common part, (MF)'(MF),

so that beta = ((Mw)'(Mw) - Lambda)^-1 (Mw)'(My) is consistent (Fuller 1987, sec. 2.2, with known error variances). Its
variance is the cluster sandwich of the corrected scores, plus the variance that z gives beta to first order: M is applied
once, as all of it is linear in M F.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding, Indicator
from headwinds.errors import EstimationError, MismatchError
from headwinds.explain import words
from headwinds.explain.within import annihilator_of_effects

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

FEW_CLUSTERS = 10
LEAST_RELIABILITY = 0.1


@dataclass(frozen=True, slots=True)
class Design:
    """The rows of the regression.

    Attributes
    ----------
    entity, period
        Shape (rows,): codes from 0.
    outcome
        Shape (rows,).
    index
        Shape (rows, labels): lagged shares, in standard deviations of each (over these rows).
    variance
        Shape (rows, labels): their sampling variances, same scale squared.
    factor
        Shape (rows, labels, factors): their common errors, same scale.
    scale
        Shape (labels,): one standard deviation of each share.
    labels
        Names.
    first, last
        Years of the outcome.
    dropped
        Entity-periods of the panel that have an outcome and no usable index.
    """

    entity: NDArray[np.int64]
    period: NDArray[np.int64]
    outcome: NDArray[np.float64]
    index: NDArray[np.float64]
    variance: NDArray[np.float64]
    factor: NDArray[np.float64]
    scale: NDArray[np.float64]
    labels: tuple[str, ...]
    first: int
    last: int
    dropped: int


def regress_with_index(
    outcome: pd.DataFrame,
    indicator: Indicator,
    *,
    labels: Sequence[str],
    lag: int = 1,
    outcome_words: str = "growth",
) -> tuple[Estimate, Estimate]:
    """Regress an outcome on lagged indices with two-way effects: (naive, corrected), errors clustered by entity.

    Parameters
    ----------
    outcome
        Columns `entity`, `period`, `value` (for instance TFP growth in % per year).
    indicator
        Keys (entity, period), in any names; one row a label and cell.
    labels
        Which of its labels enter, together.
    lag
        Calendar years by which the index precedes the outcome.

    Returns
    -------
    tuple of Estimate
        Coefficients per standard deviation of each lagged share. Where an index's noise leaves less than a tenth of its
        variation within the effects, the corrected estimate is NaN with a finding: not identified.

    Raises
    ------
    MismatchError
        Index and panel share no entity-period.
    EstimationError
        Two indices are collinear, or there are fewer than two entities or periods.
    """
    design = make_design(outcome, indicator, labels=labels, lag=lag)
    return naive_estimate(design, outcome_words, lag), corrected_estimate(design, outcome_words, lag)


def make_design(outcome: pd.DataFrame, indicator: Indicator, *, labels: Sequence[str], lag: int) -> Design:
    """Match outcome and lagged index by entity and calendar year; every match is kept, what is not is counted."""
    import numpy as np

    if len(indicator.keys) != 2:
        raise MismatchError(
            f"The index is keyed by ({', '.join(indicator.keys)}), expected entity and period."
        )
    position = {
        (label, *cell): row
        for row, (label, cell) in enumerate(zip(indicator.labels, indicator.cells, strict=True))
    }
    known = outcome.dropna(subset=["value"])
    usable = np.isfinite(indicator.value) & np.isfinite(indicator.sampling_variance)
    rows, kept = [], []
    for number, (entity, period) in enumerate(zip(known["entity"], known["period"], strict=True)):
        found = [position.get((label, entity, int(period) - lag), -1) for label in labels]
        if all(row >= 0 and usable[row] for row in found):
            rows.append(found)
            kept.append(number)
    if not rows:
        years = sorted({int(cell[1]) for cell in indicator.cells})
        raise MismatchError(
            f"The panel (years {int(known['period'].min())}-{int(known['period'].max())}) and the index (years "
            f"{years[0]}-{years[-1]}, lag {lag}) share no entity-year.",
            remedy="Check the codes of the entities and the years.",
        )
    chosen = known.iloc[kept]
    place = np.array(rows)
    entities, entity = np.unique(chosen["entity"].to_numpy(dtype=str), return_inverse=True)
    periods, period_code = np.unique(chosen["period"].to_numpy(), return_inverse=True)
    if len(entities) < 2 or len(periods) < 2:
        raise EstimationError(
            f"{len(entities)} entities in {len(periods)} periods: two-way effects need two of each."
        )
    share = indicator.value[place]
    scale = share.std(axis=0, ddof=1)
    if (scale == 0).any():
        raise EstimationError(
            f"The index {list(labels)[int(np.argmin(scale))]!r} does not vary over these rows."
        )
    return Design(
        entity=entity,
        period=period_code,
        outcome=chosen["value"].to_numpy(dtype=float),
        index=share / scale,
        variance=indicator.classical_variance[place] / scale**2,
        factor=indicator.common_factor[place] / scale[None, :, None],
        scale=scale,
        labels=tuple(labels),
        first=int(periods.min()),
        last=int(periods.max()),
        dropped=len(known) - len(rows),
    )


def naive_estimate(design: Design, outcome_words: str, lag: int) -> Estimate:
    """Two-way fixed effects by `pyfixest`, the index taken as if it were known; clustered by entity (CRV1)."""
    import numpy as np
    import pandas as pd
    import pyfixest

    columns = {f"x{number}": design.index[:, number] for number in range(len(design.labels))}
    data = pd.DataFrame({"y": design.outcome, "entity": design.entity, "period": design.period, **columns})
    clusters = len(np.unique(design.entity))
    formula = f"y ~ {' + '.join(columns)} | entity + period"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # of a variable that it drops: an error of ours, below
            fit = pyfixest.feols(formula, data=data, vcov={"CRV1": "entity"})
        kept = list(fit.coef().index)
    except ValueError as error:
        if "collinear" not in str(error):
            raise
        kept = []
    if len(kept) < len(columns):
        lost = [design.labels[int(name[1:])] for name in columns if name not in kept]
        raise EstimationError(
            f"The index {lost[0]!r} is collinear with the others or with the effects.",
            remedy="Leave it out of labels.",
        )
    value = fit.coef().to_numpy()
    covariance = np.asarray(fit._vcov)
    return _estimate(design, value, covariance, "naive", outcome_words, lag, (), clusters)


def corrected_estimate(design: Design, outcome_words: str, lag: int) -> Estimate:
    """Errors in variables within the effects; see the module's head."""
    import numpy as np

    matrix = annihilator_of_effects(design.entity, design.period)
    index = matrix @ design.index
    outcome = matrix @ design.outcome
    diagonal = np.diag(matrix)
    common = common_errors(matrix, design)
    shared = np.einsum("rlk,rmk->lm", common, common)
    noise = np.diag(diagonal @ design.variance) + shared
    moment = index.T @ index
    reliability = 1 - np.diag(noise) / np.diag(moment)
    clusters = len(np.unique(design.entity))
    findings = tuple(_reliability_findings(design, reliability))
    smallest = np.linalg.eigvalsh(_relative(moment - noise, moment)).min()
    if reliability.min() < LEAST_RELIABILITY or smallest < LEAST_RELIABILITY / 2:
        unknown = np.full(len(design.labels), np.nan)
        lost = Finding(
            "W402",
            "Not identified: the measurement error of the index is nearly as large as its variation within the effects.",
            "Label more passages, widen the cells, or leave the noisiest index out.",
        )
        return _estimate(
            design,
            unknown,
            np.diag(unknown),
            "errors-in-variables",
            outcome_words,
            lag,
            (*findings, lost),
            clusters,
        )
    bread = np.linalg.inv(moment - noise)
    value = bread @ (index.T @ outcome)
    # Scores of the corrected estimating equation: w(y - w'b) + (M_rr v) b, clustered by entity.
    score = index * (outcome - index @ value)[:, None] + diagonal[:, None] * design.variance * value
    sandwich = bread @ _clustered(score, design) @ bread
    covariance = sandwich + _common_covariance(index, outcome, bread, value, common)
    return _estimate(design, value, covariance, "errors-in-variables", outcome_words, lag, findings, clusters)


def common_errors(matrix: NDArray[np.float64], design: Design) -> NDArray[np.float64]:
    """M F, shape (rows, labels, factors), of the factors that touch these rows."""
    import numpy as np

    used = [number for number in range(design.factor.shape[2]) if np.any(design.factor[:, :, number])]
    within: NDArray[np.float64] = np.einsum("rs,slk->rlk", matrix, design.factor[:, :, used], optimize=True)
    return within


def _common_covariance(
    index: NDArray[np.float64],
    outcome: NDArray[np.float64],
    bread: NDArray[np.float64],
    value: NDArray[np.float64],
    common: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Covariance that the common errors give the coefficients, to first order: the solution moves with each error.

    Along the k-th error F_k the estimating equation moves by F_k'(y - w beta) - w'(F_k beta).
    """
    import numpy as np

    residual = outcome - index @ value
    moved = np.einsum("rlk,r->lk", common, residual) - index.T @ np.einsum("rlk,l->rk", common, value)
    gradient = bread @ moved
    covariance: NDArray[np.float64] = gradient @ gradient.T
    return covariance


def _clustered(score: NDArray[np.float64], design: Design) -> NDArray[np.float64]:
    """Sum of outer products of the clusters' scores, with the CRV1 small-sample factor for effects nested in clusters."""
    import numpy as np

    rows, labels = score.shape
    clusters = int(design.entity.max()) + 1
    total = np.zeros((clusters, labels))
    np.add.at(total, design.entity, score)
    periods = int(design.period.max()) + 1
    factor = clusters / (clusters - 1) * (rows - 1) / (rows - labels - (periods - 1) - 1)
    meat: NDArray[np.float64] = factor * total.T @ total
    return meat


def _relative(corrected: NDArray[np.float64], moment: NDArray[np.float64]) -> NDArray[np.float64]:
    """The corrected moments in units of the naive ones: eigenvalues between 0 (all noise) and 1 (none)."""
    import numpy as np

    root = np.linalg.inv(np.linalg.cholesky(moment))
    relative: NDArray[np.float64] = root @ corrected @ root.T
    return relative


def _reliability_findings(design: Design, reliability: NDArray[np.float64]) -> list[Finding]:
    return [
        Finding(
            "N401",
            f"Of what the index of {label} varies within the effects, {max(value, 0):.0%} is signal and "
            f"{min(1 - value, 1):.0%} error that would weaken the slope.",
        )
        for label, value in zip(design.labels, reliability.tolist(), strict=True)
    ]


def _estimate(
    design: Design,
    value: NDArray[np.float64],
    covariance: NDArray[np.float64],
    method: str,
    outcome_words: str,
    lag: int,
    findings: tuple[Finding, ...],
    clusters: int,
) -> Estimate:
    import numpy as np

    if clusters < FEW_CLUSTERS:
        few = Finding("W401", f"{clusters} clusters: clustered errors are too small.", "Take more entities.")
        findings = (*findings, few)
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.diag(covariance))
    error[error == 0] = np.nan
    return Estimate(
        names=design.labels,
        value=value,
        standard_error=error,
        covariance=covariance,
        method=method,
        estimand=words.estimand(outcome_words, lag, clusters, design.first, design.last),
        variation=words.VARIATION,
        absorbed=words.ABSORBED,
        units=f"{outcome_words}, per standard deviation of the lagged share",
        observations=len(design.outcome),
        clusters=clusters,
        degrees_of_freedom=max(clusters - 1, 1),
        findings=findings,
    )
