"""An interval without an end is drawn to the edge of the picture, with an arrow there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

BEYOND = 0.15
"""How far beyond the other ends the edge lies, as a share of what they span."""


def edges(values: Iterable[float]) -> tuple[float, float]:
    """Where lines without an end are cut: a little beyond the finite values and zero."""
    finite = [0.0, *(float(value) for value in values if abs(value) < float("inf"))]
    reach = BEYOND * ((max(finite) - min(finite)) or 1.0)
    return min(finite) - reach, max(finite) + reach


def draw_span(
    axes: Axes, lower: float, upper: float, place: float, *, colour: str, at: tuple[float, float]
) -> None:
    """A horizontal line from end to end, cut at the edges `at` with an arrow."""
    ends = [max(lower, at[0]), min(upper, at[1])]
    axes.plot(ends, [place, place], color=colour, linewidth=1.6)
    for end, value, marker in ((ends[0], lower, "<"), (ends[1], upper, ">")):
        if abs(value) == float("inf"):
            axes.plot([end], [place], marker, color=colour, markersize=5)
