"""An index with its fan of three layers: what sampling, the correction learnt from gold, and the model leave open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headwinds.drawing.canvas import FAINT, MARKERS, PALETTE, legend_below, new_figure, percent_axis, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 12
MOST_SERIES = 4
MOST_ROWS = 40
LAYERS = ("sampling", "with audit", "with model")
OPACITY = (0.42, 0.24, 0.13)


def draw_fan(table: pd.DataFrame, *, keys: Sequence[str], axis: str) -> Figure:
    """A panel a label; along the last key if it is a whole number and there are few series, else a point a row.

    The outermost band is the interval (`lower`, `upper`), which need not be symmetric; the inner ones are the parts of it
    that sampling, and sampling with audit, would leave: distances shrunk by the root of their share of the variance.
    """
    labels = list(dict.fromkeys(table["label"]))[:MOST_PANELS]
    left_out = table["label"].nunique() - len(labels)
    along = bool(keys) and all(isinstance(value, int) for value in table[keys[-1]].tolist())
    series = table.groupby(list(keys[:-1]), sort=False).ngroups if len(keys) > 1 else 1
    lines = along and series <= MOST_SERIES
    with style():
        columns = min(len(labels), 2)
        rows = -(-len(labels) // columns)
        points = min(MOST_ROWS, int((table["label"] == labels[0]).sum()))
        height = 2.5 if lines else 0.9 + 0.22 * points
        figure = new_figure(4.4 * columns + 0.8, height * rows + 0.6)
        handles: list[Any] = []
        for place, label in enumerate(labels):
            axes = figure.add_subplot(rows, columns, place + 1)
            chosen = table[table["label"] == label]
            drawn = _lines(axes, chosen, keys) if lines else _points(axes, chosen, keys)
            handles = handles or drawn
            axes.set_title(label)
            if axis in ("share", "difference"):
                percent_axis(axes, "y" if lines else "x")
            (axes.set_ylabel if lines else axes.set_xlabel)(axis)
        if left_out:
            figure.text(0.01, 0.01, f"More labels are in the table: {left_out}.", color=FAINT)
        legend_below(figure, handles, 4)
    return figure


def _bands(chosen: pd.DataFrame) -> list[tuple[Any, Any]]:
    """Lower and upper edges of each layer, innermost first; a layer that adds nothing anywhere is left out."""
    import numpy as np

    parts = chosen[["sampling_error", "audit_error", "model_error"]].to_numpy(dtype=float) ** 2
    total = np.cumsum(np.nan_to_num(parts), axis=1)
    total[np.isnan(parts[:, 0])] = np.nan
    value, lower, upper = (chosen[name].to_numpy(dtype=float) for name in ("value", "lower", "upper"))
    bands = []
    for layer in range(3):
        share = np.sqrt(
            np.divide(total[:, layer], total[:, 2], out=np.zeros(len(total)), where=total[:, 2] > 0)
        )
        bands.append((value - share * (value - lower), value + share * (upper - value)))
    return bands


def _lines(axes: Axes, chosen: pd.DataFrame, keys: Sequence[str]) -> list[Any]:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    groups = list(chosen.groupby(list(keys[:-1]), sort=False)) if len(keys) > 1 else [((), chosen)]
    handles: list[Any] = []
    for place, (name, rows) in enumerate(groups):
        rows = rows.sort_values(keys[-1])
        at = rows[keys[-1]].to_numpy(dtype=float)
        colour = PALETTE[place % len(PALETTE)]
        for layer, (low, high) in reversed(list(enumerate(_bands(rows)))):
            axes.fill_between(at, low, high, color=colour, alpha=OPACITY[layer], linewidth=0)
        named = " ".join(map(str, name)) if isinstance(name, tuple) else str(name)
        (line,) = axes.plot(
            at,
            rows["value"],
            color=colour,
            marker=MARKERS[place % len(MARKERS)],
            markersize=3,
            label=named or "value",
        )
        handles.append(line)
    return handles + _layers_there(chosen, PALETTE[0] if len(groups) == 1 else FAINT)


def _points(axes: Axes, chosen: pd.DataFrame, keys: Sequence[str]) -> list[Any]:
    rows = chosen.head(MOST_ROWS)
    names = [" ".join(map(str, row)) for row in rows[list(keys)].itertuples(index=False, name=None)]
    for layer, (low, high) in reversed(list(enumerate(_bands(rows)))):
        axes.hlines(
            range(len(rows)),
            low,
            high,
            color=PALETTE[0],
            alpha=min(1.0, OPACITY[layer] + 0.15),
            linewidth=2 + 2.2 * (2 - layer),
        )
    (points,) = axes.plot(rows["value"], range(len(rows)), "o", color=PALETTE[0], markersize=4, label="value")
    axes.set_yticks(range(len(rows)), names if keys else ["all"])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    if len(chosen) > len(rows):
        axes.set_title(f"first {len(rows)} of {len(chosen)} rows", loc="right", color=FAINT, fontsize=8)
    return [points, *_layers_there(chosen, PALETTE[0])]


def _layers_there(chosen: pd.DataFrame, colour: str) -> list[Any]:
    """A patch a layer for the legend; with one fit of the model there is no third one."""
    from matplotlib.patches import Patch

    names = ("sampling_error", "audit_error", "model_error")
    return [
        Patch(color=colour, alpha=OPACITY[layer], linewidth=0, label=LAYERS[layer])
        for layer in range(3)
        if layer == 0 or (chosen[names[layer]].fillna(0) > 0).any()
    ]
