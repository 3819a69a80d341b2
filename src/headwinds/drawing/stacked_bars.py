"""Parts that add up, stacked, one bar a row: the picture of an account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import INK, PALETTE, new_figure, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_BARS = 40


def draw_stacked_bars(table: pd.DataFrame, *, total: str, parts: Sequence[str], axis: str) -> Figure:
    """Positive parts above zero, negative ones below, the total as a point; of a long table the first bars."""
    import numpy as np

    shown = table.head(MOST_BARS)
    names = [name for name in shown.columns if name not in (total, *parts)]
    labels = [
        " ".join(str(value) for value in row) for row in shown[names].itertuples(index=False, name=None)
    ]
    place = np.arange(len(shown))
    with style():
        figure = new_figure(max(5.0, 1.5 + 0.35 * len(shown)), 4.2)
        axes = figure.add_subplot()
        above, below = np.zeros(len(shown)), np.zeros(len(shown))
        for number, part in enumerate(parts):
            height = shown[part].to_numpy(dtype=float)
            start = np.where(height >= 0, above, below)
            axes.bar(place, height, 0.7, bottom=start, color=PALETTE[number % len(PALETTE)], label=part)
            above, below = above + np.maximum(height, 0), below + np.minimum(height, 0)
        axes.plot(place, shown[total], "o", color=INK, label=total)
        axes.axhline(0, color=INK, linewidth=0.7)
        axes.set_xticks(place, labels, rotation=90)
        axes.set_ylabel(axis)
        figure.legend(loc="outside lower center", ncols=4)
    return figure
