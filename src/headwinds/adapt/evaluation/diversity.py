"""Distinct-n: the share of different n-grams among all that a set of texts holds (Li et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.rouge import rouge_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def distinct(texts: Sequence[str], weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Distinct-n of each weighting (replicates, texts).

    A drawn sample holds texts twice, so that it says nothing of how many n-grams are different: there the value is NaN, and
    no interval is told.
    """
    import numpy as np

    grams = []
    for text in texts:
        words = rouge_words(text)
        grams.append([tuple(words[place : place + size]) for place in range(len(words) - size + 1)])
    found = np.full(len(weights), np.nan)
    for number, weight in enumerate(weights):
        if not np.isin(weight, (0.0, 1.0)).all():
            continue
        own = [gram for one, several in zip(weight, grams, strict=True) if one for gram in several]
        if own:
            found[number] = len(set(own)) / len(own)
    return found
