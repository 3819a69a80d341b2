"""Points with their names, and a line through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, PALETTE, new_figure, style, wrapped

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

MOST_NAMED = 60


def draw_scatter(
    across_values: NDArray[np.float64],
    up_values: NDArray[np.float64],
    names: Sequence[str],
    *,
    line: tuple[float, float],
    across: str,
    up: str,
) -> Figure:
    """Draw the points, named where they are few enough, and the line `line[0] + line[1] x`."""
    with style():
        figure = new_figure(6.5, 4.2)
        axes = figure.add_subplot()
        axes.axhline(0, color=FAINT, linewidth=0.8)
        axes.plot(across_values, up_values, "o", color=PALETTE[0], markersize=4, alpha=0.8)
        ends = (float(across_values.min()), float(across_values.max()))
        axes.plot(ends, [line[0] + line[1] * end for end in ends], color=PALETTE[1], linewidth=2.0)
        if len(names) <= MOST_NAMED:
            for x, y, name in zip(across_values, up_values, names, strict=True):
                axes.annotate(
                    name, (x, y), xytext=(3, 3), textcoords="offset points", fontsize=7, color=FAINT
                )
        axes.set_xlabel(wrapped(across))
        axes.set_ylabel(wrapped(up))
    return figure
