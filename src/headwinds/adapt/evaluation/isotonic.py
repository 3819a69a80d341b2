"""Isotonic calibration: a map from a model's probability to one that validation bears out, bound only to rise.

What goes in is the probability by slope and intercept, or by temperature, so that a label without enough validation examples
simply keeps it. A rising map has as many free numbers as the examples ask for: with a few positives it learns them by heart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.contracts import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

FEWEST = 50
"""Validation examples with a label, and as many without it, from which its map is fitted (ours: see design/adapt.md)."""

SHOWN = 5

Knots = tuple[tuple[float, ...], tuple[float, ...]]


def fit_isotonic(probability: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[Knots | None, ...]:
    """The map of each label: its knots, between which it is straight; None for a label with too few examples.

    Least squares under monotony (Ayer et al. 1955; of classifiers Zadrozny, Elkan 2002), by scikit-learn. Values are kept
    between 1 / (n + 2) and its complement, Laplace's estimate from n examples that all say the same: no finite number of
    examples makes a probability 0 or 1.

    Parameters
    ----------
    probability, truth
        Shape (validation examples, labels).
    """
    from sklearn.isotonic import IsotonicRegression

    found: list[Knots | None] = []
    least = 1.0 / (len(truth) + 2)
    for label in range(truth.shape[1]):
        own = truth[:, label]
        if min(int(own.sum()), int((~own).sum())) < FEWEST:
            found.append(None)
            continue
        fitted = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
        fitted.fit(probability[:, label], own.astype(float))
        found.append(
            (
                tuple(float(one) for one in fitted.X_thresholds_),
                tuple(float(one) for one in fitted.y_thresholds_),
            )
        )
    return tuple(found)


def apply_isotonic(
    probability: NDArray[np.float64], knots: Sequence[Sequence[Sequence[float]] | None]
) -> NDArray[np.float64]:
    """Each label's map on its column of `probability`, shape (texts, labels); beyond the outer knots it is flat."""
    import numpy as np

    found = probability.copy()
    for label, own in enumerate(knots):
        if own is not None:
            found[:, label] = np.interp(probability[:, label], own[0], own[1])
    return found


def uncalibrated_findings(
    decoders: Sequence[Mapping[str, Any]], labels: Sequence[str]
) -> tuple[Finding, ...]:
    """W203: labels that keep slope or temperature in one decoder or more, though isotonic calibration was asked for."""
    kept = [
        name
        for place, name in enumerate(labels)
        if any("isotonic" in one and one["isotonic"][place] is None for one in decoders)
    ]
    if not kept:
        return ()
    shown = ", ".join(kept[:SHOWN]) + (" ..." if len(kept) > SHOWN else "")
    return (
        Finding(
            "W203",
            f"{len(kept)} of {len(labels)} labels have fewer than {FEWEST} validation examples with or without them and are "
            f"not calibrated isotonically but keep their slope or temperature: {shown}.",
            "Name a larger validation file, or raise validation_share.",
        ),
    )
