"""Breaks in a linear regression: how many, when, and how sure (Bai and Perron 1998, 2003)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.breaks.checks import checked_periods, checked_shortest, refuse_collinear
from headwinds.explain.breaks.dates import bai_interval
from headwinds.explain.breaks.likelihood_ratio import (
    interval_findings,
    likelihood_ratio_interval,
    noise_ratios,
)
from headwinds.explain.breaks.null_distribution import (
    error_persistence,
    errors_after_breaks,
    null_distribution,
    own_null_distribution,
)
from headwinds.explain.breaks.partition import best_partitions, segment_sums
from headwinds.explain.breaks.regimes import (
    Regimes,
    break_statistics,
    coefficient_covariances,
    fit_regimes,
)
from headwinds.explain.breaks.results import OUTCOME, Breaks, BreakTest, Period

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL = 0.05
DRAWS = 999
PERFECT = 1e-20
ROUNDING = 1e-12
Interval = Literal["likelihood-ratio", "bai"]


def find_breaks(
    outcome: Sequence[float] | NDArray[np.float64],
    regressors: NDArray[np.float64] | None = None,
    *,
    periods: Sequence[Period] | None = None,
    names: Sequence[str] = ("mean",),
    most: int = 5,
    number: int | None = None,
    trimming: float = 0.15,
    hac: bool = False,
    interval: Interval = "likelihood-ratio",
    draws: int = DRAWS,
    seed: int = 0,
    outcome_words: str = OUTCOME,
) -> Breaks:
    """Find the breaks of a regression whose coefficients all may change; without regressors, of a mean.

    The tests are sup-F of no break against m, the largest of these (UDmax), and sup-F of one break more inside the regimes
    found, each regime with critical values of its own. `null_distribution` says where critical values come from.

    Parameters
    ----------
    outcome
        Shape (periods,), in order of time, no gaps.
    regressors
        Shape (periods, coefficients); a constant is not added. With the outcome's own past among them, `hac` is out of
        place, and the size of the tests is only that of long samples.
    periods
        Their names, for instance years; else 1, 2, ...
    most
        The largest number of breaks looked for.
    number
        How many breaks there are, if that is known or wanted from elsewhere; the tests are then only reported.
    trimming
        The shortest regime, as a share of the sample.
    hac
        Whether errors may be heteroskedastic and hang together in time; without it they have one variance.
    interval
        How a date's 95 % interval is found: "likelihood-ratio" (see `likelihood_ratio`), or "bai" (Bai 1997, the one that
        most papers print; too short where a break is small).
    draws, seed
        Of the simulated null distribution.
    outcome_words
        What the series is, for the summary and the picture.

    Raises
    ------
    DataError
        A value is missing or infinite, periods have a gap, or lengths differ.
    SettingsError
        Trimming or number of breaks cannot be.
    EstimationError
        The regressors are collinear in a stretch as long as the shortest regime, or the fit leaves no error.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(1).normal(size=80)
    >>> found = find_breaks(noise + 3 * (np.arange(80) >= 50), draws=99, most=2)
    >>> found.number, found.dates
    (1, (50,))
    """
    import numpy as np

    values, design, labels = _checked(outcome, regressors, periods, names)
    shortest, most = checked_shortest(len(values), design.shape[1], trimming, most)
    if number is not None and not 0 <= number <= most:
        raise SettingsError(f"number = {number}: expected 0 to {most} breaks.")
    if interval not in get_args(Interval):
        raise SettingsError(f"interval = {interval!r}: expected {' or '.join(get_args(Interval))}.")
    refuse_collinear(design, shortest, names)
    # Segments' sums of squares are the same for the outcome and for what the whole sample's fit leaves of it, in any unit
    # and for any basis of the regressors; so they are computed where no digits are lost.
    basis = np.linalg.qr(design)[0] * np.sqrt(len(design))
    residual = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    scale = float(np.sqrt((residual**2).mean()))
    if scale**2 <= PERFECT * float((values**2).mean()):
        raise EstimationError("The regression fits the whole sample without error: nothing can break in it.")
    sample = residual / scale
    sums = segment_sums(sample[None], basis, shortest)
    least, places = best_partitions(sums, most)
    perfect = np.flatnonzero(least[0] <= ROUNDING * len(values))
    if perfect.size:
        raise EstimationError(
            f"With {perfect[0]} break{'s' if perfect[0] > 1 else ''} the regression leaves no error to test against."
        )
    persistence = error_persistence(sample, basis, shortest, most) if hac else None
    errors = errors_after_breaks(sample, basis, shortest, most) if hac else None
    null = _null(basis, errors, shortest, most, persistence, draws, seed)
    statistics = np.array(
        [break_statistics(sample[None], basis, places[:, m, :m], hac=hac)[0] for m in range(1, most + 1)]
    )
    tests = [
        _test(f"sup-F of no break against {m}", statistics[m - 1], null[:, m - 1]) for m in range(1, most + 1)
    ]
    tests.append(_test("UDmax of no break against some", float(statistics.max()), null.max(axis=1)))
    found = int(tests[-1].p_value <= LEVEL)
    while 0 < found < most:
        test = _one_more(sample, basis, places[0, found, :found], shortest, errors, persistence, draws, seed)
        if test is None:
            break
        tests.append(test)
        if test.p_value > LEVEL:
            break
        found += 1
    found = found if number is None else number
    hac_or_not = persistence is not None
    regimes = fit_regimes(sample[None], basis, places[0, None, found, :found])
    borders = regimes.borders()
    if interval == "bai":
        bounds = [bai_interval(basis, regimes, place, hac=hac_or_not) for place in range(found)]
    else:
        bounds = [
            likelihood_ratio_interval(
                sums[0], borders[place : place + 2], shortest, _ratios(basis, regimes, place, hac_or_not)
            )
            for place in range(found)
        ]
    result = _result(
        values, design, labels, names, scale**2 * least[0], places[0], bounds, tests, persistence, shortest
    )
    return replace(result, outcome_words=outcome_words)


def _ratios(design: NDArray[np.float64], regimes: Regimes, place: int, hac: bool) -> tuple[float, float]:
    length, width = design.shape
    borders = regimes.borders()
    moved = design @ (regimes.coefficients[0, place + 1] - regimes.coefficients[0, place])
    lost = length / (length - len(borders) * width)
    return noise_ratios(moved * regimes.residual[0], moved**2, borders, place, hac=hac, lost=lost)


def _checked(
    outcome: Sequence[float] | NDArray[np.float64],
    regressors: NDArray[np.float64] | None,
    periods: Sequence[Period] | None,
    names: Sequence[str],
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[Period, ...]]:
    import numpy as np

    values = np.asarray(outcome, dtype=float)
    design = np.ones((len(values), 1)) if regressors is None else np.asarray(regressors, dtype=float)
    labels = tuple(range(1, len(values) + 1)) if periods is None else checked_periods(periods)
    if design.ndim != 2 or len(design) != len(values) or len(labels) != len(values):
        raise DataError(
            f"{len(values)} outcomes, {len(design)} rows of regressors, {len(labels)} periods: expected as many of each."
        )
    if design.shape[1] != len(names):
        raise DataError(f"{design.shape[1]} regressors and {len(names)} names.")
    wrong = np.flatnonzero(~(np.isfinite(values) & np.isfinite(design).all(axis=1)))
    if wrong.size:
        raise DataError(
            f"Period {labels[int(wrong[0])]} has no finite value; breaks need every period of the series.",
            remedy="Fill the gap from its source, or take the stretch without it.",
        )
    return values, design, labels


def _one_more(
    sample: NDArray[np.float64],
    basis: NDArray[np.float64],
    breaks: NDArray[np.int64],
    shortest: int,
    errors: NDArray[np.float64] | None,
    persistence: float | None,
    draws: int,
    seed: int,
) -> BreakTest | None:
    """Is there one break more inside some regime; None where none has room.

    Each regime's sup-F is judged by the law of one break in that regime, and the smallest of k p-values as the smallest of
    k independent ones: regimes share no period (Bai and Perron 1998, proposition 8, where all laws are one).
    """
    import numpy as np

    edges = [0, *breaks.tolist(), len(sample)]
    seen = []
    for first, last in pairwise(edges):
        if last - first < 2 * shortest:
            continue
        own, part = sample[None, first:last], basis[first:last]
        _, places = best_partitions(segment_sums(own, part, shortest), 1)
        statistic = float(break_statistics(own, part, places[:, 1, :1], hac=persistence is not None)[0])
        drawn = None if errors is None else errors[first:last]
        null = _null(part, drawn, shortest, 1, persistence, draws, seed)
        seen.append((_test("", statistic, null[:, 0]).p_value, -statistic, null[:, 0]))
    if not seen:
        return None
    p_value, negative, null_of_best = min(seen, key=lambda one: one[:2])
    several = len(seen)
    return BreakTest(
        f"sup-F of {len(breaks)} against {len(breaks) + 1}",
        -negative,
        float(np.quantile(null_of_best, (1 - LEVEL) ** (1 / several))),
        1 - (1 - p_value) ** several,
    )


def _null(
    basis: NDArray[np.float64],
    errors: NDArray[np.float64] | None,
    shortest: int,
    most: int,
    persistence: float | None,
    draws: int,
    seed: int,
) -> NDArray[np.float64]:
    if errors is None or persistence is None:
        return null_distribution(basis, shortest, most, draws=draws, seed=seed)
    return own_null_distribution(
        basis, errors, shortest, most, persistence=persistence, draws=draws, seed=seed
    )


def _test(name: str, statistic: float, null: NDArray[np.float64]) -> BreakTest:
    import numpy as np

    share = (1 + int((null >= statistic).sum())) / (len(null) + 1)
    return BreakTest(name, float(statistic), float(np.quantile(null, 1 - LEVEL)), share)


def _result(
    values: NDArray[np.float64],
    design: NDArray[np.float64],
    labels: tuple[Period, ...],
    names: Sequence[str],
    least: NDArray[np.float64],
    places: NDArray[np.int64],
    bounds: list[tuple[int, int]],
    tests: list[BreakTest],
    persistence: float | None,
    shortest: int,
) -> Breaks:
    import numpy as np

    length, width = design.shape
    hac = persistence is not None
    found = len(bounds)
    regimes = fit_regimes(values[None], design, places[None, found, :found])
    covariance = coefficient_covariances(regimes, design, hac=hac)[0]
    borders = regimes.borders()
    finite = np.where(np.isfinite(least), least, np.nan)
    counts = np.arange(len(least))
    criterion = length * (np.log(finite / length) + 1 + np.log(2 * np.pi)) + np.log(length) * (
        (counts + 1) * width + counts + 1
    )
    return Breaks(
        number=found,
        dates=tuple(labels[last - 1] for _, last in borders[:-1]),
        intervals=tuple((labels[max(lower, 0)], labels[min(upper, length - 1)]) for lower, upper in bounds),
        coefficients=regimes.coefficients[0],
        standard_errors=np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)),
        regimes=tuple((labels[first], labels[last - 1]) for first, last in borders),
        names=tuple(names),
        sum_of_squares=finite,
        bayesian_criterion=criterion,
        candidates=tuple(
            tuple(labels[place - 1] for place in places[m, :m].tolist()) for m in range(len(least))
        ),
        tests=tuple(tests),
        hac=hac,
        persistence=float("nan") if persistence is None else persistence,
        shortest=shortest,
        periods=labels,
        outcome=values,
        fitted=values - regimes.residual[0],
        findings=tuple(interval_findings(bounds, borders, shortest, labels)),
    )
