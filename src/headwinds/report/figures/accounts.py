"""Growth accounts as stacked bars, and growth before and after a break."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, INK, PALETTE, PAPER, legend_below, new_figure, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headwinds.report.cells import ReportTable
    from headwinds.report.content import Slowdown
    from headwinds.report.messages import Messages


def draw_accounts(
    table: ReportTable,
    bar_columns: tuple[str, ...],
    parts: tuple[str, ...],
    total: str,
    units: str,
    messages: Messages,
) -> Figure:
    """Draw the table `growth-accounts`: parts stacked from zero to both sides, the total as a mark.

    A bar that lacks its total or a part says so in its name.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    records = table.records()
    figure = new_figure(4.7, 1.7 + 0.42 * len(records))
    axes = figure.subplots()
    names = []
    for place, record in enumerate(records):
        name = " / ".join(str(record[column]) for column in bar_columns)
        whole = record[total]
        complete = None not in (whole, *(record[part] for part in parts))
        names.append(name if complete else f"{name}\n({messages('not_available')})")
        ends = {True: 0.0, False: 0.0}
        for number, part in enumerate(parts):
            length = float(record[part] or 0.0)
            left = ends[length >= 0]
            axes.barh(place, length, left=left, height=0.6, color=PALETTE[number % len(PALETTE)], linewidth=0)
            ends[length >= 0] += length
        if whole is not None:
            axes.plot(
                [whole],
                [place],
                linestyle="",
                marker="D",
                markersize=6,
                markerfacecolor=PAPER,
                markeredgecolor=INK,
            )
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.set_yticks(range(len(records)), names)
    axes.set_ylim(len(records) - 0.5, -0.5)
    axes.grid(axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel(wrapped(units))
    handles: list[object] = [
        Patch(color=PALETTE[number % len(PALETTE)], label=messages.column(part))
        for number, part in enumerate(parts)
    ]
    label = messages.column(total)
    handles.append(
        Line2D(
            [],
            [],
            linestyle="",
            marker="D",
            markersize=6,
            markerfacecolor=PAPER,
            markeredgecolor=INK,
            label=label,
        )
    )
    legend_below(figure, handles, 2)
    return figure


def draw_slowdown(table: ReportTable, slowdown: Slowdown, messages: Messages) -> Figure:
    """Draw the table `slowdown`: a country a row, before (hollow) and after (filled), sorted as the table is."""
    from matplotlib.lines import Line2D

    records = table.records()
    figure = new_figure(4.7, 1.4 + 0.19 * len(records))
    axes = figure.subplots()
    for place, record in enumerate(records):
        before, after = record["before"], record["after"]
        if before is not None and after is not None:
            colour = PALETTE[1] if float(after) < float(before) else PALETTE[0]
            axes.plot([before, after], [place] * 2, color=colour, linewidth=1.6, alpha=0.8)
        if before is not None:
            axes.plot(
                [before],
                [place],
                linestyle="",
                marker="o",
                markersize=5,
                markerfacecolor=PAPER,
                markeredgecolor=INK,
            )
        if after is not None:
            axes.plot([after], [place], linestyle="", marker="o", markersize=5, color=INK)
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.set_yticks(range(len(records)), table.texts("entity"), fontsize=9)
    axes.set_ylim(len(records) - 0.4, -0.6)
    axes.grid(axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel(messages("axis_tfp_growth"))
    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markerfacecolor=PAPER,
            markeredgecolor=INK,
            label=slowdown.before_span,
        ),
        Line2D([], [], linestyle="", marker="o", color=INK, label=slowdown.after_span),
        Line2D([], [], color=PALETTE[1], linewidth=1.6, label=messages("legend_slower")),
        Line2D([], [], color=PALETTE[0], linewidth=1.6, label=messages("legend_faster")),
    ]
    legend_below(figure, handles, 2)
    return figure
