"""A series, the regimes it goes through, and a strip that shows how sure the date of each change is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from headwinds.drawing.canvas import FAINT, INK, PALETTE, new_figure, style, wrapped

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

TICKS = 9
ROOM = 0.35  # share of the axis that the words beside an interval take


def draw_regimes(
    periods: Sequence[int | str],
    outcome: NDArray[np.float64],
    fitted: NDArray[np.float64],
    dates: Sequence[int | str],
    intervals: Sequence[tuple[int | str, int | str]],
    *,
    others: NDArray[np.float64] | None = None,
    axis: str = "",
) -> Figure:
    """Draw a series over its regimes.

    Parameters
    ----------
    fitted
        What the regimes say, one value a period; drawn with a gap at each change.
    dates
        The last period before each change.
    intervals
        The interval of each, first and last period.
    others
        Series drawn faintly behind, for instance of each country.
    """
    place = {period: number for number, period in enumerate(periods)}
    starts = [0, *(place[date] + 1 for date in dates), len(periods)]
    with style():
        figure = new_figure(6.5, 3.9 if dates else 3.3)
        ratios = [1.0, 0.10 + 0.06 * len(dates)] if dates else [1.0]
        rows = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
        axes = rows[0]
        for other in () if others is None else others:
            axes.plot(range(len(periods)), other, color=FAINT, linewidth=0.5, alpha=0.35)
        axes.plot(range(len(periods)), outcome, color=INK, linewidth=1.0, marker=".", markersize=3)
        for first, last in pairwise(starts):
            axes.plot(range(first, last), fitted[first:last], color=PALETTE[1], linewidth=2.2)
        for date, (lower, upper) in zip(dates, intervals, strict=True):
            axes.axvspan(place[lower] + 0.5, place[upper] + 0.5, color=PALETTE[0], alpha=0.10, linewidth=0)
            axes.axvline(place[date] + 0.5, color=PALETTE[0], linewidth=1.0, linestyle=(0, (4, 2)))
        if others is not None:
            # A few extreme countries must not flatten all others.
            import numpy as np

            low, high = np.quantile(others, [0.02, 0.98])
            axes.set_ylim(min(low, outcome.min()), max(high, outcome.max()))
        axes.set_ylabel(wrapped(axis))
        if dates:
            _strip(rows[1], place, dates, intervals)
        step = max(1, round(len(periods) / TICKS))
        shown = range(0, len(periods), step)
        rows[-1].set_xticks(list(shown), [str(periods[number]) for number in shown])
    return figure


def _strip(
    axes: Any,
    place: dict[int | str, int],
    dates: Sequence[int | str],
    intervals: Sequence[tuple[int | str, int | str]],
) -> None:
    """One row a change: its interval, and the last period before it, written beside."""
    for row, (date, (lower, upper)) in enumerate(zip(dates, intervals, strict=True)):
        axes.plot(
            [place[lower], place[upper]], [row, row], color=PALETTE[0], linewidth=3, solid_capstyle="butt"
        )
        axes.plot([place[date]], [row], "o", color=PALETTE[0], markersize=5)
        left_room, right_room = place[lower], len(place) - 1 - place[upper]
        if max(left_room, right_room) < ROOM * len(place):
            at, shift, across, up = (place[lower] + place[upper]) / 2, (0, 4), "center", "bottom"
        elif right_room >= left_room:
            at, shift, across, up = place[upper], (8, 0), "left", "center"
        else:
            at, shift, across, up = place[lower], (-8, 0), "right", "center"
        axes.annotate(
            f"after {date} ({lower} to {upper})",
            (at, row),
            xytext=shift,
            textcoords="offset points",
            ha=across,
            va=up,
            fontsize=8.5,
        )
    axes.set_ylim(len(dates) - 0.4, -0.8)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
