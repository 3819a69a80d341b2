"""The same coefficients by several estimators, from a table with `estimator`, `name`, `value`, `lower`, `upper`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, MARKERS, PALETTE, new_figure, style, wrapped
from headwinds.drawing.endless import draw_span, edges

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def draw_side_by_side(table: pd.DataFrame, *, axis: str) -> Figure:
    """A block a coefficient and a line an estimator, the first on top and in grey; a line at zero.

    The first estimator is what the others are held against: its value is drawn through the block as a thin line. What is
    not available says so.
    """
    from matplotlib.lines import Line2D

    names = list(dict.fromkeys(table["name"]))
    methods = list(dict.fromkeys(table["estimator"]))
    step = len(methods) + 0.8
    at = edges([*table["lower"], *table["value"], *table["upper"]])
    with style():
        figure = new_figure(6.5, 0.9 + 0.27 * step * len(names) + 0.25 * ((len(methods) + 2) // 3))
        axes = figure.add_subplot()
        axes.axvline(0, color=FAINT, linewidth=0.8)
        for block, name in enumerate(names):
            for order, method in enumerate(methods):
                found = table[(table["name"] == name) & (table["estimator"] == method)]
                place, colour = block * step + order, FAINT if order == 0 else PALETTE[(order - 1) % 6]
                for row in found.itertuples():
                    if row.value != row.value:
                        axes.annotate("  not available", (0, place), color=FAINT, va="center", fontsize=9)
                        continue
                    if order == 0:
                        span = [place - 0.4, place + len(methods) - 0.6]
                        axes.plot([row.value] * 2, span, color=FAINT, linewidth=0.8, linestyle=":")
                    draw_span(axes, row.lower, row.upper, place, colour=colour, at=at)
                    axes.plot([row.value], [place], MARKERS[order % 6], color=colour, markersize=5)
        middle = (len(methods) - 1) / 2
        axes.set_yticks([block * step + middle for block in range(len(names))], names)
        axes.set_ylim(len(names) * step - 0.9, -0.9)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(wrapped(axis))
        handles = []
        for order, method in enumerate(methods):
            colour = FAINT if order == 0 else PALETTE[(order - 1) % 6]
            handles.append(
                Line2D([], [], color=colour, marker=MARKERS[order % 6], label=method, markersize=5)
            )
        figure.legend(handles=handles, loc="outside lower center", ncols=min(3, len(methods)))
    return figure
