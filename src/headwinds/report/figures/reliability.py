"""Reliability: of passages given a probability, the share that gold says carries the label."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, MARKERS, PALETTE, legend_below, new_figure, percent_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headwinds.report.cells import ReportTable
    from headwinds.report.messages import Messages


def draw_reliability(table: ReportTable, messages: Messages) -> Figure:
    """Draw the table `reliability`; a larger mark stands for more passages."""
    from matplotlib.lines import Line2D

    figure = new_figure(4.7, 4.6)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.9, linestyle=(0, (4, 2)))
    records = table.records()
    handles = [
        Line2D([], [], color=FAINT, linewidth=0.9, linestyle=(0, (4, 2)), label=messages("legend_perfect"))
    ]
    for number, label in enumerate(dict.fromkeys(table.texts("label"))):
        colour, marker = PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)]
        points = [
            (record["mean_probability"], record["observed_share"], record["passages"] or 0)
            for record in records
            if record["label"] == label and None not in (record["mean_probability"], record["observed_share"])
        ]
        x, y, sizes = ([float(point[part] or 0) for point in points] for part in range(3))
        axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.6)
        axes.scatter(
            x, y, s=[12 + 5 * math.sqrt(size) for size in sizes], color=colour, marker=marker, alpha=0.85
        )
        handles.append(Line2D([], [], color=colour, marker=marker, linewidth=0.8, label=label))
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.grid(axis="both")
    percent_axis(axes, "x")
    percent_axis(axes, "y")
    axes.set_xlabel(messages("axis_predicted"))
    axes.set_ylabel(messages("axis_observed"))
    legend_below(figure, handles, 3)
    return figure
