"""From one mean to another, step by step, each step with its interval: the picture of a change that adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, INK, PALETTE, new_figure, style, wrapped

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"technology": PALETTE[2], "remainder": "#b5b5b5", "carried": "#d9d9d9", "joint": PALETTE[1]}
KINDS = {"level": "level", "return": "return"}


def draw_waterfall(table: pd.DataFrame, *, before: float, after: float, axis: str) -> Figure:
    """Draw the parts of a change below each other, starting where the one above ended.

    Parameters
    ----------
    table
        `name`, `part`, `value`, `lower`, `upper`: rows of part "total" are left out; those of part "joint" are drawn only
        where a single part has no value, in place of all of them.
    before, after
        The two means.
    """
    single = table[~table["part"].isin(["total", "joint"])]
    hidden = single[single["value"].isna()]
    if len(hidden):
        joint = table[table["part"] == "joint"]
        steps = [*joint.itertuples(), *single[single["value"].notna()].itertuples()]
    else:
        steps = list(single.itertuples())
    with style():
        figure = new_figure(7.2, 1.3 + 0.42 * (len(steps) + 2))
        axes = figure.add_subplot()
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        names = ["before"]
        _bar(axes, 0, 0.0, before, INK)
        level = before
        for place, row in enumerate(steps, start=1):
            names.append(f"{row.name} ({KINDS[row.part]})" if row.part in KINDS else row.name)
            axes.plot([level, level], [place - 1 + 0.28, place + 0.28], color=FAINT, linewidth=0.8, zorder=1)
            if row.value != row.value:
                axes.annotate(" not available", (level, place), color=FAINT, va="center")
                continue
            _bar(axes, place, level, row.value, COLOURS.get(row.part, PALETTE[0]))
            if row.lower == row.lower:
                axes.plot(
                    [level + row.lower, level + row.upper], [place, place], color=INK, linewidth=1.1, zorder=4
                )
            level += row.value
        last = len(steps) + 1
        axes.plot([level, level], [last - 1 + 0.28, last + 0.28], color=FAINT, linewidth=0.8, zorder=1)
        names.append("after")
        _bar(axes, last, 0.0, after, INK)
        axes.axvline(0, color=FAINT, linewidth=0.8)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(last + 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.06)
        axes.set_xlabel(wrapped(f"{axis} (line: 95 % interval of the step)"))
    return figure


def _bar(axes: Axes, place: int, start: float, width: float, colour: str) -> None:
    axes.barh(place, width, 0.56, left=start, color=colour, linewidth=0, zorder=2)
