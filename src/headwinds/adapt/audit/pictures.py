"""Pictures of an audit: intervals of what was compared, each beside zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.intervals import draw_intervals
from headwinds.errors import EstimationError
from headwinds.phrases.catalogue import between, written

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headwinds.adapt.audit.bias import SwapResult
    from headwinds.adapt.audit.groups import GroupResult
    from headwinds.adapt.audit.report import AuditReport
    from headwinds.adapt.audit.robustness import Robustness

SHOWN = 12


def main_picture(report: AuditReport) -> Figure:
    """The picture that is shown first.

    Raises
    ------
    EstimationError
        Nothing was audited that can be drawn.
    """
    if report.robustness is not None and report.labelled:
        return robustness_picture(report.robustness)
    if any(one.changes for one in report.swaps):
        return swap_picture(next(one for one in report.swaps if one.changes))
    if report.groups:
        return group_picture(report.groups[0])
    raise EstimationError(
        "The audit holds nothing that is drawn.", remedy="Audit robustness with labels, swaps or groups."
    )


def robustness_picture(found: Robustness) -> Figure:
    """What each change costs in the main metric, with joint intervals."""
    rows = [(one.name, one.difference, one.joint_lower, one.joint_upper) for one in found.changes]
    return _drawn(rows, f"change of {found.metric.replace('_', ' ')}; joint 95 % intervals")


def swap_picture(found: SwapResult) -> Figure:
    """The largest changes of probability, with joint intervals."""
    rows = [
        (_name(written(one.group), one.label), one.change, one.joint_lower, one.joint_upper)
        for one in found.changes[:SHOWN]
    ]
    return _drawn(rows, f"change of probability by words of {found.name}; joint 95 % intervals")


def group_picture(found: GroupResult) -> Figure:
    """The widest gaps, with joint intervals."""
    widest = sorted(found.gaps, key=lambda one: (one.gap != one.gap, -abs(one.gap)))[:SHOWN]
    rows = [
        (_name(one.group, written(one.shown)), one.gap, one.joint_lower, one.joint_upper) for one in widest
    ]
    return _drawn(rows, f"gap to the rest by {found.column}; joint 95 % intervals")


def _name(group: str, what: str) -> str:
    return f"{group}{between()[0]}{what}"


def _drawn(rows: list[tuple[str, float, float, float]], axis: str) -> Figure:
    import pandas as pd

    return draw_intervals(pd.DataFrame(rows, columns=["name", "value", "lower", "upper"]), axis=axis)
