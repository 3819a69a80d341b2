"""What a search for breaks refuses, in one line each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.breaks.results import Period

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def checked_periods(periods: Sequence[Period]) -> tuple[Period, ...]:
    """The names of the periods; whole numbers must go up in even steps."""
    labels = tuple(
        label.item() if hasattr(label, "item") and not isinstance(label, str) else label for label in periods
    )
    if len(set(labels)) < len(labels):
        twice = next(label for place, label in enumerate(labels) if label in labels[:place])
        raise DataError(f"Period {twice} is there twice.")
    years = [label for label in labels if isinstance(label, int)]
    if len(years) == len(labels) > 1:
        step = years[1] - years[0]
        for before, after in pairwise(years):
            if after - before != step or step <= 0:
                raise DataError(
                    f"Period {after} follows {before}: expected {before + max(step, 1)}; breaks need every period in order.",
                    remedy="Fill the gap from its source, or take the stretch without it.",
                )
    return labels


def checked_shortest(length: int, width: int, trimming: float, most: int) -> tuple[int, int]:
    """Periods of the shortest regime, and the largest number of breaks that fits."""
    if not 0.05 <= trimming < 0.5:
        raise SettingsError(f"trimming = {trimming}: expected a share of at least 0.05 and below 0.5.")
    if most < 1:
        raise SettingsError(f"most = {most}: expected at least one break to look for.")
    # One period more than coefficients would leave one error a regime, which says nothing of its size.
    shortest = max(int(trimming * length), width + 2)
    fitting = length // shortest - 1
    if fitting < 1:
        raise SettingsError(
            f"{length} periods and regimes of at least {shortest} leave no room for a break.",
            remedy="Take a longer series or a smaller trimming.",
        )
    return shortest, min(most, fitting)


def refuse_collinear(design: NDArray[np.float64], shortest: int, names: Sequence[str]) -> None:
    """Regressors must be told apart in every stretch as long as the shortest regime."""
    import numpy as np

    scale = np.sqrt((design**2).mean(axis=0))
    parts = np.lib.stride_tricks.sliding_window_view(
        design / np.where(scale > 0, scale, 1.0), shortest, axis=0
    )
    smallest = np.linalg.svd(parts, compute_uv=False)[:, -1]
    collinear = np.flatnonzero(smallest < 1e-8 * np.sqrt(shortest))
    if collinear.size:
        raise EstimationError(
            f"{', '.join(names)} are collinear in the {shortest} periods from number {collinear[0] + 1}.",
            remedy="Leave one out, or raise the trimming.",
        )
