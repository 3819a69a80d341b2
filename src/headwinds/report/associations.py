"""Which indices growth goes with, one by one and read together; the report's answer and the brief say the same of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from headwinds.report.formats import show, show_interval

if TYPE_CHECKING:
    from headwinds.report.cells import Cell, ReportTable
    from headwinds.report.content import RegressionFacts
    from headwinds.report.messages import Messages

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Associations:
    """What the corrected coefficients say.

    Attributes
    ----------
    tested
        How many have an interval.
    apart
        Those whose own 95 % interval leaves out zero, each with it, as text.
    together
        Names of those whose interval does so too when widened for reading all of them at once (Bonferroni).
    smallest
        The smallest effect that the design could have been expected to find, as text.
    """

    tested: int
    apart: tuple[str, ...]
    together: tuple[str, ...]
    smallest: str


def read_associations(
    regression: RegressionFacts, tables: Mapping[str, ReportTable], messages: Messages
) -> Associations:
    """Of the coefficients that have an interval."""
    columns = ("corrected_value", "corrected_lower", "corrected_upper")
    known = [
        record
        for record in tables["coefficients"].records()
        if None not in [record[name] for name in columns]
    ]
    estimate = regression.corrected
    together = estimate.confidence_interval(1 - (1 - LEVEL) / max(len(known), 1))
    bounds = dict(zip(estimate.names, together.tolist(), strict=True))
    apart = [record for record in known if leaves_out_zero(*[_number(record[name]) for name in columns[1:]])]
    effects = [
        _number(value)
        for value in tables["minimum-detectable-effects"].column("minimum_detectable_effect")
        if value is not None
    ]
    return Associations(
        tested=len(known),
        apart=tuple(
            f"{record['name']} "
            + show_interval(
                record["corrected_value"],
                record["corrected_lower"],
                record["corrected_upper"],
                "number",
                messages,
            )
            for record in apart
        ),
        together=tuple(
            str(record["name"]) for record in apart if leaves_out_zero(*bounds[str(record["name"])])
        ),
        smallest=show(min(effects, default=None), "number", messages),
    )


def widened(value: float, lower: float, upper: float, tested: int) -> tuple[float, float]:
    """An interval of 95 % widened for reading so many of them at once (Bonferroni, by the normal distribution)."""
    wider = reach_of(tested)
    return value - wider * (value - lower), value + wider * (upper - value)


def reach_of(tested: int) -> float:
    """By what an interval of 95 % is wider for reading so many of them at once."""
    normal = NormalDist()
    return normal.inv_cdf(1 - (1 - LEVEL) / (2 * max(tested, 1))) / normal.inv_cdf((1 + LEVEL) / 2)


def alone_or(key: str, tested: int) -> str:
    """The key of a sentence about so many indices, in its form for a single one."""
    return f"{key}_alone" if tested == 1 else key


def leaves_out_zero(lower: float, upper: float) -> bool:
    """Whether an interval does."""
    return lower > 0 or upper < 0


def _number(value: Cell) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
