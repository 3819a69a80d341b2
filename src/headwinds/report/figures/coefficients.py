"""Coefficients, naive against corrected, and the smallest effect that the design could have found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, PALETTE, legend_below, new_figure, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headwinds.report.cells import ReportTable
    from headwinds.report.messages import Messages

_WAYS = (("naive", -0.15, PALETTE[1], "s"), ("corrected", 0.15, PALETTE[0], "o"))


def draw_detectable(table: ReportTable, units: str, messages: Messages) -> Figure:
    """Draw the table `minimum-detectable-effects` as bars from zero."""
    names, effects = table.texts("name"), table.floats("minimum_detectable_effect")
    figure = new_figure(4.7, 1.1 + 0.32 * len(names))
    axes = figure.subplots()
    for place, effect in enumerate(effects):
        if math.isfinite(effect):
            axes.barh(place, effect, height=0.55, color=PALETTE[5], linewidth=0)
        else:
            axes.text(0, place, f" {messages('not_available')}", va="center", fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.grid(axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel(wrapped(units))
    return figure


def draw_coefficients(table: ReportTable, units: str, messages: Messages) -> Figure:
    """Draw the table `coefficients`: a line joins the naive and the corrected value of a coefficient."""
    from matplotlib.lines import Line2D

    records = table.records()
    figure = new_figure(4.7, 1.4 + 0.46 * len(records))
    axes = figure.subplots()
    axes.axvline(0, color=FAINT, linewidth=0.9)
    for place, record in enumerate(records):
        if record["naive_value"] is not None and record["corrected_value"] is not None:
            joined = [record["naive_value"], record["corrected_value"]]
            axes.plot(joined, [place - 0.15, place + 0.15], color=FAINT, linewidth=1, linestyle=(0, (2, 2)))
        for way, shift, colour, marker in _WAYS:
            value, lower, upper = (record[f"{way}_{part}"] for part in ("value", "lower", "upper"))
            if value is not None and lower is not None and upper is not None:
                axes.plot([lower, upper], [place + shift] * 2, color=colour, linewidth=1.6)
            if value is not None:
                axes.plot([value], [place + shift], linestyle="", marker=marker, markersize=6, color=colour)
    axes.set_yticks(range(len(records)), table.texts("name"))
    axes.set_ylim(len(records) - 0.5, -0.5)
    axes.grid(axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel(wrapped(units))
    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=6, label=messages(f"way_{way}"))
        for way, _, colour, marker in _WAYS
    ]
    legend_below(figure, handles, 2)
    return figure
