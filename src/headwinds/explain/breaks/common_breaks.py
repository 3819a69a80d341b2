"""Breaks at dates that all entities of a panel share, each with means or coefficients of its own (Bai 2010).

The dates are those that make the sum over entities of squared residuals least, each entity's in units of its own error.
Entities' errors hang together (a world recession is one event, not 38): so the tests' critical values are simulated by
drawing whole periods, all entities with the same sign (a wild bootstrap clustered by period), around an AR(1) with `hac`;
and so is what a wrong date costs (`common_dates`), from which its interval follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.breaks.checks import checked_shortest, refuse_collinear
from headwinds.explain.breaks.common_dates import common_date_interval
from headwinds.explain.breaks.common_errors import drawn_errors, pooled_persistence
from headwinds.explain.breaks.common_results import CommonBreaks
from headwinds.explain.breaks.covariance import long_run_covariances
from headwinds.explain.breaks.likelihood_ratio import interval_findings
from headwinds.explain.breaks.panel_sample import Sample, read_sample
from headwinds.explain.breaks.partition import best_partitions, segment_sums
from headwinds.explain.breaks.regimes import Regimes, fit_regimes
from headwinds.explain.breaks.results import OUTCOME, BreakTest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

LEVEL = 0.05
DRAWS = 399


def find_common_breaks(
    outcome: pd.DataFrame,
    *,
    regressors: Sequence[str] = (),
    most: int = 3,
    number: int | None = None,
    trimming: float = 0.15,
    hac: bool = True,
    draws: int = DRAWS,
    seed: int = 0,
    outcome_words: str = OUTCOME,
) -> CommonBreaks:
    """Find the dates at which all entities' means (or coefficients) change.

    Parameters
    ----------
    outcome
        Columns `entity`, `period`, `value`, and the regressors. Entities that lack a period are left out and listed.
    regressors
        Columns whose coefficients, with the constant's, are each entity's own and change at the breaks.
    most, number, trimming, hac, draws, seed, outcome_words
        As in `find_breaks`.

    Raises
    ------
    DataError
        A column is missing, or a period lies outside an even step.
    EstimationError
        Fewer than two entities have every period, or an entity's regressors are collinear.
    SettingsError
        Trimming or number of breaks cannot be.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> draw = np.random.default_rng(1)
    >>> rows = [(e, t, draw.normal() - (t > 2004)) for e in "ABCDEFGHIJ" for t in range(1985, 2020)]
    >>> found = find_common_breaks(pd.DataFrame(rows, columns=["entity", "period", "value"]), draws=99, most=1)
    >>> found.dates
    (2004,)
    """
    import numpy as np

    sample = read_sample(outcome, regressors)
    entities, periods = sample.values.shape
    width = sample.design.shape[2]
    shortest, most = checked_shortest(periods, width, trimming, most)
    if number is not None and not 0 <= number <= most:
        raise SettingsError(f"number = {number}: expected 0 to {most} breaks.")
    for place, entity in enumerate(sample.entities):
        refuse_collinear(sample.design[place], shortest, [f"{name} of {entity}" for name in sample.names])
    basis, units, sums = _in_units_of_error(sample, shortest)
    least, places = best_partitions(sums, most)
    generator = np.random.default_rng(seed)
    size = entities * width
    statistics = [_f(least, m, size, periods)[0] for m in range(1, most + 1)]
    null_sums, persistence = _null(units, basis, places[0, 0, :0], shortest, hac, draws, generator)
    null_least, _ = best_partitions(null_sums, most)
    null = np.column_stack([_f(null_least, m, size, periods) for m in range(1, most + 1)])
    tests = [
        _test(f"sup-F of no break against {m}", statistics[m - 1], null[:, m - 1]) for m in range(1, most + 1)
    ]
    tests.append(_test("UDmax of no break against some", max(statistics), null.max(axis=1)))
    found = int(tests[-1].p_value <= LEVEL)
    while 0 < found < most:
        breaks = places[0, found, :found]
        statistic = _one_more(sums, breaks, size, periods)[0]
        if not np.isfinite(statistic):
            break
        null_sums, persistence = _null(units, basis, breaks, shortest, hac, draws, generator)
        null_more = _one_more(null_sums, breaks, size, periods)
        tests.append(_test(f"sup-F of {found} against {found + 1}", float(statistic), null_more))
        if tests[-1].p_value > LEVEL:
            break
        found += 1
    found = found if number is None else number
    breaks = places[0, found, :found]
    bounds = _intervals(units, basis, breaks, shortest, hac, generator)
    result = _result(sample, breaks, bounds, tests, persistence if hac else float("nan"), hac, shortest)
    return replace(result, outcome_words=outcome_words)


def _null(
    units: NDArray[np.float64],
    basis: NDArray[np.float64],
    breaks: NDArray[np.int64],
    shortest: int,
    hac: bool,
    draws: int,
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], float]:
    """Sums of squares by segment where nothing breaks but at `breaks`, and the persistence of the errors drawn.

    The errors are what the regimes between `breaks` leave, as a test under its null demands: what more breaks would leave is
    smaller than the errors, most so where the search placed them, and tests with it reject a true null twice too often.
    """
    residual = _residual(units, basis, breaks)
    persistence = pooled_persistence(residual, basis, breaks, generator) if hac else 0.0
    fitted = basis.shape[2] * (len(breaks) + 1)
    noise = drawn_errors(residual, persistence, fitted, draws, generator)
    return segment_sums(noise.swapaxes(1, 2), basis, shortest), persistence


def _residual(
    units: NDArray[np.float64], basis: NDArray[np.float64], breaks: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What the regimes between `breaks` leave of each entity, shape (entities, periods)."""
    import numpy as np

    return fit_regimes(units, basis, np.tile(breaks, (len(units), 1))).residual


