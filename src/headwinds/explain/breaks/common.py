"""Breaks at dates that all entities of a panel share, each with means or coefficients of its own (Bai 2010).

The dates are those that make the sum over entities of squared residuals least, each entity's in units of its own error.
Entities' errors hang together (a world recession is one event, not 38): so the tests' critical values are simulated by
drawing whole periods, all entities with the same sign (a wild bootstrap clustered by period), around an AR(1) with `hac`; and
a date's interval takes the noise of the sum over entities, with what they share (Qu and Perron 2007, for systems).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.breaks.checks import checked_shortest, refuse_collinear
from headwinds.explain.breaks.common_errors import drawn_errors, pooled_persistence
from headwinds.explain.breaks.common_results import CommonBreaks
from headwinds.explain.breaks.covariance import long_run_covariances
from headwinds.explain.breaks.dates import interval_findings, place_interval
from headwinds.explain.breaks.panel_sample import Sample, read_sample
from headwinds.explain.breaks.partition import best_partitions, segment_sums
from headwinds.explain.breaks.regimes import Regimes, fit_regimes
from headwinds.explain.breaks.results import BreakTest

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
) -> CommonBreaks:
    """Find the dates at which all entities' means (or coefficients) change.

    Parameters
    ----------
    outcome
        Columns `entity`, `period`, `value`, and the regressors. Entities that lack a period are left out and listed.
    regressors
        Columns whose coefficients, with the constant's, are each entity's own and change at the breaks.
    most, number, trimming, hac, draws, seed
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
    basis, units, sums, scale = _in_units_of_error(sample, shortest, most)
    least, places = best_partitions(sums, most)
    residual = np.stack(
        [
            fit_regimes(units[i, None], basis[i], places[:, most, :most]).residual[0]
            for i in range(entities)
        ]
    )
    generator = np.random.default_rng(seed)
    persistence = pooled_persistence(residual, basis, places[0, most, :most], generator) if hac else 0.0
    noise = drawn_errors(residual, persistence, width * (most + 1), draws, generator)
    null_sums = sum(segment_sums(noise[:, i], basis[i], shortest) for i in range(entities))
    null_least, _ = best_partitions(np.asarray(null_sums), most)
    size = entities * width
    tests = []
    seen = [_f(least, m, size, periods)[0] for m in range(1, most + 1)]
    null = np.column_stack([_f(null_least, m, size, periods) for m in range(1, most + 1)])
    for m in range(1, most + 1):
        tests.append(_test(f"sup-F of no break against {m}", seen[m - 1], null[:, m - 1]))
    tests.append(_test("UDmax of no break against some", max(seen), null.max(axis=1)))
    found = int(tests[-1].p_value <= LEVEL)
    while 0 < found < most:
        breaks = places[0, found, :found]
        statistic = _one_more(sums, breaks, size, periods)[0]
        if not np.isfinite(statistic):
            break
        test = _test(
            f"sup-F of {found} against {found + 1}",
            float(statistic),
            _one_more(np.asarray(null_sums), breaks, size, periods),
        )
        tests.append(test)
        if test.p_value > LEVEL:
            break
        found += 1
    found = found if number is None else number
    return _result(
        sample, scale, places[0, found, :found], tests, persistence if hac else float("nan"), hac, shortest
    )


