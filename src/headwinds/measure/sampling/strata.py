"""Strata to draw labels within: by keys, by a keyword screen, by predicted score."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headwinds.contracts.stratum_names import joined_stratum
from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def join_strata(columns: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """One name a passage from several columns, joined by " / " as everywhere; the first is the stratum proper."""
    return tuple(joined_stratum([str(value) for value in values]) for values in zip(*columns, strict=True))


def screen_strata(texts: Sequence[str], words: Sequence[str], *, name: str = "screen") -> tuple[str, ...]:
    """`name` where a text holds one of the words (any part of a word, either case), else "none".

    Raises
    ------
    SettingsError
        If there is no word.
    """
    chosen = [word.strip() for word in words if word.strip()]
    if not chosen:
        raise SettingsError("screen names no word.", remedy="Name words, separated by commas.")
    found = re.compile("|".join(re.escape(word) for word in chosen), flags=re.IGNORECASE)
    return tuple(name if found.search(text) else "none" for text in texts)


def score_strata(score: NDArray[np.float64], bins: int) -> tuple[str, ...]:
    """Strata of a score by equal steps of the cumulated root of its density (Dalenius and Hodges 1959).

    They are narrow where a small step of score changes much. Named "score 1 of 4" upwards; bins that no score falls into
    are left out of the count.

    Raises
    ------
    SettingsError
        If there are fewer than two bins, or more than passages.
    DataError
        If a score is missing or outside [0, 1].
    """
    import numpy as np

    values = np.asarray(score, dtype=np.float64)
    if not 2 <= bins <= max(2, len(values)):
        raise SettingsError(f"score_bins = {bins} cannot be used: expected from 2 to the number of passages.")
    if not ((values >= 0) & (values <= 1)).all():
        raise DataError("a score is missing or outside [0, 1], so it has no stratum.", remedy="Score again.")
    count, edges = np.histogram(values, bins=np.linspace(0, 1, 201))
    climbed = np.cumsum(np.sqrt(count))
    steps = climbed[-1] * np.arange(1, bins) / bins
    cuts = edges[1:][np.searchsorted(climbed, steps)]
    _, code = np.unique(np.searchsorted(cuts, values, side="left"), return_inverse=True)
    there = int(code.max(initial=0)) + 1
    return tuple(f"score {place + 1} of {there}" for place in code.tolist())


def uncertainty(probability: NDArray[np.float64], *, mix: float = 0.3) -> NDArray[np.float64]:
    """How uncertain the model is of each passage, shape (passages,): the root of the sum over labels of p (1 - p).

    It is the standard deviation of the label if the probabilities are calibrated, and drawing in proportion to it is then
    best for the difference estimator (Zrnic and Candès 2024). As they may not be, `mix` of the mean is added to all:
    no passage of which the model is wrongly certain is out of reach.

    Raises
    ------
    SettingsError
        If `mix` is not above 0 and at most 1.
    """
    import numpy as np

    if not 0 < mix <= 1:
        raise SettingsError(f"mix = {mix} cannot be used: expected a share above 0 and at most 1.")
    values = np.asarray(probability, dtype=np.float64)
    spread = np.sqrt((values * (1 - values)).sum(axis=1))
    mean = float(spread.mean()) if len(spread) and spread.mean() > 0 else 1.0
    mixed: NDArray[np.float64] = (1 - mix) * spread + mix * mean
    return mixed
