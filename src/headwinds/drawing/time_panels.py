"""Series over time with bands, one panel each, and parts that add up as stacked areas."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import INK, PALETTE, legend_below, new_figure, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

COLUMNS = 3
LINE = 34  # characters of a heading over a panel


def draw_time_panels(
    lines: Mapping[str, pd.DataFrame], *, areas: Mapping[str, pd.DataFrame] | None = None
) -> Figure:
    """One panel a measure.

    Parameters
    ----------
    lines
        By title: tables with `period`, `value`, `lower`, `upper`; the band is left out where it is not available.
    areas
        By title: tables with `period` and one column a part, drawn on top of each other. Parts of either sign are stacked
        away from zero.
    """
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    stacks = areas or {}
    number = len(lines) + len(stacks)
    columns = min(COLUMNS, number)
    rows = -(-number // columns)
    with style():
        figure = new_figure(3.4 * columns, 2.7 * rows + (0.3 if stacks else 0))
        panels = [figure.add_subplot(rows, columns, place + 1) for place in range(number)]
        for axes, (title, table) in zip(panels, lines.items(), strict=False):
            axes.fill_between(
                table["period"], table["lower"], table["upper"], color=PALETTE[0], alpha=0.2, linewidth=0
            )
            axes.plot(table["period"], table["value"], color=PALETTE[0], linewidth=1.6)
            axes.set_title(_heading(title))
            if _spans_magnitudes(table["value"]):
                axes.set_yscale("log")
        handles = []
        for axes, (title, table) in zip(panels[len(lines) :], stacks.items(), strict=True):
            parts = [name for name in table.columns if name != "period"]
            above, below = 0 * table[parts[0]], 0 * table[parts[0]]
            for place, name in enumerate(parts):
                up, down = table[name].clip(lower=0), table[name].clip(upper=0)
                colour = PALETTE[(place + 1) % len(PALETTE)]
                axes.fill_between(table["period"], above, above + up, color=colour, linewidth=0, alpha=0.85)
                axes.fill_between(table["period"], below, below + down, color=colour, linewidth=0, alpha=0.85)
                above, below = above + up, below + down
                handles.append(Patch(color=colour, label=name))
            axes.plot(table["period"], table[parts].sum(axis=1), color=INK, linewidth=1.0)
            axes.set_title(_heading(title))
        for axes in panels:
            if axes.get_yscale() == "linear":
                low, high = axes.get_ylim()
                axes.set_ylim(0.0 if low > -0.05 * high else low, max(0.0, high))
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 5, 10]))
        legend_below(figure, handles, 3)
    return figure


def _heading(title: str) -> str:
    """With a capital, broken before what explains it, and no line wider than its panel."""
    lines = (title[:1].upper() + title[1:]).replace(" (", "\n(").replace(", ", ",\n", 1).splitlines()
    return "\n".join(part for line in lines for part in textwrap.wrap(line, LINE))


def _spans_magnitudes(values: pd.Series) -> bool:
    """Whether a straight scale would show nothing but the largest values."""
    known = values.dropna()
    return len(known) > 0 and bool(known.min() > 0) and bool(known.max() > 50 * known.median())
