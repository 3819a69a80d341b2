"""Many draws of the index from its covariance, one regression each, put together by Rubin's rule (1987).

Two things go by this name, and they do not do the same:

- `draws_estimate` draws the errors that cells share, corrects every draw for error in variables, and so lets those errors
  through the whole, non-linear estimate. All draws come from columns whose effects were taken out once, as each is linear
  in them.
- `naive_draws_estimate` draws all errors, adds them to an index that has them already, and corrects nothing. The interval
  becomes wider; the slope becomes weaker than the naive one. Multiple imputation would need draws of the truth *given the
  outcome*, which a covariance of the index alone cannot give.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.explain.measured import errors_in_variables
from headwinds.explain.measured.moments import (
    Moments,
    as_estimate,
    cluster_sums,
    clustered,
    make_moments,
    small_sample_factor,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.measured.design import Design

METHOD = "draws"
ASSUMES = f"{errors_in_variables.ASSUMES}; the errors that cells share are normal"
NAIVE_METHOD = "draws, uncorrected"
NAIVE_ASSUMES = (
    "the slope is not weakened by error, which is wrong wherever a cell's value is estimated from a sample"
)
DRAWS = 200
LARGEST_TABLE = 3e7
COLUMNS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class _Products:
    """Cross products of [regressors, their common errors, outcome, its common errors], in all and by cluster."""

    total: NDArray[np.float64]
    by_cluster: NDArray[np.float64] | None


def draws_estimate(
    design: Design, outcome_words: str, lag: int, *, draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """Errors in variables in each of many draws of the common errors.

    The covariance is the mean of the draws' own plus (1 + 1/draws) times that between them. As a draw's error comes
    on top of the one that the index has, the second-order correction of `errors_in_variables` is taken twice.
    """
    import numpy as np

    moments = make_moments(design)
    findings = errors_in_variables.reliability_findings(moments)
    if not errors_in_variables.identified(moments):
        found = errors_in_variables.corrected_estimate(design, outcome_words, lag)
        unknown = np.full(len(design.names), np.nan)
        return as_estimate(
            design, unknown, np.diag(unknown), METHOD, outcome_words, lag, _without(found, "W401")
        )
    factors = moments.common.shape[2]
    second, second_cross = errors_in_variables.second_order(moments)
    products = _products(moments)
    size = moments.regressors.shape[1]
    values, within = np.empty((draws, size)), np.zeros((size, size))
    generator = np.random.default_rng(seed)
    centre, _ = errors_in_variables.solve(moments)
    plain = clustered(errors_in_variables.scores(moments, centre), design)
    factor = small_sample_factor(design)
    noise_sums = _noise_by_cluster(moments) if products.by_cluster is not None else None
    crossed = cluster_sums(moments.row_crossed, design)
    for draw in range(draws):
        z = np.asarray(generator.standard_normal(factors))
        left, right = _combinations(z, size)
        moment = left.T @ products.total @ left - moments.noise - 2 * second
        bread = np.linalg.inv(moment)
        values[draw] = bread @ (left.T @ products.total @ right - crossed.sum(axis=0) - 2 * second_cross)
        meat = plain
        if products.by_cluster is not None and noise_sums is not None:
            sums = (products.by_cluster @ (right - left @ values[draw])) @ left + noise_sums @ values[draw]
            sums -= crossed
            meat = factor * (sums.T @ sums)
        within += bread @ meat @ bread.T / draws
    covariance = within + (1 + 1 / draws) * np.atleast_2d(np.cov(values, rowvar=False))
    return as_estimate(design, values.mean(axis=0), covariance, METHOD, outcome_words, lag, findings)


def naive_draws_estimate(
    design: Design, outcome_words: str, lag: int, *, draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """The naive regression in each of many draws of all errors: what it costs to think that draws alone correct a slope."""
    import numpy as np

    moments = make_moments(design)
    size, labels = moments.regressors.shape[1], len(design.labels)
    factors = moments.common.shape[2]
    generator = np.random.default_rng(seed)
    values, within = np.empty((draws, size)), np.zeros((size, size))
    done = 0
    while done < draws:
        block = min(max(COLUMNS_AT_ONCE // labels, 1), draws - done)
        noise = design.drawn_errors(generator.standard_normal((len(design.outcome), labels, block)))
        going_along = moments.projection.residuals(design.outcome_errors(noise))
        noise = moments.projection.residuals(noise)
        for number in range(block):
            z = generator.standard_normal(factors)
            regressors = moments.regressors + moments.common @ z
            regressors[:, :labels] += noise[:, :, number]
            outcome = moments.outcome + moments.outcome_common @ z + going_along[:, number]
            bread = np.linalg.inv(regressors.T @ regressors)
            value = bread @ (regressors.T @ outcome)
            meat = clustered(regressors * (outcome - regressors @ value)[:, None], design)
            values[done + number] = value
            within += bread @ meat @ bread / draws
        done += block
    covariance = within + (1 + 1 / draws) * np.atleast_2d(np.cov(values, rowvar=False))
    told = Finding(
        "W432",
        "Draws without a correction weaken the slope twice: once by the error that the index has, once by that of the draw.",
        "Read the corrected estimate.",
    )
    return as_estimate(design, values.mean(axis=0), covariance, NAIVE_METHOD, outcome_words, lag, (told,))


def _products(moments: Moments) -> _Products:
    """All that a draw needs: its moments are quadratic in z with these coefficients."""
    import numpy as np

    rows, size, factors = moments.common.shape
    columns = np.column_stack(
        [
            moments.regressors,
            moments.common.reshape(rows, size * factors),
            moments.outcome,
            moments.outcome_common,
        ]
    )
    clusters, width = moments.design.clusters, columns.shape[1]
    total = columns.T @ columns
    if clusters * width * width > LARGEST_TABLE:
        return _Products(total, None)
    upper = [(one, two) for one in range(width) for two in range(one, width)]
    table = np.empty((clusters, width, width))
    for one, two in upper:
        sums = np.bincount(
            moments.design.cluster, weights=columns[:, one] * columns[:, two], minlength=clusters
        )
        table[:, one, two] = table[:, two, one] = sums
    return _Products(total, table)


def _combinations(z: NDArray[np.float64], size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights, shapes (width, p) and (width,), that make a draw's regressors and outcome of the columns of `_products`."""
    import numpy as np

    factors = len(z)
    left = np.zeros((size + size * factors + 1 + factors, size))
    for at in range(size):
        left[at, at] = 1
        left[size + at * factors : size + (at + 1) * factors, at] = z
    right = np.zeros(len(left))
    right[size + size * factors] = 1
    right[size + size * factors + 1 :] = z
    return left, right


def _noise_by_cluster(moments: Moments) -> NDArray[np.float64]:
    """What the errors put into the moments, by cluster, shape (clusters, p, p)."""
    import numpy as np

    size = moments.regressors.shape[1]
    if moments.errors is None:
        plain = cluster_sums(moments.row_noise, moments.design)
        return np.asarray(plain[:, :, None] * np.eye(size), dtype=np.float64)
    each = moments.projection.diagonal[:, None, None] * moments.errors
    summed = cluster_sums(each.reshape(len(each), -1), moments.design)
    return np.asarray(summed.reshape(-1, size, size), dtype=np.float64)


def _without(estimate: Estimate, code: str) -> tuple[Finding, ...]:
    return tuple(finding for finding in estimate.findings if finding.code != code)