def _intervals(
    units: NDArray[np.float64],
    basis: NDArray[np.float64],
    breaks: NDArray[np.int64],
    shortest: int,
    hac: bool,
    generator: np.random.Generator,
) -> list[tuple[int, int]]:
    """Of each break's date, as positions of the last period before it."""
    persistence = 0.0
    if hac and len(breaks):
        persistence = pooled_persistence(_residual(units, basis, breaks), basis, breaks, generator)
    return [
        common_date_interval(
            units, basis, breaks, place, shortest=shortest, persistence=persistence, generator=generator
        )
        for place in range(len(breaks))
    ]


def _in_units_of_error(
    sample: Sample, shortest: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Bases, outcomes in units of each entity's error, and their summed squares by segment.

    The unit is read off the changes from one period to the next, which a break moves once. Read off what a fitted partition
    leaves, it would favour the entities that chance lets fit it, and tests would reject a true null twice too often.
    """
    import numpy as np

    entities, periods = sample.values.shape
    basis = np.stack([np.linalg.qr(one)[0] * np.sqrt(periods) for one in sample.design])
    units = np.empty_like(sample.values)
    for i in range(entities):
        own = sample.design[i]
        residual = sample.values[i] - own @ np.linalg.lstsq(own, sample.values[i], rcond=None)[0]
        scale = float(np.sqrt((np.diff(residual) ** 2).mean() / 2))
        if scale**2 <= 1e-20 * (sample.values[i] ** 2).mean():
            raise EstimationError(f"{sample.entities[i]} does not vary: nothing can break in it.")
        units[i] = residual / scale
    return basis, units, segment_sums(units[:, None], basis, shortest)


def _f(least: NDArray[np.float64], m: int, size: int, periods: int) -> NDArray[np.float64]:
    import numpy as np

    with np.errstate(invalid="ignore"):
        degrees = size * (periods / 1.0) - (m + 1) * size
        statistic: NDArray[np.float64] = (least[:, 0] - least[:, m]) / (m * size) / (least[:, m] / degrees)
    return statistic


def _one_more(
    sums: NDArray[np.float64], breaks: NDArray[np.int64], size: int, periods: int
) -> NDArray[np.float64]:
    """F of the best break inside the regimes between `breaks`, shape (draws,)."""
    import numpy as np

    edges = [0, *breaks.tolist(), periods]
    total = np.zeros(len(sums))
    gain = np.full(len(sums), -np.inf)
    for first, last in pairwise(edges):
        total = total + sums[:, first, last]
        split = sums[:, first, first + 1 : last] + sums[:, first + 1 : last, last]
        gain = np.maximum(gain, sums[:, first, last] - split.min(axis=1))
    degrees = size * (periods - len(breaks) - 2)
    statistic: NDArray[np.float64] = gain / size / ((total - gain) / degrees)
    return np.where(np.isfinite(gain), statistic, -np.inf)


def _test(name: str, statistic: float, null: NDArray[np.float64]) -> BreakTest:
    import numpy as np

    share = (1 + int((null >= statistic).sum())) / (len(null) + 1)
    return BreakTest(name, float(statistic), float(np.quantile(null, 1 - LEVEL)), share)


def _result(
    sample: Sample,
    breaks: NDArray[np.int64],
    bounds: Sequence[tuple[int, int]],
    tests: list[BreakTest],
    persistence: float,
    hac: bool,
    shortest: int,
) -> CommonBreaks:
    import numpy as np

    entities, periods = sample.values.shape
    fit = fit_regimes(sample.values, sample.design, np.tile(breaks, (entities, 1)))
    edges = [0, *breaks.tolist(), periods]
    borders = list(pairwise(edges))
    coefficients = fit.coefficients  # (entities, regimes, k)
    labels = sample.periods
    return CommonBreaks(
        number=len(breaks),
        dates=tuple(labels[end - 1] for _, end in borders[:-1]),
        intervals=tuple((labels[lower], labels[upper]) for lower, upper in bounds),
        regimes=tuple((labels[first], labels[end - 1]) for first, end in borders),
        names=sample.names,
        coefficients=coefficients.mean(axis=0),
        standard_errors=_standard_errors(sample, fit, borders),
        entities=sample.entities,
        by_entity=coefficients,
        tests=tuple(tests),
        hac=hac,
        persistence=persistence,
        shortest=shortest,
        periods=labels,
        outcome=sample.values,
        fitted=sample.values - fit.residual,
        unavailable=sample.unavailable,
        findings=(*sample.findings, *interval_findings(bounds, borders, shortest, labels)),
    )


def _standard_errors(sample: Sample, fit: Regimes, borders: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Of the mean over entities of each regime's coefficients, from the entities' mean influence in each period.

    What entities share in a period stays in it, so it is the error over time, not over entities.
    """
    import numpy as np

    entities, periods = sample.values.shape
    width = sample.design.shape[2]
    inverse = np.linalg.inv(fit.second_moments)[np.arange(entities)[:, None], fit.number_of()]
    own = np.einsum("itjk,itk->itj", inverse, sample.design) * fit.residual[..., None]
    influence = own.mean(axis=0)
    degrees = periods - len(borders) * width
    long_run = np.diag(long_run_covariances(influence[None])[0]) * periods / degrees
    lengths = np.array([last - first for first, last in borders])
    errors: NDArray[np.float64] = np.sqrt(long_run[None, :] / lengths[:, None])
    return errors
