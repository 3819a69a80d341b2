"""A metric by label, the tuned model beside the baselines, each with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.canvas import MARKERS, PALETTE, legend_below, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headwinds.report.cells import ReportTable
    from headwinds.report.messages import Messages


def draw_metric(table: ReportTable, metric: str, messages: Messages) -> Figure:
    """Draw the rows of the table `metrics` that hold `metric`; what a system does not define is left out."""
    from matplotlib.lines import Line2D

    records = [record for record in table.records() if record["metric"] == metric]
    labels = list(dict.fromkeys(str(record["label"]) for record in records))
    systems = list(dict.fromkeys(str(record["system"]) for record in records))
    figure = new_figure(4.7, 1.3 + 0.2 * len(labels) * max(len(systems), 2))
    axes = figure.subplots()
    handles = []
    for number, system in enumerate(systems):
        colour, marker = PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)]
        shift = (number - (len(systems) - 1) / 2) * 0.24
        for record in records:
            if record["system"] == system and record["value"] is not None:
                place = labels.index(str(record["label"])) + shift
                if record["lower"] is not None and record["upper"] is not None:
                    axes.plot([record["lower"], record["upper"]], [place] * 2, color=colour, linewidth=1.4)
                axes.plot(
                    [record["value"]],
                    [place],
                    linestyle="",
                    marker=marker,
                    markersize=5.5,
                    color=colour,
                    clip_on=False,  # a mark at 0 or 1 is whole
                )
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=5.5, label=system))
    names = [messages("macro") if label == "macro" else label for label in labels]
    axes.set_yticks(range(len(labels)), names)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.grid(axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel(messages.metric(metric))
    legend_below(figure, handles, 1)
    return figure
