"""Estimators by name, what each assumes, and which one the data allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

ESTIMATORS = (
    "adjusted-count",
    "bayesian",
    "classify-and-count",
    "difference",
    "error-curve",
    "expectation-maximisation",
    "kernel-density",
    "labelled-only",
    "prediction-powered",
    "probabilistic-adjusted-count",
    "small-area",
)
CONSTANT_ERROR = (
    "adjusted-count",
    "bayesian",
    "expectation-maximisation",
    "kernel-density",
    "probabilistic-adjusted-count",
)
"""They carry error rates from the gold to every cell, and refuse where the gold says that the rates differ."""


def get_estimator(name: str) -> Callable[..., Indicator]:
    """The `estimate` function registered under `name`.

    Raises
    ------
    SettingsError
        If there is none.
    """
    found: Callable[..., Indicator] = _module(name).estimate
    return found


def assumption(name: str) -> str:
    """What an estimator assumes, as a clause that goes on from "it assumes that ...".

    Raises
    ------
    SettingsError
        If there is no such estimator.
    """
    return str(_module(name).ASSUMES)


def _module(name: str) -> Any:
    from headwinds.measure import estimators as home
    from headwinds.measure.estimators import (  # noqa: F401  (found by name below)
        adjusted_count,
        bayesian,
        classify_and_count,
        difference,
        error_curve,
        expectation_maximisation,
        kernel_density,
        labelled_only,
        prediction_powered,
        probabilistic_adjusted_count,
        small_area,
    )

    if name not in ESTIMATORS:
        raise SettingsError(f"there is no estimator '{name}'; the estimators are {', '.join(ESTIMATORS)}.")
    return getattr(home, name.replace("-", "_"))


def choose_estimator(
    frame: Frame, cells: Cells | None = None, *, minimum_gold: int = 30, minimum_count: int = 10
) -> tuple[str, str]:
    """The default for these data (and these cells, where they are given), and the reason in a sentence.

    No estimator that carries error rates from one cell to another is ever chosen: with gold whose inclusion probabilities
    are known there is no need to assume that the rates are the same, and a test that did not reject would not show it.
    """
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
    if cells is not None:
        thin = _areas(frame, cells, minimum_gold, minimum_count)
        if thin:
            return (
                "small-area",
                f"{thin} of {len(cells)} cells have too few of the {gold} gold labels to be corrected by their own, and "
                "enough cells have some to tell how much cells differ: each mixes its own gold with that of all, by their "
                "variances.",
            )
    return (
        "difference",
        f"The {gold} gold labels have known inclusion probabilities and the predictions vary: predictions, corrected by the "
        "gold's residuals, are unbiased by design and no wider than the gold alone in large samples.",
    )


def _areas(frame: Frame, cells: Cells, minimum_gold: int, minimum_count: int) -> int:
    """How many cells would mix their own gold with that of a stratum that can bear a model of their differences."""
    import numpy as np

    from headwinds.measure.pools import make_parts, modelled_strata

    parts = make_parts(frame, cells)
    modelled = modelled_strata(frame, parts, minimum_count)
    own = np.bincount(parts.gold, minlength=len(parts.cell))
    whole = np.isclose(parts.size, parts.stratum_size[parts.stratum])
    borrows = (parts.share > 0) & (own < minimum_gold) & ~(whole & (own >= 2)) & modelled[parts.coarse]
    return len(np.unique(parts.cell[borrows]))
