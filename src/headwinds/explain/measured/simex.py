"""Simulation and extrapolation (Cook and Stefanski 1994): add error of known size, watch the slope, go back to none.

With errors of known variance v in the regressors, the naive slope at error (1 + level) v is fitted over several levels and
extrapolated to level -1. It needs no algebra of moments, so it checks the corrected estimate by another way; it is not the
better one. The extrapolant is rational linear, a + b / (c + level), which is exact for one regressor with equal variances.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.explain.measured import errors_in_variables
from headwinds.explain.measured.moments import Moments, as_estimate, clustered, make_moments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.measured.design import Design

METHOD = "simex"
ASSUMES = (
    "each cell's error is normal with the variance that the index states, and the curve that fits the slope at added error "
    "goes on to no error"
)
LEVELS = (0.0, 0.5, 1.0, 1.5, 2.0)
REPLICATES = 50


def simex_estimate(
    design: Design, outcome_words: str, lag: int, *, replicates: int = REPLICATES, seed: int = 0
) -> Estimate:
    """SIMEX within the effects; its covariance by the method of Stefanski and Cook (1995), clustered.

    Errors that cells share are not simulated: what they add is taken to first order at the extrapolated slope.
    """
    import numpy as np

    moments = make_moments(design)
    size = moments.regressors.shape[1]
    findings = errors_in_variables.reliability_findings(moments)
    if not errors_in_variables.identified(moments):
        unknown = np.full(size, np.nan)
        lost = Finding("W402", "Not identified: the measurement error leaves too little of the index.")
        return as_estimate(design, unknown, np.diag(unknown), METHOD, outcome_words, lag, (*findings, lost))
    slopes, spread = np.empty((len(LEVELS), size)), np.empty((len(LEVELS), size, size))
    generator = np.random.default_rng(seed)
    for number, level in enumerate(LEVELS):
        slopes[number], spread[number] = _at_level(moments, level, replicates, generator)
    value = np.array([_extrapolated(slopes[:, column]) for column in range(size)])
    covariance = np.empty((size, size))
    for one in range(size):
        for two in range(size):
            covariance[one, two] = np.polyval(np.polyfit(LEVELS, spread[:, one, two], 2), -1.0)
    if np.linalg.eigvalsh(covariance).min() <= 0:  # the extrapolated variance is no variance
        covariance = np.full((size, size), np.nan)
        findings = (
            *findings,
            Finding("W434", "SIMEX gives no standard error here: its variance extrapolates below zero."),
        )
    gradient = np.linalg.solve(
        moments.moment - moments.noise, errors_in_variables.moved_by_common(moments, value)
    )
    return as_estimate(
        design, value, covariance + gradient @ gradient.T, METHOD, outcome_words, lag, findings
    )


def _at_level(
    moments: Moments, level: float, replicates: int, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean naive slope at added error ``level`` times v, and mean sandwich less the variance between replicates."""
    import numpy as np

    design = moments.design
    size, labels = moments.regressors.shape[1], len(design.labels)
    count = replicates if level > 0 else 1
    slopes, within = np.empty((count, size)), np.zeros((size, size))
    spread = np.sqrt(level * design.variance)
    for replicate in range(count):
        regressors = moments.regressors.copy()
        if level > 0:
            noise = generator.standard_normal(spread.shape) * spread
            regressors[:, :labels] += moments.projection.residuals(noise)
        bread = np.linalg.inv(regressors.T @ regressors)
        slopes[replicate] = bread @ (regressors.T @ moments.outcome)
        residual = moments.outcome - regressors @ slopes[replicate]
        within += bread @ clustered(regressors * residual[:, None], design) @ bread / count
    between = np.atleast_2d(np.cov(slopes, rowvar=False)) if count > 1 else 0.0
    return slopes.mean(axis=0), within - between


def _extrapolated(slopes: NDArray[np.float64]) -> float:
    """The curve through the slopes, at level -1: rational linear where that fits, quadratic else."""
    import numpy as np

    levels = np.array(LEVELS)
    quadratic = float(np.polyval(np.polyfit(levels, slopes, 2), -1.0))
    # a + b / (c + level) means slope x level = -c slope + a level + (a c + b): linear in three unknowns.
    design = np.column_stack([-slopes, levels, np.ones_like(levels)])
    c, a, rest = np.linalg.lstsq(design, slopes * levels, rcond=None)[0]
    if c <= 1.0 or c > 1e3:  # a pole between the levels and -1, or no curvature: no such curve
        return quadratic
    return float(a + (rest - a * c) / (c - 1.0))
