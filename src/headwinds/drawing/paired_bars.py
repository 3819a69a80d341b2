"""A few bars beside each other for each name: two shares, or two counts, to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, PALETTE, new_figure, percent_axis, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_NAMES = 40


def draw_paired_bars(
    table: pd.DataFrame, *, name: str, bars: Sequence[str], percent: bool = False, axis: str = ""
) -> Figure:
    """Horizontal bars, one colour a column of `bars`, the first row on top; of a long table the first rows."""
    import numpy as np

    shown = table.head(MOST_NAMES)
    place, width = np.arange(len(shown)), 0.8 / len(bars)
    with style():
        bar = 0.22 if len(bars) * len(shown) <= MOST_NAMES else 0.11
        figure = new_figure(6.5, 1.3 + bar * len(bars) * len(shown))
        axes = figure.add_subplot()
        for number, column in enumerate(bars):
            axes.barh(
                place + (number - (len(bars) - 1) / 2) * width,
                shown[column],
                width,
                color=PALETTE[number],
                label=column,
            )
        axes.set_yticks(place, [str(one) for one in shown[name]])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.grid(axis="x", visible=True)
        axes.set_xlabel(axis)
        if percent:
            percent_axis(axes, "x")
        if len(table) > len(shown):
            axes.set_title(f"first {len(shown)} of {len(table)}", loc="right", color=FAINT, fontsize=8)
        figure.legend(loc="outside lower center", ncols=len(bars))
    return figure
