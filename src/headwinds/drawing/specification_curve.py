"""Estimates of many specifications in order of size, and under each what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, INK, PALETTE, new_figure, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def draw_specification_curve(
    table: pd.DataFrame, *, choices: Sequence[str], estimate: float, axis: str
) -> Figure:
    """`table` has `value`, `lower`, `upper` in order of size and a column of True and False a choice."""
    import numpy as np

    place = np.arange(len(table))
    size = float(np.clip(260 / len(table), 1.2, 4))
    with style():
        below = 0.24 * len(choices)
        figure = new_figure(7.5, 3.4 + below)
        upper, lower = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [2.8, max(below, 0.3)], "hspace": 0.02}
        )
        apart = ((table["lower"] > 0) | (table["upper"] < 0)).to_numpy()
        for chosen, colour, told in (
            (apart, PALETTE[1], "interval without zero"),
            (~apart, PALETTE[0], "interval with zero"),
        ):
            if chosen.any():
                some = table[chosen]
                upper.vlines(
                    place[chosen],
                    some["lower"],
                    some["upper"],
                    color=colour,
                    linewidth=max(size / 3, 0.6),
                    alpha=0.45,
                )
                upper.plot(place[chosen], some["value"], "o", color=colour, markersize=size, label=told)
        upper.axhline(0, color=FAINT, linewidth=0.8)
        upper.axhline(estimate, color=INK, linewidth=1, linestyle=(0, (4, 3)), label="the estimate")
        upper.set_ylabel(axis)
        upper.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
        upper.tick_params(axis="x", length=0)
        for row, name in enumerate(choices):
            held = table[name].to_numpy(dtype=bool)
            lower.plot(place[held], np.full(int(held.sum()), row), "s", color=INK, markersize=size)
        lower.set_yticks(range(len(choices)), list(choices))
        lower.set_ylim(len(choices) - 0.4, -0.6)
        lower.set_xticks([])
        lower.set_xlabel(f"{len(table)} specifications, by size")
        lower.grid(visible=False)
        for side in ("left", "bottom"):
            lower.spines[side].set_visible(False)
        lower.tick_params(axis="y", length=0)
    return figure
