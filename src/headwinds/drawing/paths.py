"""A few lines over time, each named; groups may show their members faintly behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import PALETTE, legend_below, new_figure, style, wrapped

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))


def draw_paths(
    years: Sequence[int],
    lines: Mapping[str, NDArray[np.float64]],
    *,
    members: Mapping[str, NDArray[np.float64]] | None = None,
    up: str,
) -> Figure:
    """Draw each line in a colour of its own, and beyond six in a dash of its own."""
    from matplotlib.ticker import MaxNLocator

    with style():
        figure = new_figure(6.5, 4.0)
        axes = figure.add_subplot()
        handles = []
        for place, (name, values) in enumerate(lines.items()):
            colour = PALETTE[place % len(PALETTE)]
            for member in () if members is None else members[name]:
                axes.plot(years, member, color=colour, linewidth=0.5, alpha=0.25)
            dash = DASHES[place // len(PALETTE) % len(DASHES)]
            handles += axes.plot(years, values, color=colour, linewidth=2.2, linestyle=dash, label=name)
        axes.set_ylabel(wrapped(up))
        axes.margins(x=0.02)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if len(handles) > 1:
            legend_below(figure, handles, columns=min(4, len(handles)))
    return figure
