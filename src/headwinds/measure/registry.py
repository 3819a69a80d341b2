"""Estimators by name, and which one the data allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.frame import Frame

ESTIMATORS = ("classify-and-count", "difference", "labelled-only")


def get_estimator(name: str) -> Callable[..., Indicator]:
    """The `estimate` function registered under `name`.

    Raises
    ------
    SettingsError
        If there is none.
    """
    from headwinds.measure.estimators import classify_and_count, difference, labelled_only

    known: dict[str, Callable[..., Indicator]] = {
        "classify-and-count": classify_and_count.estimate,
        "difference": difference.estimate,
        "labelled-only": labelled_only.estimate,
    }
    if name not in known:
        raise SettingsError(f"there is no estimator '{name}'; the estimators are {', '.join(ESTIMATORS)}.")
    return known[name]


def choose_estimator(frame: Frame) -> tuple[str, str]:
    """The default for these data, and the reason in a sentence."""
    import numpy as np

    gold = len(frame.gold_rows)
    score = frame.probability[frame.gold_rows]
    if gold < 2:
        return (
            "classify-and-count",
            f"With {gold} gold labels nothing can be corrected: the plain share is all there is.",
        )
    if float(np.ptp(score, axis=0).max()) < 1e-9:
        return "labelled-only", "The predictions do not vary on gold, so they can add nothing to the labels."
    return (
        "difference",
        f"The {gold} gold labels have known inclusion probabilities and the predictions vary: predictions, corrected by the "
        "gold's residuals, are unbiased by design and no wider than the gold alone in large samples.",
    )
