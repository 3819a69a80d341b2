"""Boxes and arrows in columns, arrows coloured by their evidence: the picture of a causal graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, PALETTE, PAPER, legend_below, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

COLUMN, ROW = 3.1, 0.86
WIDTH, HEIGHT = 1.75, 0.5


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another, of a kind (which gives its colour), with a word at its middle or "".

    `back` if it runs against the order of the columns: it is dashed and goes under all boxes.
    """

    source: str
    target: str
    kind: str
    word: str = ""
    back: bool = False


def draw_causal_graph(
    columns: Sequence[Sequence[str]],
    titles: Mapping[str, str],
    arrows: Sequence[Arrow],
    *,
    kinds: Mapping[str, str],
    title: str = "",
) -> Figure:
    """Draw boxes column by column from the left.

    Parameters
    ----------
    columns
        Names of the boxes, from left to right, each column from the top.
    titles
        What stands in each box.
    kinds
        The kinds of arrows in the order of their colours, with the legend's words.
    """
    from matplotlib.lines import Line2D

    tallest = max(len(column) for column in columns)
    places = {
        name: (COLUMN * number, ROW * ((len(column) - 1) / 2 - place))
        for number, column in enumerate(columns)
        for place, name in enumerate(column)
    }
    column_of = {name: number for number, column in enumerate(columns) for name in column}
    over = [
        arrow for arrow in arrows if not arrow.back and column_of[arrow.target] - column_of[arrow.source] > 1
    ]
    straight = [arrow for arrow in arrows if not arrow.back and arrow not in over]
    under = [arrow for arrow in arrows if arrow.back]
    half = ROW * (tallest - 1) / 2 + HEIGHT / 2
    above, below = half + bool(over) * 0.2 + 0.3 * len(over), half + bool(under) * 0.2 + 0.3 * len(under)
    colour = dict(zip(kinds, PALETTE, strict=False))
    with style():
        figure = new_figure(COLUMN * (len(columns) - 1) + WIDTH + 0.4, above + below + 1.0)
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_aspect("equal")
        for arrow in straight:
            _straight(axes, places, straight, arrow, colour[arrow.kind])
        for number, arrow in enumerate(over):
            _around(axes, places, arrow, colour[arrow.kind], HEIGHT / 2, half + 0.5 + 0.3 * number)
        for number, arrow in enumerate(under):
            _around(axes, places, arrow, colour[arrow.kind], -HEIGHT / 2, -half - 0.5 - 0.3 * number)
        for name, (across, up) in places.items():
            axes.text(across, up, titles[name], ha="center", va="center", zorder=4)
            _box(axes, across, up)
        axes.set_xlim(-WIDTH / 2 - 0.1, COLUMN * (len(columns) - 1) + WIDTH / 2 + 0.1)
        axes.set_ylim(-below - 0.15, above + 0.15)
        if title:
            axes.set_title(title)
        used = [kind for kind in kinds if any(arrow.kind == kind for arrow in arrows)]
        handles = [Line2D([], [], color=colour[kind], linewidth=1.8, label=kinds[kind]) for kind in used]
        legend_below(figure, handles, len(handles))
    return figure


def _box(axes: Axes, across: float, up: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(
        FancyBboxPatch(
            (across - WIDTH / 2, up - HEIGHT / 2), WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=PAPER, edgecolor=FAINT, linewidth=0.9, zorder=3,
        )
    )  # fmt: skip


def _straight(
    axes: Axes,
    places: Mapping[str, tuple[float, float]],
    straight: Sequence[Arrow],
    arrow: Arrow,
    colour: str,
) -> None:
    """From right side to left side; the arrows of one side are spread, in the order of their other ends."""
    from matplotlib.path import Path

    (first, start), (last, end) = places[arrow.source], places[arrow.target]
    leaving = [places[one.target][1] for one in straight if one.source == arrow.source]
    coming = [places[one.source][1] for one in straight if one.target == arrow.target]
    start += _spread(leaving, end)
    end += _spread(coming, places[arrow.source][1])
    path = Path([(first + WIDTH / 2, start), (last - WIDTH / 2, end)])
    _draw(axes, path, arrow, colour, ((first + last) / 2, (start + end) / 2))


def _spread(others: Sequence[float], own: float) -> float:
    order = sorted(set(others))
    return HEIGHT * 0.14 * (order.index(own) - (len(order) - 1) / 2)


def _around(
    axes: Axes, places: Mapping[str, tuple[float, float]], arrow: Arrow, colour: str, side: float, far: float
) -> None:
    """Over or under all boxes, with round corners."""
    from matplotlib.path import Path

    (first, start), (last, end) = places[arrow.source], places[arrow.target]
    across = 0.18 if last > first else -0.18
    back = -0.18 if far > 0 else 0.18
    points = [
        (first, start + side), (first, far + back), (first, far), (first + across, far),
        (last - across, far), (last, far), (last, far + back), (last, end + side),
    ]  # fmt: skip
    codes = [
        Path.MOVETO, Path.LINETO, Path.CURVE3, Path.CURVE3, Path.LINETO, Path.CURVE3, Path.CURVE3, Path.LINETO,
    ]  # fmt: skip
    _draw(axes, Path(points, codes), arrow, colour, ((first + last) / 2, far))


def _draw(axes: Axes, path: Path, arrow: Arrow, colour: str, middle: tuple[float, float]) -> None:
    from matplotlib.patches import FancyArrowPatch

    axes.add_patch(
        FancyArrowPatch(
            path=path, arrowstyle="-|>,head_length=5,head_width=2.4", color=colour, linewidth=1.5,
            linestyle=(0, (5, 2)) if arrow.back else "solid", shrinkA=0, shrinkB=0, zorder=2,
        )
    )  # fmt: skip
    if arrow.word:
        axes.text(
            *middle, arrow.word, ha="center", va="center", fontsize=8.5, color=colour, zorder=5,
            bbox={"boxstyle": "square,pad=0.2", "facecolor": PAPER, "edgecolor": "none"},
        )  # fmt: skip
