"""The probability of a wrong sign by the number of units: the picture of what a panel can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, INK, PALETTE, new_figure, percent_axis, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def draw_power_curve(table: pd.DataFrame, *, entities: int, most: float, what: str) -> Figure:
    """One curve a row of `name`, `assumed`, `standard_error`; the panel at hand and the limit are marked.

    The standard error is taken to fall with the square root of the number of units.
    """
    import numpy as np
    from matplotlib.ticker import FuncFormatter, NullFormatter
    from scipy.stats import norm

    known = table[table["standard_error"] > 0]
    with style():
        figure = new_figure(7.0, 4.0)
        axes = figure.add_subplot()
        largest = max(entities * 100, 1000)
        count = np.geomspace(max(entities / 4, 2), largest, 200)
        for number, row in enumerate(known.itertuples()):
            together = number == len(known) - 1
            error = row.standard_error * np.sqrt(entities / count)
            axes.plot(
                count,
                norm.cdf(-abs(row.assumed) / error),
                color=INK if together else PALETTE[number % len(PALETTE)],
                linewidth=2.2 if together else 1.4,
                label=row.name,
            )
        axes.axhline(most, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"above: wrong more than one time in {1 / most:.0f}, not ranked", (count[0], most), color=FAINT, fontsize=9,
            va="bottom", xytext=(0, 3), textcoords="offset points",
        )  # fmt: skip
        axes.axvline(entities, color=FAINT, linewidth=1)
        axes.annotate(
            f"this panel: {entities}",
            (entities, 0),
            color=FAINT,
            fontsize=9,
            xytext=(4, 5),
            textcoords="offset points",
        )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(0, 0.52)
        percent_axis(axes)
        axes.set_xlabel(what)
        axes.set_ylabel("probability of a wrong sign")
        figure.legend(loc="outside lower center", ncols=3)
    return figure
