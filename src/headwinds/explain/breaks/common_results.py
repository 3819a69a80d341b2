"""What the search for common breaks of a panel gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.contracts.result import Result, number
from headwinds.explain.breaks.results import (
    OUTCOME,
    BreakTest,
    Period,
    estimand,
    tests_table,
    told,
    whole_numbers,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class CommonBreaks(Result):
    """Breaks that the entities of a panel share.

    Attributes
    ----------
    number, dates, regimes, names, tests, hac, persistence, shortest, periods
        As in `Breaks`.
    intervals
        95 % interval of each date, (first, last).
    coefficients, standard_errors
        Means over entities, shape (regimes, coefficients); errors over time, what entities share included.
    entities, by_entity
        Codes, and each entity's own coefficients, shape (entities, regimes, coefficients).
    outcome, fitted
        Shape (entities, periods).
    unavailable
        Entities left out because they lack a period.
    outcome_words
        What the series is, in words.
    """

    number: int
    dates: tuple[Period, ...]
    intervals: tuple[tuple[Period, Period], ...]
    regimes: tuple[tuple[Period, Period], ...]
    names: tuple[str, ...]
    coefficients: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    entities: tuple[str, ...]
    by_entity: NDArray[np.float64]
    tests: tuple[BreakTest, ...]
    hac: bool
    persistence: float
    shortest: int
    periods: tuple[Period, ...]
    outcome: NDArray[np.float64]
    fitted: NDArray[np.float64]
    unavailable: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    outcome_words: str = OUTCOME

    @property
    def table(self) -> pd.DataFrame:
        """One row a regime: its periods, mean coefficients, the interval of the break that ends it, and who fell there."""
        import numpy as np
        import pandas as pd

        rows = []
        for place, (first, last) in enumerate(self.regimes):
            row: dict[str, object] = {"first": first, "last": last}
            for column, name in enumerate(self.names):
                row[name] = self.coefficients[place, column]
                row[f"{name}_standard_error"] = self.standard_errors[place, column]
            lower, upper = self.intervals[place] if place < self.number else (None, None)
            fell = None
            if place < self.number:
                fell = int(np.sum(self.by_entity[:, place + 1, 0] < self.by_entity[:, place, 0]))
            rows.append({**row, "break_lower": lower, "break_upper": upper, "entities_that_fell": fell})
        return whole_numbers(pd.DataFrame(rows), "break_lower", "break_upper", "entities_that_fell")

    @property
    def entity_table(self) -> pd.DataFrame:
        """One row an entity and regime: `entity`, `first`, `last`, and its own coefficients."""
        import pandas as pd

        rows = [
            (entity, first, last, *self.by_entity[i, place])
            for i, entity in enumerate(self.entities)
            for place, (first, last) in enumerate(self.regimes)
        ]
        return pd.DataFrame(rows, columns=["entity", "first", "last", *self.names])

    @property
    def tests_table(self) -> pd.DataFrame:
        """One row a test: `test`, `statistic`, `critical_value`, `p_value`."""
        return tests_table(self.tests)

    def summary(self) -> str:
        """What was found, in words."""
        lines = [
            f"{told(self.number)} that {len(self.entities)} entities share ({self.periods[0]} to {self.periods[-1]}"
            + (f", persistence of errors {number(self.persistence, 2)})." if self.hac else ")."),
            estimand(self.names, self.outcome_words, f"{len(self.entities)} entities together"),
        ]
        for place, (date, (lower, upper)) in enumerate(zip(self.dates, self.intervals, strict=True)):
            fell = self.table["entities_that_fell"].iloc[place]
            lines += [
                f"The regime changes after {date} (95 % interval {lower} to {upper}); "
                f"{self.names[0]} is lower after it in {int(fell)} of {len(self.entities)}."
            ]
        for place, (first, last) in enumerate(self.regimes):
            values = ", ".join(
                f"{name} {number(self.coefficients[place, column])} ({number(self.standard_errors[place, column])})"
                for column, name in enumerate(self.names)
            )
            lines.append(f"{first} to {last}, mean over entities: {values}")
        lines += [str(test) for test in self.tests]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """Each entity faintly, their mean, its regimes, and a strip with the interval of each date."""
        from headwinds.drawing.regimes import draw_regimes

        return draw_regimes(
            self.periods,
            self.outcome.mean(axis=0),
            self.fitted.mean(axis=0),
            self.dates,
            self.intervals,
            others=self.outcome,
            axis="" if self.outcome_words == OUTCOME else self.outcome_words,
        )
