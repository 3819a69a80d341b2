"""What the search for breaks gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.contracts.result import Result, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

Period = int | str


OUTCOME = "the outcome"


@dataclass(frozen=True, slots=True)
class BreakTest:
    """One test: what it tests, the statistic, the simulated 5 % critical value, the p-value."""

    name: str
    statistic: float
    critical_value: float
    p_value: float

    def __str__(self) -> str:
        return f"{self.name}: {self.statistic:.2f}, 5 % critical value {self.critical_value:.2f}, p {self.p_value:.3f}"


def tests_table(tests: tuple[BreakTest, ...]) -> pd.DataFrame:
    """One row a test: `test`, `statistic`, `critical_value`, `p_value`."""
    import pandas as pd

    return pd.DataFrame(
        [(one.name, one.statistic, one.critical_value, one.p_value) for one in tests],
        columns=["test", "statistic", "critical_value", "p_value"],
    )


@dataclass(frozen=True, slots=True)
class Breaks(Result):
    """Breaks of a series.

    Attributes
    ----------
    number
        How many there are: 0 where UDmax does not reject, else by the sequential tests (Bai and Perron 1998, section 5);
        or as many as were asked for.
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
    persistence
        First-order autocorrelation of the errors for which critical values were simulated; NaN without `hac`.
    periods, outcome, fitted
        The series and what the regimes say of it, shape (periods,).
    outcome_words
        What the series is, in words.
    """

    number: int
    dates: tuple[Period, ...]
    intervals: tuple[tuple[Period, Period], ...]
    coefficients: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    regimes: tuple[tuple[Period, Period], ...]
    names: tuple[str, ...]
    sum_of_squares: NDArray[np.float64]
    bayesian_criterion: NDArray[np.float64]
    candidates: tuple[tuple[Period, ...], ...]
    tests: tuple[BreakTest, ...]
    hac: bool
    persistence: float
    shortest: int
    periods: tuple[Period, ...]
    outcome: NDArray[np.float64]
    fitted: NDArray[np.float64]
    findings: tuple[Finding, ...] = ()
    outcome_words: str = OUTCOME

    @property
    def table(self) -> pd.DataFrame:
        """One row a regime: first and last period, coefficients, and the interval of the break that ends it."""
        import pandas as pd

        rows = []
        for place, (first, last) in enumerate(self.regimes):
            row: dict[str, object] = {"first": first, "last": last}
            for column, name in enumerate(self.names):
                row[name] = self.coefficients[place, column]
                row[f"{name}_standard_error"] = self.standard_errors[place, column]
            lower, upper = self.intervals[place] if place < self.number else (None, None)
            rows.append({**row, "break_lower": lower, "break_upper": upper})
        return whole_numbers(pd.DataFrame(rows), "break_lower", "break_upper")

    @property
    def tests_table(self) -> pd.DataFrame:
        """One row a test: `test`, `statistic`, `critical_value`, `p_value`."""
        return tests_table(self.tests)

    def summary(self) -> str:
        """What was found, in words."""
        errors = (
            f"errors that hang together in time, persistence {number(self.persistence, 2)}"
            if self.hac
            else "independent errors"
        )
        lines = [
            f"{told(self.number)} in {self.outcome_words} ({len(self.periods)} periods, {errors}).",
            estimand(self.names, self.outcome_words, "one series"),
        ]
        for date, (lower, upper) in zip(self.dates, self.intervals, strict=True):
            lines.append(f"The regime changes after {date} (95 % interval {lower} to {upper}).")
        for place, (first, last) in enumerate(self.regimes):
            values = ", ".join(
                f"{name} {number(value)} ({number(error)})"
                for name, value, error in zip(
                    self.names, self.coefficients[place], self.standard_errors[place], strict=True
                )
            )
            lines.append(f"{first} to {last}: {values}")
        lines += [str(test) for test in self.tests]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The series, what each regime says of it, and a strip with the interval of each date."""
        from headwinds.drawing.regimes import draw_regimes

        axis = "" if self.outcome_words == OUTCOME else self.outcome_words
        return draw_regimes(self.periods, self.outcome, self.fitted, self.dates, self.intervals, axis=axis)


def estimand(names: Sequence[str], outcome_words: str, units: str) -> str:
    """What is estimated, from what, and what it does not say."""
    return (
        f"Estimated: {', '.join(names)} of {outcome_words} in each regime, of {units}, and when it changed, from its "
        "course in time alone. What happened at a date is associated with the change; that it made the change is not shown."
    )


def told(count: int) -> str:
    """How many breaks, as the beginning of a sentence."""
    return {0: "No break is found", 1: "One break is found"}.get(count, f"{count} breaks are found")


def whole_numbers(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Keep years years: a column of whole numbers with gaps is one of whole numbers."""
    for column in columns:
        known = [value for value in table[column] if value is not None and value == value]
        if all(isinstance(value, (int, float)) for value in known):
            table[column] = table[column].astype("Int64")
    return table
