"""The answer to one diagnostic question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from headwinds.contracts.finding import Finding

MOST_DRAWN = 40


@dataclass(frozen=True, slots=True)
class Diagnostic(Result):
    """One question about an index.

    Attributes
    ----------
    name
        Of the diagnostic; its table is written under it.
    question
        In words: what `value` is in the table.
    table
        `name`, `value`, `lower`, `upper` (NaN where no interval is defended), and what else there is to say.
    """

    name: str
    question: str
    table: pd.DataFrame
    findings: tuple[Finding, ...] = ()

    def summary(self) -> str:
        """The question, how many rows answer it, and what was found."""
        return "\n".join(
            [f"{self.question} {len(self.table)} rows.", *(str(finding) for finding in self.findings)]
        )

    def plot(self) -> Figure:
        """The first rows of the table as points with their intervals."""
        from headwinds.drawing.intervals import draw_intervals

        return draw_intervals(self.table.head(MOST_DRAWN), axis=self.question)
