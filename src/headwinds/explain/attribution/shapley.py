"""Exact Shapley values: each player's mean contribution over all orders in which the players can be changed.

phi_j = sum over S without j of |S|! (n - |S| - 1)! / n! (v(S + j) - v(S)) (Shapley 1953). All 2^n subsets are computed, so
no order matters and nothing is sampled; sum_j phi_j = v(all) - v(none).
"""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_PLAYERS = 12


def subsets(players: int) -> NDArray[np.bool_]:
    """Every subset, shape (2^players, players): row s has the players whose bit is set in s."""
    import numpy as np

    numbers = np.arange(2**players)
    inside: NDArray[np.bool_] = (numbers[:, None] >> np.arange(players)) & 1 == 1
    return inside


def shapley_values(worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shapley values of games given by the worth of every subset.

    Parameters
    ----------
    worth
        Shape (..., 2^n), in the order of `subsets`.

    Returns
    -------
    numpy.ndarray
        Shape (..., n).
    """
    import numpy as np

    count = worth.shape[-1]
    players = count.bit_length() - 1
    if 2**players != count or players > MOST_PLAYERS:
        raise ValueError(f"{count} subsets: expected 2^n with n at most {MOST_PLAYERS}")
    size = subsets(players).sum(axis=1)
    weight = np.array([factorial(k) * factorial(max(players - k - 1, 0)) for k in range(players + 1)])
    weight = weight / factorial(players)
    numbers = np.arange(count)
    values = []
    for player in range(players):
        without = numbers[(numbers >> player) & 1 == 0]
        gain = worth[..., without | (1 << player)] - worth[..., without]
        values.append(gain @ weight[size[without]])
    stacked: NDArray[np.float64] = np.stack(values, axis=-1)
    return stacked
