"""Rows that are alone in their entity or period: within the effects they tell nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def lone_rows(effects: Sequence[NDArray[np.int64]], rows: int) -> NDArray[np.bool_]:
    """Which rows an effect explains alone, or would once the others of these are gone; shape (rows,).

    Their residual is zero whatever they hold. Counted as observations and as clusters, they make small-sample factors and
    critical values those of a larger sample than there is, and errors too small (Correia 2015).

    Parameters
    ----------
    effects
        One array of codes from 0 an effect, shape (rows,) each.
    """
    import numpy as np

    lone = np.zeros(rows, dtype=bool)
    while True:
        found = np.zeros(rows, dtype=bool)
        for code in effects:
            found |= ~lone & (np.bincount(code[~lone], minlength=int(code.max(initial=0)) + 1)[code] == 1)
        if not found.any():
            return lone
        lone |= found
