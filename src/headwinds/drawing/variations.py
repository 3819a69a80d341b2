"""Values under variations, with the estimate that they vary as a line; two hundred of them still fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, INK, PALETTE, new_figure, style, wrapped

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_NAMES = 45


def draw_variations(table: pd.DataFrame, *, estimate: float, axis: str) -> Figure:
    """One row a variation: names at the side where they can be read, else in order of size without names."""
    import numpy as np

    named = len(table) <= MOST_NAMES
    shown = table if named else table.sort_values("value", kind="stable")
    place = np.arange(len(shown))
    with style():
        figure = new_figure(6.8, 1.1 + (0.23 if len(shown) > 12 else 0.4) * len(shown) if named else 4.5)
        axes = figure.add_subplot()
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.axvline(0, color=FAINT, linewidth=0.8)
        axes.axvline(estimate, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.hlines(place, shown["lower"], shown["upper"], color=PALETTE[0], linewidth=1.3, alpha=0.7)
        axes.plot(shown["value"], place, "o", color=PALETTE[0], markersize=4 if named else 2.5)
        if named:
            axes.set_yticks(place, [str(name) for name in shown["name"]])
        else:
            axes.set_yticks([])
            axes.set_ylabel(f"{len(shown)} variations, by size")
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlabel(wrapped(f"{axis} (dashed: the estimate)"))
    return figure
