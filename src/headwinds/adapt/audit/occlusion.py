"""Occlusion: how much the log-odds of a label fall when a piece of the text is left out (Zeiler, Fergus 2014, for words)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.adapt.audit.answers import log_odds
from headwinds.adapt.audit.text_units import text_units, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.audit.answers import Asked

MOST_PIECES = 200  # of a text; a longer one is left out by stretches of several words


def occlusion(asked: Asked, text: str, label: int) -> tuple[list[tuple[int, int]], list[float], float]:
    """Pieces of a text, what each is worth, and the log-odds of the text itself.

    A piece's value is the log-odds with it minus those without it; values of several pieces do not add up.
    """
    pieces, texts = occluded(text)
    values, whole = worth(asked.answers(texts).probability[:, label])
    return pieces, values, whole


def occluded(text: str) -> tuple[list[tuple[int, int]], list[str]]:
    """Pieces of a text as characters (first, after the last), and what to ask: the text, then the text without each."""
    units = text_units(text)
    step = -(-len(units) // MOST_PIECES) or 1
    groups = [units[first : first + step] for first in range(0, len(units), step)]
    pieces = [(group[0][0], group[-1][1]) for group in groups]
    return pieces, [text, *(without(text, group) for group in groups)]


def worth(probability: Sequence[float] | NDArray[np.float64]) -> tuple[list[float], float]:
    """What each piece is worth, and the log-odds of the whole, from a label's probabilities of what `occluded` asks."""
    import numpy as np

    odds = log_odds(np.asarray(probability, dtype=np.float64))
    return [float(odds[0] - one) for one in odds[1:]], float(odds[0])
