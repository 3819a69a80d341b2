"""Simulation and extrapolation (Cook and Stefanski 1994): add error of known size, watch the slope, go back to none.

With errors of known variance v in the regressors, the naive slope at error (1 + level) v is fitted over several levels and
extrapolated to level -1. It needs no algebra of moments, so it checks the corrected estimate by another way; it is not the
better one. With one regressor the extrapolant is b / (c + level), which is then exact; with several a parabola, which goes
only part of the way where error is large.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.explain.measured import errors_in_variables
from headwinds.explain.measured.moments import Moments, as_estimate, make_moments

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
    """SIMEX within the effects, of errors of cells and of errors that they share.

    Its covariance is that of `errors_in_variables` at the slopes found here: the two estimate the same to first order, and
    an extrapolated variance (Stefanski and Cook 1995) is often none.
    """
    import numpy as np

    moments = make_moments(design)
    size = moments.regressors.shape[1]
    findings = errors_in_variables.reliability_findings(moments)
    if not errors_in_variables.identified(moments):
        unknown = np.full(size, np.nan)
        lost = Finding("W402", "Not identified: the measurement error leaves too little of the index.")
        return as_estimate(design, unknown, np.diag(unknown), METHOD, outcome_words, lag, (*findings, lost))
    generator = np.random.default_rng(seed)
    slopes = np.array([_at_level(moments, level, replicates, generator) for level in LEVELS])
    value = np.array([_extrapolated(slopes[:, column], alone=size == 1) for column in range(size)])
    covariance = errors_in_variables.covariance_at(moments, value)
    if not np.isfinite(value).all():
        findings = (*findings, Finding("W402", "The curve of the slopes has no value at no error."))
    return as_estimate(design, value, covariance, METHOD, outcome_words, lag, findings)


def _at_level(
    moments: Moments, level: float, replicates: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Mean naive slopes at added error of `level` times what the index has."""
    import numpy as np

    design = moments.design
    size, labels = moments.regressors.shape[1], len(design.labels)
    count = replicates if level > 0 else 1
    total = np.zeros(size)
    # What errors of the outcome put in by going along with the index's own does not grow with what is added.
    crossed = moments.row_crossed.sum(axis=0)
    factors = moments.common.shape[2]
    for _ in range(count):
        regressors = moments.regressors.copy()
        if level > 0:
            noise = np.sqrt(level) * design.drawn_errors(generator.standard_normal(design.variance.shape))
            regressors[:, :labels] += moments.projection.residuals(noise)
            regressors += moments.common @ (np.sqrt(level) * generator.standard_normal(factors))
        total += np.linalg.solve(regressors.T @ regressors, regressors.T @ moments.outcome - crossed)
    return total / count


def _extrapolated(slopes: NDArray[np.float64], *, alone: bool) -> float:
    """The curve at level -1: one over the slope as a straight line, or a parabola where there are more or signs differ."""
    import numpy as np

    levels = np.array(LEVELS)
    if not alone or not ((slopes > 0).all() or (slopes < 0).all()):
        return float(np.polyval(np.polyfit(levels, slopes, 2), -1.0))
    inverse = float(np.polyval(np.polyfit(levels, 1 / slopes, 1), -1.0))
    return 1 / inverse if inverse * slopes[0] > 0 else float("nan")
