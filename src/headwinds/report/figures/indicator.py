"""An index over time: the corrected line with its 95% band, the naive count thin beside it, gaps left open."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, INK, PAPER, legend_below, new_figure, percent_axis
from headwinds.report.cells import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from headwinds.report.cells import ReportTable
    from headwinds.report.messages import Messages

LETTERS_ACROSS = 36
"""So many characters fit under a panel side by side."""
Anchor = Callable[[tuple[Cell, ...]], str | None]
"""Where the passages of a cell stand on the page, if anywhere."""


def draw_index(
    table: ReportTable, keys: int, colour: str, top: float, anchor: Anchor, messages: Messages
) -> Figure:
    """Draw one label of an indicator.

    Parameters
    ----------
    table
        Of `tables.index_table_name`; its first `keys` columns name the cell, the last of them runs along the axis and the
        others make one panel each.
    top
        Upper end of the axis, the same for all labels so that they can be compared.
    """
    from matplotlib.ticker import MaxNLocator

    facets = list(dict.fromkeys(row[: max(keys - 1, 0)] for row in table.rows))
    figure = new_figure(3.9, 2.9 if len(facets) <= 1 else 1.0 + 1.2 * len(facets))
    panels = figure.subplots(len(facets) or 1, 1, sharex=True, squeeze=False)[:, 0]
    ticks, places = _positions([row[keys - 1] if keys else messages("whole_corpus") for row in table.rows])
    for panel, facet in zip(panels, facets or [()], strict=True):
        rows = [row for row, cells in enumerate(table.rows) if cells[: len(facet)] == facet]
        _draw_panel(panel, table, rows, places, colour, [anchor(table.rows[row][:keys]) for row in rows])
        panel.set_ylim(-0.02 * top, top)
        if table.kinds[table.columns.index("value")] == "share":
            percent_axis(panel)
        if facet:
            panel.set_title(" / ".join(str(part) for part in facet), fontsize=10)
        if ticks is not None:
            panel.set_xticks(range(len(ticks)), ticks)
            if sum(map(len, ticks)) > LETTERS_ACROSS:  # they would run into each other
                panel.set_xticks(range(len(ticks)), ticks, rotation=45, ha="right", rotation_mode="anchor")
        else:
            panel.xaxis.set_major_locator(MaxNLocator(integer=True))  # no year has a half
    legend_below(figure, _legend(table, colour, messages), 2)
    return figure


def axis_top(tables: Sequence[ReportTable]) -> float:
    """The upper end of the shared axis."""
    heights = [
        height
        for table in tables
        for name in ("value", "upper", "naive")
        for height in table.floats(name)
        if math.isfinite(height)
    ]
    return 1.05 * max([*heights, 1e-4])


def _positions(values: Sequence[Cell]) -> tuple[list[str] | None, list[float]]:
    """Where each row stands: a number by itself, anything else in order of appearance (with ticks)."""
    numbers = [float(value) for value in values if isinstance(value, int)]
    if len(numbers) == len(values):
        return None, numbers
    order = list(dict.fromkeys(str(value) for value in values))
    return order, [float(order.index(str(value))) for value in values]


def _draw_panel(
    panel: Axes,
    table: ReportTable,
    rows: list[int],
    places: list[float],
    colour: str,
    anchors: list[str | None],
) -> None:
    import numpy as np

    x = np.array([places[row] for row in rows])
    value, lower, upper, naive = (
        np.array(table.floats(name))[rows] for name in ("value", "lower", "upper", "naive")
    )
    pooled = np.array([bool(text) for text in table.texts("pooled")], dtype=bool)[rows]
    banded = np.isfinite(lower) & np.isfinite(upper)
    panel.fill_between(x, lower, upper, where=banded, color=colour, alpha=0.2, linewidth=0)
    # A cell between two gaps has no width to fill, so its interval is a stroke.
    alone = banded & ~np.r_[False, banded[:-1]] & ~np.r_[banded[1:], False]
    panel.vlines(x[alone], lower[alone], upper[alone], color=colour, alpha=0.45, linewidth=2.5)
    panel.plot(x, naive, color=INK, linewidth=0.9, linestyle=(0, (4, 2)), marker=".", markersize=2)
    panel.plot(x, value, color=colour, linewidth=1.6)
    known = np.isfinite(value)
    for chosen, face in ((known & ~pooled, colour), (known & pooled, PAPER)):
        panel.scatter(
            x[chosen], value[chosen], s=18, facecolor=face, edgecolor=colour, linewidth=1.1, zorder=3
        )
    if not known.all():
        panel.plot(
            x[~known],
            np.zeros((~known).sum()),
            linestyle="",
            marker="x",
            markersize=5,
            color=FAINT,
            clip_on=False,
        )
    linked = [place for place, target in enumerate(anchors) if target is not None]
    if linked:
        heights = np.where(known, value, 0.0)[linked]
        targets = panel.scatter(x[linked], heights, s=130, color=colour, alpha=0.0, linewidth=0, zorder=4)
        targets.set_urls([f"#{anchors[place]}" for place in linked])


def _legend(table: ReportTable, colour: str, messages: Messages) -> list[object]:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            color=colour,
            linewidth=1.6,
            marker="o",
            markersize=4.5,
            label=messages("legend_corrected"),
        ),
        Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 2)), label=messages("legend_naive")),
    ]
    if any(table.texts("pooled")):
        label = messages("legend_pooled")
        handles.append(
            Line2D(
                [],
                [],
                color=colour,
                linestyle="",
                marker="o",
                markerfacecolor=PAPER,
                markersize=4.5,
                label=label,
            )
        )
    if any(value is None for value in table.column("value")):
        handles.append(Line2D([], [], color=FAINT, linestyle="", marker="x", label=messages("legend_gap")))
    return list(handles)
