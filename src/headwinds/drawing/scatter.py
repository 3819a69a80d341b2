"""Points with their names, and a line through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, PALETTE, new_figure, style, wrapped

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

MOST_NAMED = 60
SIZE = 7.0
SIDES = ((True, True), (False, True), (True, False), (False, False))


def draw_scatter(
    across_values: NDArray[np.float64],
    up_values: NDArray[np.float64],
    names: Sequence[str],
    *,
    line: tuple[float, float],
    across: str,
    up: str,
) -> Figure:
    """Draw the points, named where they are few enough, and the line `line[0] + line[1] x`."""
    import numpy as np

    with style():
        figure = new_figure(6.5, 4.2)
        axes = figure.add_subplot()
        axes.axhline(0, color=FAINT, linewidth=0.8)
        axes.plot(across_values, up_values, "o", color=PALETTE[0], markersize=4, alpha=0.8)
        ends = (float(across_values.min()), float(across_values.max()))
        axes.plot(ends, [line[0] + line[1] * end for end in ends], color=PALETTE[1], linewidth=2.0)
        if len(names) <= MOST_NAMED:
            figure.canvas.draw()  # places on the page are known once it is laid out
            points = axes.transData.transform(np.column_stack([across_values, up_values]))
            points *= 72 / figure.dpi
            sides = free_sides(points, [len(name) for name in names])
            for x, y, name, (right, above) in zip(across_values, up_values, names, sides, strict=True):
                axes.annotate(
                    name, (x, y), xytext=(3 if right else -3, 3 if above else -3), textcoords="offset points",
                    fontsize=SIZE, color=FAINT, ha="left" if right else "right", va="bottom" if above else "top",
                )  # fmt: skip
        axes.set_xlabel(wrapped(across))
        axes.set_ylabel(wrapped(up))
    return figure


def free_sides(points: NDArray[np.float64], letters: Sequence[int]) -> list[tuple[bool, bool]]:
    """On which side of its point each name stands, (right, above): where least is covered, one name after the other.

    `points` are in typographic points, shape (names, 2); a letter is taken for 0.62 of its size wide.
    """
    import numpy as np

    dots = np.column_stack([points - 3, points + 3])
    taken = [*dots]
    chosen = []
    for (x, y), count in zip(points, letters, strict=True):
        width, best = 0.62 * SIZE * count, (float("inf"), SIDES[0], dots[0])
        for side in SIDES:
            left = x + 3 if side[0] else x - 3 - width
            low = y + 2 if side[1] else y - 2 - SIZE
            box = np.array([left, low, left + width, low + SIZE])
            others = np.array(taken)
            across = np.minimum(others[:, 2], box[2]) - np.maximum(others[:, 0], box[0])
            up = np.minimum(others[:, 3], box[3]) - np.maximum(others[:, 1], box[1])
            covered = float((np.maximum(across, 0) * np.maximum(up, 0)).sum())
            if covered < best[0]:
                best = (covered, side, box)
        chosen.append(best[1])
        taken.append(best[2])
    return chosen
