"""One stress test of an attribution, and several: what was varied, what came out, a verdict in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.contracts.result import Result, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class StressTest(Result):
    """The part of a change that goes with something, under variations of one choice.

    Attributes
    ----------
    table
        A row a variation: `name`, `value`, `lower`, `upper` (95 %; NaN where the variation has no interval of its own), and
        what else describes it.
    test
        What was varied.
    part
        Whose part: a headwind, or "all headwinds".
    estimate
        The part as it stands in the attribution.
    passed
        Whether the verdict is good.
    verdict
        In words.
    """

    table: pd.DataFrame
    test: str
    part: str
    estimate: float
    units: str
    passed: bool
    verdict: str

    def summary(self) -> str:
        """The verdict, with the estimate that it is about."""
        told = f"the part associated with {self.part} is {number(self.estimate)} ({self.units})"
        return f"{self.test}: {told}; {self.verdict}."

    def plot(self) -> Figure:
        """Every variation, with the estimate as a line."""
        from headwinds.drawing.variations import draw_variations

        return draw_variations(self.table, estimate=self.estimate, axis=f"part of {self.part}, {self.units}")


@dataclass(frozen=True, slots=True)
class StressTests(Result):
    """Several tests of the same attribution."""

    tests: tuple[StressTest, ...]

    @property
    def table(self) -> pd.DataFrame:
        """A row a test: `name`, `part`, `estimate`, `lowest`, `highest` (over its variations), `passed`, `verdict`."""
        import pandas as pd

        return pd.DataFrame(
            {
                "name": [one.test for one in self.tests],
                "part": [one.part for one in self.tests],
                "estimate": [one.estimate for one in self.tests],
                "lowest": [float(_values(one).min()) for one in self.tests],
                "highest": [float(_values(one).max()) for one in self.tests],
                "passed": [one.passed for one in self.tests],
                "verdict": [one.verdict for one in self.tests],
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One finding a test that was not passed."""
        return tuple(
            Finding("W448", f"{one.test}: {one.verdict}.", "Do not state the part without this.")
            for one in self.tests
            if not one.passed
        )

    def summary(self) -> str:
        """All verdicts."""
        return "\n".join(
            [*(one.summary() for one in self.tests), *(str(finding) for finding in self.findings)]
        )

    def plot(self) -> Figure:
        """The range of each test around the estimate."""
        from headwinds.drawing.variations import draw_variations

        shown = self.table.rename(columns={"lowest": "lower", "highest": "upper"}).assign(
            value=self.table["estimate"]
        )
        one = self.tests[0]
        return draw_variations(
            shown, estimate=one.estimate, axis=f"part of {one.part}, {one.units}: range over variations"
        )


def _values(test: StressTest) -> pd.Series:
    """The part under every variation; a difference between variations is none."""
    return test.table.loc[test.table["name"] != DIFFERENCE, "value"]
