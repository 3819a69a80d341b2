"""The loss over the steps of a training, with levels to compare it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import PALETTE, legend_below, new_figure, style, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_training_curve(
    steps: Sequence[int],
    losses: Sequence[float],
    levels: Mapping[str, tuple[float, float, float]],
    *,
    up: str,
) -> Figure:
    """Draw the curve, and each level as a dashed line with a band from its lower to its upper bound, if it has them."""
    from matplotlib.ticker import MaxNLocator

    with style():
        figure = new_figure(6.5, 4.0)
        axes = figure.add_subplot()
        handles = axes.plot(steps, losses, color=PALETTE[0], linewidth=2.2, label="training text")
        for place, (name, (value, lower, upper)) in enumerate(levels.items(), start=1):
            colour = PALETTE[place % len(PALETTE)]
            handles.append(
                axes.axhline(value, color=colour, linestyle=(0, (4, 2)), linewidth=1.6, label=name)
            )
            if lower == lower and upper == upper:
                axes.axhspan(lower, upper, color=colour, alpha=0.15, linewidth=0)
        axes.set_xlabel("step")
        axes.set_ylabel(wrapped(up))
        axes.margins(x=0.02)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        legend_below(figure, handles, columns=len(handles))
    return figure