def _in_units_of_error(
    sample: Sample, shortest: int, most: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Bases, outcomes in units of each entity's error, their summed squares by segment, and those units.

    The units are found in two steps: from what each entity varies at all, then from what the partition so found leaves.
    """
    import numpy as np

    entities, periods = sample.values.shape
    basis = np.stack([np.linalg.qr(one)[0] * np.sqrt(periods) for one in sample.design])
    units = np.empty_like(sample.values)
    scale = np.empty(entities)
    for i in range(entities):
        own = sample.design[i]
        residual = sample.values[i] - own @ np.linalg.lstsq(own, sample.values[i], rcond=None)[0]
        scale[i] = np.sqrt((residual**2).mean())
        if scale[i] ** 2 <= 1e-20 * (sample.values[i] ** 2).mean():
            raise EstimationError(f"{sample.entities[i]} does not vary: nothing can break in it.")
        units[i] = residual / scale[i]
    parts = [segment_sums(units[i, None], basis[i], shortest) for i in range(entities)]
    _, places = best_partitions(sum(parts[1:], parts[0]), most)
    degrees = periods - (most + 1) * basis.shape[2]
    for i in range(entities):
        residual = fit_regimes(units[i, None], basis[i], places[:, most, :most]).residual[0]
        step = float(np.sqrt((residual**2).sum() / degrees))
        if step <= 1e-10:
            raise EstimationError(f"{sample.entities[i]} is fitted without error: there is no error to test against.")
        scale[i] *= step
        units[i] /= step
        parts[i] /= step**2
    return basis, units, sum(parts[1:], parts[0]), scale


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
    for first, last in zip(edges[:-1], edges[1:], strict=True):
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
    scale: NDArray[np.float64],
    breaks: NDArray[np.int64],
    tests: list[BreakTest],
    persistence: float,
    hac: bool,
    shortest: int,
) -> CommonBreaks:
    import numpy as np

    entities, periods = sample.values.shape
    fits = [fit_regimes(sample.values[i, None], sample.design[i], breaks[None]) for i in range(entities)]
    edges = [0, *breaks.tolist(), periods]
    borders = list(zip(edges[:-1], edges[1:], strict=True))
    coefficients = np.stack([fit.coefficients[0] for fit in fits])  # (entities, regimes, k)
    findings = list(sample.findings)
    bounds: list[tuple[int, int] | None] = []
    for place in range(len(breaks)):
        bounds.append(_interval(sample, scale, fits, borders, place, hac))
        if bounds[-1] is None:
            findings.append(
                Finding(
                    "W413",
                    f"The date after {sample.periods[borders[place][1] - 1]} has no interval: the changes of the entities "
                    "are no larger than what chance would make of none.",
                    "Do not date this break.",
                )
            )
    known = [(place, bound) for place, bound in enumerate(bounds) if bound is not None]
    findings += [
        finding
        for place, bound in known
        for finding in interval_findings([bound], borders[place : place + 2], sample.periods)
    ]
    last = periods - 1
    labels = sample.periods
    return CommonBreaks(
        number=len(breaks),
        dates=tuple(labels[end - 1] for _, end in borders[:-1]),
        intervals=tuple(
            None if bound is None else (labels[max(bound[0], 0)], labels[min(bound[1], last)])
            for bound in bounds
        ),
        regimes=tuple((labels[first], labels[end - 1]) for first, end in borders),
        names=sample.names,
        coefficients=coefficients.mean(axis=0),
        standard_errors=_standard_errors(sample, fits, borders),
        entities=sample.entities,
        by_entity=coefficients,
        tests=tuple(tests),
        hac=hac,
        persistence=persistence,
        shortest=shortest,
        periods=labels,
        outcome=sample.values,
        fitted=np.stack([sample.values[i] - fits[i].residual[0] for i in range(entities)]),
        unavailable=sample.unavailable,
        findings=tuple(findings),
    )


def _interval(
    sample: Sample,
    scale: NDArray[np.float64],
    fits: Sequence[Regimes],
    borders: Sequence[tuple[int, int]],
    place: int,
    hac: bool,
) -> tuple[int, int] | None:
    """The interval of one date; None where the changes are no larger than their own error.

    The sum over entities of squared estimated changes is too large by the sum of their variances; that is taken out, and
    the noise is scaled alike.
    """
    import numpy as np

    change = np.stack([fit.coefficients[0, place + 1] - fit.coefficients[0, place] for fit in fits])
    residual = np.stack([fit.residual[0] for fit in fits])
    degrees = residual.shape[1] - len(borders) * change.shape[1]
    variance = [np.zeros((change.shape[1],) * 2) for _ in fits]
    second = []
    for side in (0, 1):
        first, last = borders[place + side]
        second.append([fit.second_moments[0, place + side] for fit in fits])
        for i in range(len(fits)):
            moments = sample.design[i] * residual[i][:, None]
            # Over the whole sample: one entity in one regime is too short for a long-run variance of its own.
            spread = (
                long_run_covariances(moments[None])[0] if hac else moments.T @ moments / len(moments)
            ) * (len(moments) / degrees)
            inverse = np.linalg.inv(second[side][i])
            variance[i] = variance[i] + inverse @ spread @ inverse / (last - first)
    moved, noise = [], []
    for side in (0, 1):
        first, last = borders[place + side]
        seen = sum(change[i] @ second[side][i] @ change[i] / scale[i] ** 2 for i in range(len(fits)))
        chance = sum(np.trace(second[side][i] @ variance[i]) / scale[i] ** 2 for i in range(len(fits)))
        real = float(seen - chance)
        if real <= 0:
            return None
        shared = sum(
            (sample.design[i] @ change[i]) * residual[i] / scale[i] ** 2 for i in range(len(fits))
        )
        own = np.asarray(shared)[first:last]
        spread = (
            float(long_run_covariances(own[None, :, None])[0, 0, 0])
            if hac
            else float(own @ own) / (last - first)
        )
        moved.append(real)
        noise.append(spread * real / float(seen))
    return place_interval(borders[place][1] - 1, moved, noise)


def _standard_errors(
    sample: Sample, fits: Sequence[Regimes], borders: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """Of the mean over entities of each regime's coefficients, from the entities' mean influence in each period.

    What entities share in a period stays in it, so it is the error over time, not over entities.
    """
    import numpy as np

    periods = sample.values.shape[1]
    width = sample.design.shape[2]
    influence = np.zeros((periods, width))
    for i, fit in enumerate(fits):
        inverse = np.linalg.inv(fit.second_moments[0])[fit.number_of()[0]]
        influence += np.einsum("tjk,tk->tj", inverse, sample.design[i]) * fit.residual[0][:, None]
    influence /= len(fits)
    degrees = periods - len(borders) * width
    long_run = np.diag(long_run_covariances(influence[None])[0]) * periods / degrees
    lengths = np.array([last - first for first, last in borders])
    errors: NDArray[np.float64] = np.sqrt(long_run[None, :] / lengths[:, None])
    return errors
