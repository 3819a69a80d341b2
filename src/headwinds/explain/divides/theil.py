"""Theil's T within and between groups (Theil 1967; Shorrocks 1980): it adds up exactly.

    T = sum_g s_g T_g + sum_g s_g ln(m_g / m),     s_g = w_g m_g / m

with w_g a group's share of the weight, m_g its mean, T_g its own index: the first sum is within groups, the second between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


def theil_parts(
    values: NDArray[np.float64], weights: NDArray[np.float64], groups: Sequence[str] | NDArray[np.object_]
) -> tuple[dict[str, float], dict[str, float], float]:
    """What each group adds within itself, what it adds between groups, and the whole.

    Parameters
    ----------
    values, weights
        Shape (units,), values not negative with a positive mean.
    groups
        The group of each unit.

    Returns
    -------
    tuple
        s_g T_g by group, s_g ln(m_g / m) by group, and T computed over all units.
    """
    import numpy as np

    from headwinds.explain.divides.measures import mean, theil

    centre = float(mean(values, weights))
    total = float(weights.sum())
    names = np.asarray(list(groups), dtype=object)
    within, between = {}, {}
    for group in sorted(set(names)):
        inside = (names == group) & (weights > 0)
        if not inside.any():
            within[group] = between[group] = 0.0
            continue
        own = float(mean(values[inside], weights[inside]))
        share = float(weights[inside].sum()) / total * own / centre
        within[group] = share * float(theil(values[inside], weights[inside])) if own > 0 else 0.0
        between[group] = share * float(np.log(own / centre)) if own > 0 else 0.0
    return within, between, float(theil(values, weights))
