"""What a look at live texts found: the tests, the labels' shares, calibration, and which texts to label next."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.continual.prior_shift import LabelShare
from headwinds.adapt.evaluation.evaluation_lines import with_bounds
from headwinds.adapt.evaluation.task_evaluation import read_interval
from headwinds.artifacts.write import write_json
from headwinds.contracts import Finding
from headwinds.contracts.result import Result, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FILE = "watch.json"
SHOWN = 15


@dataclass(frozen=True, slots=True)
class ShiftTest:
    """One test of a look.

    Attributes
    ----------
    name
        "inputs" (where the encoder sees the texts), "outputs" (the model's probabilities), "calibration" (how right and how
        sure it is, where labels are given).
    statistic, p_value, adjusted
        The p-value by permutation, and adjusted for the tests of the look (Holm); NaN where nothing could be tested.
    reference, live
        How many texts were compared.
    permutations
        Drawn.
    """

    name: str
    statistic: float
    p_value: float
    adjusted: float
    reference: int
    live: int
    permutations: int


@dataclass(frozen=True, slots=True)
class CalibrationSeen:
    """On labelled texts of one side: accuracy, mean probability of what was answered, Brier score; NaN without labels."""

    side: str
    texts: int
    accuracy: float
    confidence: float
    brier: float


@dataclass(frozen=True, slots=True)
class WatchReport(Result):
    """One look.

    Attributes
    ----------
    look, level
        Its number, and the chance of a false alarm that it may spend.
    alpha, looks
        Of all looks together, and how many were planned (0: none).
    tests
        The tests.
    shares
        Of labels; empty where the task gives none.
    calibration
        Of the reference and the live texts that have labels.
    proposals
        Ids of the live texts to label next, the most wanted first.
    findings
        What to weigh.
    group, reference_documents, live_documents
        The column whose values changed sides together, "" where every row did so alone; and how many there were.
    """

    look: int
    level: float
    alpha: float
    looks: int
    tests: tuple[ShiftTest, ...]
    shares: tuple[LabelShare, ...]
    calibration: tuple[CalibrationSeen, ...]
    proposals: tuple[str, ...]
    findings: tuple[Finding, ...] = field(default=())
    group: str = ""
    reference_documents: int = 0
    live_documents: int = 0

    @property
    def raised(self) -> bool:
        """Whether a test says that something shifted."""
        return any(self.raises(one) for one in self.tests)

    def raises(self, test: ShiftTest) -> bool:
        """Whether one test does."""
        return test.adjusted <= self.level

    @property
    def table(self) -> pd.DataFrame:
        """One row a test: `test`, `statistic`, `p_value`, `adjusted`, `level`, `shifted`, `reference`, `live`."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "test": one.name,
                    "statistic": one.statistic,
                    "p_value": one.p_value,
                    "adjusted": one.adjusted,
                    "level": self.level,
                    "shifted": self.raises(one),
                    "reference": one.reference,
                    "live": one.live,
                }
                for one in self.tests
            ]
        )

    @property
    def share_table(self) -> pd.DataFrame:
        """One row a label: its share in `reference` and `live` texts and the `difference`, with bounds."""
        import pandas as pd

        rows = []
        for one in self.shares:
            row: dict[str, Any] = {"label": one.label}
            for name in ("reference", "live", "difference"):
                item = getattr(one, name)
                row |= {name: item.value, f"{name}_lower": item.lower, f"{name}_upper": item.upper}
            rows.append(row)
        return pd.DataFrame(rows)

    def summary(self) -> str:
        """The verdict, a line a test, what moved most."""
        plan = f"of {self.looks} planned" if self.looks else "of a watch without end"
        verdict = "SHIFTED" if self.raised else "No shift is shown"
        lines = [
            f"{verdict}: look {self.look} {plan} may spend {self.level:.2g} of alpha {self.alpha:g}.",
            *(self._sentence(one) for one in self.tests),
        ]
        if self.group:
            lines.append(
                f"  Rows of one {self.group} changed sides together: {self.reference_documents:,} values in the reference, "
                f"{self.live_documents:,} in the live texts."
            )
        lines += [
            f"  {one.label}: share {one.reference.value:.3f} before, now {one.live.value:.3f}; difference "
            f"{with_bounds(one.difference, form='+.3f')}, if only the labels' shares moved."
            for one in self._moved()[:5]
        ]
        lines += [
            f"  {one.side}: {one.texts} labelled texts, accuracy {number(one.accuracy)}, mean probability "
            f"{number(one.confidence)}, Brier score {number(one.brier)}."
            for one in self.calibration
        ]
        if self.proposals:
            lines.append(
                f"Label next: {'; '.join(self.proposals[:5])}{'; ...' if len(self.proposals) > 5 else ''}."
            )
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def _sentence(self, test: ShiftTest) -> str:
        if test.p_value != test.p_value:
            return f"  {test.name}: not tested."
        said = "shifted" if self.raises(test) else "no shift shown"
        return (
            f"  {test.name}: {said}; p = {test.p_value:.2g}, {test.adjusted:.2g} for all tests of the look "
            f"({test.reference} reference and {test.live} live texts)."
        )

    def _moved(self) -> list[LabelShare]:
        return sorted(self.shares, key=lambda one: (-abs(one.difference.value), one.label))

    def plot(self) -> Figure:
        """The labels whose shares moved most, with intervals; without labels the p-values' size."""
        import pandas as pd

        from headwinds.drawing.intervals import draw_intervals

        rows = [{"name": one.label, **asdict(one.difference)} for one in self._moved()[:SHOWN]]
        if rows:
            return draw_intervals(
                pd.DataFrame(rows), axis="change of the label's share among live texts, 95% interval"
            )
        import math

        sizes = [
            {
                "name": one.name,
                "value": -math.log10(one.adjusted),
                "lower": 0.0,
                "upper": -math.log10(one.adjusted),
            }
            for one in self.tests
            if one.adjusted == one.adjusted
        ]
        axis = f"evidence of a shift: -log10 of the adjusted p-value; an alarm is beyond {-math.log10(self.level):.2f}"
        return draw_intervals(pd.DataFrame(sizes), axis=axis)


def write_report(report: WatchReport, folder: Path) -> None:
    """Into ``watch.json``."""
    write_json(folder / FILE, asdict(report), allow_missing=True)


def read_watch(folder: Path) -> WatchReport:
    """Read what `write_report` wrote; equal to it."""
    plain = json.loads((folder / FILE).read_text(encoding="utf-8"))
    plain["tests"] = tuple(ShiftTest(**_numbers(one)) for one in plain["tests"])
    plain["shares"] = tuple(
        LabelShare(one["label"], *(read_interval(one[name]) for name in ("reference", "live", "difference")))
        for one in plain["shares"]
    )
    plain["calibration"] = tuple(CalibrationSeen(**_numbers(one)) for one in plain["calibration"])
    plain["proposals"] = tuple(plain["proposals"])
    plain["findings"] = tuple(Finding(**one) for one in plain["findings"])
    return WatchReport(**plain)


def _numbers(plain: dict[str, Any]) -> dict[str, Any]:
    return {name: float("nan") if value is None else value for name, value in plain.items()}
