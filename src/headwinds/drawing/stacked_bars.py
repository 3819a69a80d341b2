"""Parts that add up, stacked, one bar a row: the picture of an account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, INK, PALETTE, new_figure, style, wrapped

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_BARS = 40
MOST_YEARS = 90
"""Of one entity, where only the years are written, and not each."""


def draw_stacked_bars(table: pd.DataFrame, *, total: str, parts: Sequence[str], axis: str) -> Figure:
    """Positive parts above zero, negative ones below, the total as a point; of a long table the first bars, and it says so.

    A bar is named by the columns that hold no fractions; one that is the same in every row stands above all of them.
    """
    import numpy as np
    from pandas.api.types import is_float_dtype

    keys = [name for name in table.columns if name not in (total, *parts) and not is_float_dtype(table[name])]
    varying = [name for name in keys if table[name].nunique() > 1] or keys
    shown = table.head(MOST_YEARS if len(varying) == 1 else MOST_BARS)
    labels = [
        " ".join(str(value) for value in row) for row in shown[varying].itertuples(index=False, name=None)
    ]
    place = np.arange(len(shown))
    step = -(-len(shown) // MOST_BARS)
    with style():
        figure = new_figure(min(max(5.0, 1.5 + 0.35 * len(shown)), 10.0), 4.2)
        axes = figure.add_subplot()
        above, below = np.zeros(len(shown)), np.zeros(len(shown))
        for number, part in enumerate(parts):
            height = shown[part].to_numpy(dtype=float)
            start = np.where(height >= 0, above, below)
            axes.bar(
                place,
                height,
                0.7,
                bottom=start,
                color=PALETTE[number % len(PALETTE)],
                label=_spoken(part),
            )
            above, below = above + np.maximum(height, 0), below + np.minimum(height, 0)
        size = 4 if len(shown) > MOST_BARS / 2 else 6
        axes.plot(place, shown[total], "o", color=INK, label=_spoken(total), markersize=size)
        axes.axhline(0, color=INK, linewidth=0.7)
        axes.set_xticks(place[::step], labels[::step], rotation=90)
        axes.set_ylabel(wrapped(axis))
        alike = [str(table[name].iloc[0]) for name in keys if name not in varying] if len(table) else []
        if alike:
            axes.set_title(" ".join(alike))
        if len(table) > len(shown):
            axes.set_title(f"first {len(shown)} of {len(table)}", loc="right", color=FAINT, fontsize=8)
        figure.legend(loc="outside lower center", ncols=6 if len(shown) > 12 else 4)
    return figure


def _spoken(name: str) -> str:
    return "TFP" if name == "tfp" else name.replace("_", " ")
