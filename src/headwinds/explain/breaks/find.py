"""Breaks in a linear regression: how many, when, and how sure (Bai and Perron 1998, 2003).

The tests are sup-F of no break against m, their largest (UDmax), and sup-F of one break more. Critical values are
simulated on the sample's own regressors and length, with independent normal errors: for errors of that kind the size of a
test is exact in any sample (Dufour 2006); with `hac` it is that of the common limit law.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.breaks.covariance import long_run_covariance
from headwinds.explain.breaks.dates import argmax_quantiles
from headwinds.explain.breaks.partition import best_partitions, segment_borders, segment_sums

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

LEVEL = 0.05
DRAWS = 999
AT_ONCE = 2e7


@dataclass(frozen=True, slots=True)
class BreakTest:
    """One test: what it tests, the statistic, the simulated 5 % critical value, the p-value."""

    name: str
    statistic: float
    critical_value: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Breaks:
    """Breaks of a series.

    Attributes
    ----------
    number
        How many there are, by the sequential tests (Bai and Perron 1998, section 5): 0 where UDmax does not reject.
    dates
        The last period of the regime before each break, from the earliest.
    intervals
        95 % interval of each, (first, last), widened to whole periods and kept within the sample.
    coefficients, standard_errors
        Shape (regimes, coefficients).
    regimes
        First and last period of each regime.
    names
        Of the coefficients.
    sum_of_squares
        For 0, 1, ... breaks, NaN where so many do not fit.
    bayesian_criterion
        Of the same (Yao 1988): its least is another choice of the number.
    candidates
        For each number of breaks, the last period before each.
    tests
        What was tested, in the order of reading.
    """

    number: int
    dates: tuple[int | str, ...]
    intervals: tuple[tuple[int | str, int | str], ...]
    coefficients: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    regimes: tuple[tuple[int | str, int | str], ...]
    names: tuple[str, ...]
    sum_of_squares: NDArray[np.float64]
    bayesian_criterion: NDArray[np.float64]
    candidates: tuple[tuple[int | str, ...], ...]
    tests: tuple[BreakTest, ...]
    hac: bool
    shortest: int
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a regime: first and last period, coefficients, and the interval of the break that ends it."""
        import pandas as pd

        rows = []
        for number, (first, last) in enumerate(self.regimes):
            row: dict[str, object] = {"first": first, "last": last}
            for place, name in enumerate(self.names):
                row[name] = self.coefficients[number, place]
                row[f"{name}_standard_error"] = self.standard_errors[number, place]
            ends = number < self.number
            row["break_lower"] = self.intervals[number][0] if ends else None
            row["break_upper"] = self.intervals[number][1] if ends else None
            rows.append(row)
        return pd.DataFrame(rows)

    def summary(self) -> str:
        """What was found, in words."""
        told = {0: "No break is found", 1: "One break is found"}.get(
            self.number, f"{self.number} breaks are found"
        )
        lines = [f"{told} ({'errors may hang together in time' if self.hac else 'independent errors'})."]
        for date, (lower, upper) in zip(self.dates, self.intervals, strict=True):
            lines.append(f"The regime changes after {date} (95 % interval {lower} to {upper}).")
        for number, (first, last) in enumerate(self.regimes):
            values = ", ".join(
                f"{name} {value:.3f} ({error:.3f})"
                for name, value, error in zip(
                    self.names, self.coefficients[number], self.standard_errors[number], strict=True
                )
            )
            lines.append(f"{first} to {last}: {values}")
        for test in self.tests:
            lines.append(
                f"{test.name}: {test.statistic:.2f}, 5 % critical value {test.critical_value:.2f}, p {test.p_value:.3f}"
            )
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])


