"""The scores of a search's trials, and the best of them so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.drawing.canvas import FAINT, PALETTE, PAPER, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_search_curve(trials: Sequence[int], scores: Sequence[float], complete: Sequence[bool]) -> Figure:
    """A point a trial, full where it came to its end, and a line of the best that did so far; NaN scores are left out."""
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    number, score, whole = np.array(trials), np.array(scores, dtype=float), np.array(complete, dtype=bool)
    with style():
        figure = new_figure(6.5, 2.8)
        axes = figure.add_subplot()
        best = np.fmax.accumulate(np.where(whole, score, np.nan)) if len(score) else score
        axes.step(number, best, where="post", color=FAINT, linewidth=1.2)
        for chosen, filling in ((whole, PALETTE[0]), (~whole, PAPER)):
            axes.plot(
                number[chosen], score[chosen], "o", color=PALETTE[0], markerfacecolor=filling, markersize=5
            )
        axes.set_xlabel("trial")
        axes.set_ylabel("validation score")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
