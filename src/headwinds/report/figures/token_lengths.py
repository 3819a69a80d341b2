"""How long the passages are, in tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.canvas import INK, PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headwinds.report.cells import ReportTable
    from headwinds.report.messages import Messages


def draw_token_lengths(table: ReportTable, maximum_length: int, messages: Messages) -> Figure:
    """Draw the table `token-lengths` with a line at the length that is read."""
    figure = new_figure(4.7, 2.8)
    axes = figure.subplots()
    lower, upper = table.floats("lower"), table.floats("upper")
    # Both ends of a bin are in it, and short passages have bins of one length each.
    widths = [high - low + 1 for low, high in zip(lower, upper, strict=True)]
    axes.bar(
        lower, table.floats("passages"), width=widths, align="edge", color=PALETTE[0], alpha=0.75, linewidth=0
    )
    axes.axvline(maximum_length, color=INK, linewidth=1, linestyle=(0, (4, 2)))
    note = messages("maximum_length", tokens=maximum_length)
    axes.annotate(
        note,
        (maximum_length, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-4, -2),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=9,
    )
    axes.set_xlabel(messages("axis_tokens"))
    axes.set_ylabel(messages("column_passages"))
    return figure