def find_breaks(
    outcome: Sequence[float] | NDArray[np.float64],
    regressors: NDArray[np.float64] | None = None,
    *,
    periods: Sequence[int | str] | None = None,
    names: Sequence[str] = ("mean",),
    most: int = 5,
    trimming: float = 0.15,
    hac: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
) -> Breaks:
    """Find the breaks of a regression whose coefficients all may change; without regressors, of a mean.

    Parameters
    ----------
    outcome
        Shape (periods,), in order of time, no gaps.
    regressors
        Shape (periods, coefficients); a constant is not added.
    periods
        Their names, for instance years; else 1, 2, ...
    most
        The largest number of breaks looked for.
    trimming
        The shortest regime, as a share of the sample.
    hac
        Whether errors may be heteroskedastic and hang together in time; see `long_run_covariance`.
    draws, seed
        Of the simulated null distribution.

    Raises
    ------
    DataError
        A value is missing or infinite, or lengths differ.
    SettingsError
        Trimming or number of breaks cannot be.
    EstimationError
        The regressors are collinear in a stretch as long as the shortest regime.

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
    length, width = design.shape
    if not 0.05 <= trimming < 0.5:
        raise SettingsError(f"trimming = {trimming}: expected a share of at least 0.05 and below 0.5.")
    shortest = max(int(trimming * length), width + 1)
    fitting = length // shortest - 1
    if most < 1 or fitting < 1:
        raise SettingsError(
            f"{length} periods and regimes of at least {shortest} leave no room for a break.",
            remedy="Take a longer series or a smaller trimming.",
        )
    most = min(most, fitting)
    _refuse_collinear(design, shortest, names)
    sums = segment_sums(values[None], design, shortest)
    least, places = best_partitions(sums, most)
    sup_f = np.array([_f(values, design, places[0, m, :m], hac) for m in range(1, most + 1)])
    null = _null_distribution(design, shortest, most, draws, seed)
    tests = [
        _test(f"sup-F of no break against {m}", sup_f[m - 1], null[:, m - 1]) for m in range(1, most + 1)
    ]
    tests.append(_test("UDmax of no break against some", float(sup_f.max()), null.max(axis=1)))
    found = 0
    if tests[-1].p_value <= LEVEL:
        found = 1
        for number in range(1, most):
            more = _one_more(values, design, places[0, number, :number], shortest, hac)
            if not np.isfinite(more):
                break
            tests.append(_sequential(number, more, null[:, 0]))
            if tests[-1].p_value > LEVEL:
                break
            found = number + 1
    return _result(values, design, labels, names, least[0], places[0], found, tests, hac, shortest)


def _checked(
    outcome: Sequence[float] | NDArray[np.float64],
    regressors: NDArray[np.float64] | None,
    periods: Sequence[int | str] | None,
    names: Sequence[str],
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[int | str, ...]]:
    import numpy as np

    values = np.asarray(outcome, dtype=float)
    design = np.ones((len(values), 1)) if regressors is None else np.asarray(regressors, dtype=float)
    labels = tuple(range(1, len(values) + 1)) if periods is None else tuple(periods)
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


def _refuse_collinear(design: NDArray[np.float64], shortest: int, names: Sequence[str]) -> None:
    import numpy as np

    scale = np.sqrt((design**2).mean(axis=0))
    for first in range(len(design) - shortest + 1):
        part = design[first : first + shortest] / np.where(scale > 0, scale, 1.0)
        smallest = np.linalg.svd(part, compute_uv=False)[-1]
        if smallest < 1e-8 * np.sqrt(shortest):
            raise EstimationError(
                f"{', '.join(names)} are collinear in the {shortest} periods from number {first + 1}.",
                remedy="Leave one out, or raise the trimming.",
            )


def _fit(
    values: NDArray[np.float64], design: NDArray[np.float64], borders: Sequence[tuple[int, int]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients of each segment, shape (segments, coefficients), and residuals, shape (periods,)."""
    import numpy as np

    residual = np.empty_like(values)
    coefficients = []
    for first, last in borders:
        found = np.linalg.lstsq(design[first:last], values[first:last], rcond=None)[0]
        residual[first:last] = values[first:last] - design[first:last] @ found
        coefficients.append(found)
    return np.array(coefficients), residual


def _covariances(
    design: NDArray[np.float64], residual: NDArray[np.float64], borders: Sequence[tuple[int, int]], hac: bool
) -> NDArray[np.float64]:
    """Covariance of each segment's coefficients, shape (segments, k, k)."""
    import numpy as np

    length, width = design.shape
    degrees = length - len(borders) * width
    inverse = [np.linalg.inv(design[first:last].T @ design[first:last]) for first, last in borders]
    if not hac:
        plain: NDArray[np.float64] = np.array(inverse) * float(residual @ residual) / degrees
        return plain
    meat = long_run_covariance(design * residual[:, None], hac=True) * length / degrees
    sandwiches: NDArray[np.float64] = np.array(
        [one @ (meat * (last - first)) @ one for one, (first, last) in zip(inverse, borders, strict=True)]
    )
    return sandwiches


def _f(
    values: NDArray[np.float64], design: NDArray[np.float64], breaks: NDArray[np.int64], hac: bool
) -> float:
    """F of equal coefficients in all segments (Bai and Perron 1998, eq. 11)."""
    import numpy as np

    length, width = design.shape
    borders = segment_borders(breaks, length)
    coefficients, residual = _fit(values, design, borders)
    if not hac:
        _, whole = _fit(values, design, [(0, length)])
        degrees = length - len(borders) * width
        gain = float(whole @ whole - residual @ residual)
        return float(gain / (len(breaks) * width) / (float(residual @ residual) / degrees))
    covariance = _covariances(design, residual, borders, hac)
    segments = len(borders)
    full = np.zeros((segments * width, segments * width))
    for number in range(segments):
        place = slice(number * width, (number + 1) * width)
        full[place, place] = covariance[number]
    change = np.kron(np.diff(np.eye(segments), axis=0), np.eye(width))
    moved = change @ coefficients.ravel()
    return float(moved @ np.linalg.solve(change @ full @ change.T, moved) / (len(breaks) * width))


def _one_more(
    values: NDArray[np.float64],
    design: NDArray[np.float64],
    breaks: NDArray[np.int64],
    shortest: int,
    hac: bool,
) -> float:
    """Largest sup-F of one break inside a segment; minus infinity where no segment has room."""
    import numpy as np

    best = -np.inf
    for first, last in segment_borders(breaks, len(values)):
        if last - first < 2 * shortest:
            continue
        own, part = values[first:last], design[first:last]
        _, places = best_partitions(segment_sums(own[None], part, shortest), 1)
        best = max(best, _f(own, part, places[0, 1, :1], hac))
    return best


