"""Signed contributions of named pieces, in the order in which they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, PALETTE, new_figure, style, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_contributions(names: Sequence[str], values: Sequence[float], *, axis: str) -> Figure:
    """A bar a piece, the first on top: to the right what raises, to the left what lowers."""
    with style():
        figure = new_figure(6.5, 1.2 + 0.28 * len(names))
        axes = figure.add_subplot()
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.barh(
            range(len(names)), values, color=[PALETTE[0] if value > 0 else PALETTE[1] for value in values]
        )
        axes.axvline(0, color=FAINT, linewidth=0.8)
        axes.set_yticks(range(len(names)), list(names))
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlabel(wrapped(axis))
    return figure
