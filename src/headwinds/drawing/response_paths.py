"""Responses by horizon with their bands, one panel a method, all on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, PALETTE, new_figure, style, wrapped

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def draw_response_paths(table: pd.DataFrame, *, step: int, axis: str) -> Figure:
    """A line and a 95% band a method; a horizon that is not available breaks the line.

    Parameters
    ----------
    table
        Columns `method`, `horizon`, `value`, `lower`, `upper`.
    step
        Calendar time of one horizon.
    axis
        Of the response, in words.
    """
    from matplotlib.ticker import MaxNLocator

    methods = list(dict.fromkeys(table["method"]))
    with style():
        figure = new_figure(1.2 + 4.4 * len(methods), 3.4)
        first = None
        for place, method in enumerate(methods):
            axes = figure.add_subplot(1, len(methods), place + 1, sharey=first)
            first = first or axes
            rows = table[table["method"] == method].sort_values("horizon")
            at = rows["horizon"] * step
            colour = PALETTE[place % len(PALETTE)]
            axes.axhline(0, color=FAINT, linewidth=0.8)
            axes.fill_between(at, rows["lower"], rows["upper"], color=colour, alpha=0.22, linewidth=0)
            axes.plot(at, rows["value"], color=colour, marker="o", markersize=4)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_title(method)
            axes.set_xlabel("periods later" if step == 1 else "time later")
            if not place:
                axes.set_ylabel(wrapped(axis))
    return figure