def _null_distribution(
    design: NDArray[np.float64], shortest: int, most: int, draws: int, seed: int
) -> NDArray[np.float64]:
    """sup-F of 1 to `most` breaks where there is none, shape (draws, most)."""
    import numpy as np

    length, width = design.shape
    generator = np.random.default_rng(seed)
    chunk = max(1, int(AT_ONCE // length**2))
    found = []
    for start in range(0, draws, chunk):
        noise = generator.standard_normal((min(chunk, draws - start), length))
        least, _ = best_partitions(segment_sums(noise, design, shortest), most)
        number = np.arange(1, most + 1)
        degrees = length - (number + 1) * width
        with np.errstate(invalid="ignore"):
            found.append((least[:, :1] - least[:, 1:]) / (number * width) / (least[:, 1:] / degrees))
    return np.concatenate(found)


def _test(name: str, statistic: float, null: NDArray[np.float64]) -> BreakTest:
    import numpy as np

    share = (1 + int((null >= statistic).sum())) / (len(null) + 1)
    return BreakTest(name, float(statistic), float(np.quantile(null, 1 - LEVEL)), share)


def _sequential(number: int, statistic: float, null: NDArray[np.float64]) -> BreakTest:
    """One of `number` + 1 segments breaks: each has the law of one break, and they are independent in the limit."""
    import numpy as np

    single = (1 + int((null >= statistic).sum())) / (len(null) + 1)
    several = 1 - (1 - single) ** (number + 1)
    critical = float(np.quantile(null, (1 - LEVEL) ** (1 / (number + 1))))
    return BreakTest(f"sup-F of {number} against {number + 1}", statistic, critical, several)


def _result(
    values: NDArray[np.float64],
    design: NDArray[np.float64],
    labels: tuple[int | str, ...],
    names: Sequence[str],
    least: NDArray[np.float64],
    places: NDArray[np.int64],
    found: int,
    tests: list[BreakTest],
    hac: bool,
    shortest: int,
) -> Breaks:
    import numpy as np

    length, width = design.shape
    borders = segment_borders(places[found, :found], length)
    coefficients, residual = _fit(values, design, borders)
    covariance = _covariances(design, residual, borders, hac)
    intervals, findings = [], []
    for number in range(found):
        lower, upper = _date_interval(design, residual, coefficients, borders, number, hac)
        intervals.append((labels[max(lower, 0)], labels[min(upper, length - 1)]))
        if lower < borders[number][0] or upper >= borders[number + 1][1]:
            findings.append(
                Finding(
                    "W410",
                    f"The date after {labels[borders[number][1] - 1]} is so unsure that its interval reaches into another "
                    "regime.",
                    "Read the breaks next to it with care.",
                )
            )
    with np.errstate(divide="ignore", invalid="ignore"):
        number_of = np.arange(len(least))
        criterion = length * (np.log(least / length) + 1 + np.log(2 * np.pi)) + np.log(length) * (
            (number_of + 1) * width + number_of + 1
        )
    return Breaks(
        number=found,
        dates=tuple(labels[last - 1] for _, last in borders[:-1]),
        intervals=tuple(intervals),
        coefficients=coefficients,
        standard_errors=np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)),
        regimes=tuple((labels[first], labels[last - 1]) for first, last in borders),
        names=tuple(names),
        sum_of_squares=np.where(np.isfinite(least), least, np.nan),
        bayesian_criterion=np.where(np.isfinite(least), criterion, np.nan),
        candidates=tuple(
            tuple(labels[place - 1] for place in places[m, :m].tolist()) for m in range(len(least))
        ),
        tests=tuple(tests),
        hac=hac,
        shortest=shortest,
        findings=tuple(findings),
    )


def _date_interval(
    design: NDArray[np.float64],
    residual: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    borders: Sequence[tuple[int, int]],
    number: int,
    hac: bool,
) -> tuple[int, int]:
    """Positions between which the last period before a break lies with 95 %."""
    import numpy as np

    change = coefficients[number + 1] - coefficients[number]
    moved, noise = [], []
    whole = float(residual @ residual) / len(residual)
    for first, last in borders[number : number + 2]:
        part = design[first:last]
        second = part.T @ part / (last - first)
        moved.append(float(change @ second @ change))
        if hac:
            long_run = long_run_covariance(part * residual[first:last, None], hac=True)
            noise.append(float(change @ long_run @ change))
        else:
            noise.append(whole * moved[-1])
    phi = [np.sqrt(noise[side] / moved[side]) for side in (0, 1)]
    low, high = argmax_quantiles(0.95, xi=moved[1] / moved[0], phi_ratio=phi[1] / phi[0])
    unit = moved[0] ** 2 / noise[0]
    last = borders[number][1] - 1
    return int(np.floor(last - high / unit)), int(np.ceil(last - low / unit))
