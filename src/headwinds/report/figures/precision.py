"""Where the width of an index's interval comes from, and what more labels would buy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, MARKERS, PALETTE, legend_below, new_figure, percent_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headwinds.report.cells import ReportTable
    from headwinds.report.messages import Messages


def draw_width(table: ReportTable, messages: Messages) -> Figure:
    """Draw the table `width-by-stratum` as one stacked bar a label; a label that lacks a share says so in its name."""
    from matplotlib.patches import Patch

    labels = list(dict.fromkeys(table.texts("label")))
    strata = list(dict.fromkeys(table.texts("stratum")))
    figure = new_figure(4.7, 1.3 + 0.34 * len(labels))
    axes = figure.subplots()
    shares = {(record["label"], record["stratum"]): record["variance_share"] for record in table.records()}
    for place, label in enumerate(labels):
        start = 0.0
        for number, stratum in enumerate(strata):
            length = float(shares.get((label, stratum)) or 0.0)
            axes.barh(
                place, length, left=start, height=0.62, color=PALETTE[number % len(PALETTE)], linewidth=0
            )
            start += length
    gaps = {label for (label, _), share in shares.items() if share is None}
    names = [f"{label}\n({messages('not_available')})" if label in gaps else label for label in labels]
    axes.set_yticks(range(len(labels)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.grid(False, axis="y")
    percent_axis(axes, "x")
    axes.set_xlabel(messages("axis_variance_share"))
    handles = [
        Patch(color=PALETTE[number % len(PALETTE)], label=stratum) for number, stratum in enumerate(strata)
    ]
    legend_below(figure, handles, 3)
    return figure


def draw_gain(table: ReportTable, messages: Messages) -> Figure:
    """Draw the table `label-gain` for the stratum where labels help most: the half width as labels are added to it."""
    from matplotlib.lines import Line2D

    figure = new_figure(4.7, 3.4)
    axes = figure.subplots()
    handles = []
    chosen = _most_helpful(table)
    labels = list(dict.fromkeys(table.texts("label")))
    for number, label in enumerate(labels):
        colour, marker = PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)]
        records = [
            record for record in table.records() if (record["label"], record["stratum"]) == (label, chosen)
        ]
        points = {float(record["additional_labels"] or 0): record["half_width_then"] for record in records}
        points.setdefault(0.0, records[0]["half_width_now"])
        known = sorted((labels, float(width)) for labels, width in points.items() if width is not None)
        axes.plot(
            *zip(*known, strict=True), color=colour, marker=marker, markersize=5, linewidth=1.3
        ) if known else None
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=5, label=label))
    axes.set_ylim(bottom=0)
    axes.axhline(0, color=FAINT, linewidth=0.7)
    if table.kinds[table.columns.index("half_width_now")] == "share":
        percent_axis(axes)
    axes.set_xlabel(messages("axis_additional_labels", stratum=chosen))
    axes.set_ylabel(messages("axis_half_width"))
    legend_below(figure, handles, 3)
    return figure


def _most_helpful(table: ReportTable) -> str:
    """The stratum in which additional labels narrow the intervals most, over all labels."""
    gain: dict[str, float] = {}
    for record in table.records():
        now, then = record["half_width_now"], record["half_width_then"]
        drop = float(now) - float(then) if now is not None and then is not None else 0.0
        gain[str(record["stratum"])] = gain.get(str(record["stratum"]), 0.0) + drop
    return max(gain, key=lambda stratum: gain[stratum])
