"""Values with their intervals, one row each: the picture of a table with `name`, `value`, `lower`, `upper`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.drawing.canvas import FAINT, PALETTE, new_figure, style, wrapped
from headwinds.drawing.endless import draw_span, edges
from headwinds.phrases.columns import columns

LONG_NAME = 30
"""Columns of a terminal, of which a Chinese character takes two: longer names leave the axes half of the width or less."""

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def draw_intervals(table: pd.DataFrame, *, axis: str) -> Figure:
    """A point and a line a row, the first on top, with a line at zero; what is not available is left out and said so."""
    at = edges([*table["lower"], *table["value"], *table["upper"]])
    with style():
        figure = new_figure(6.5, 1.2 + 0.4 * len(table))
        axes = figure.add_subplot()
        axes.axvline(0, color=FAINT, linewidth=0.8)
        axes.set_yticks(range(len(table)), [str(name) for name in table["name"]])
        for place, row in enumerate(table.itertuples()):
            if row.value != row.value:
                axes.annotate("not available", (0, place), color=FAINT, va="center")
                continue
            draw_span(axes, row.lower, row.upper, place, colour=PALETTE[0], at=at)
            axes.plot([row.value], [place], "o", color=PALETTE[0])
        axes.set_ylim(len(table) - 0.4, -0.6)
        # Long names leave the axes narrower than their title, which would run out of the picture where it is centred.
        longest = max((columns(str(name)) for name in table["name"]), default=0)
        at_the_end: dict[str, Any] = {"x": 1.0, "horizontalalignment": "right"} if longest > LONG_NAME else {}
        axes.set_xlabel(wrapped(axis), **at_the_end)
    return figure
