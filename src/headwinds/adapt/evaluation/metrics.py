"""Precision, recall, F1, average precision and calibration error, for many weightings of the same passages at once.

A bootstrap replicate is a weighting of the passages (how often each was drawn), so every function takes weights of shape
(replicates, passages) and returns shape (replicates,). The plain metric is the replicate whose weights are all 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.numbered import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True)
class Counts:
    """Weighted true positives, false positives and false negatives, shape (replicates,) each."""

    true_positives: NDArray[np.float64]
    false_positives: NDArray[np.float64]
    false_negatives: NDArray[np.float64]


def count(truth: NDArray[np.bool_], predicted: NDArray[np.bool_], weights: NDArray[np.float64]) -> Counts:
    """Count hits and misses; truth and predicted have shape (passages,)."""
    return Counts(
        weights @ (truth & predicted), weights @ (~truth & predicted), weights @ (truth & ~predicted)
    )


def precision(counts: Counts) -> NDArray[np.float64]:
    """True positives over predicted positives; NaN where nothing is predicted."""
    return _ratio(counts.true_positives, counts.true_positives + counts.false_positives)


def recall(counts: Counts) -> NDArray[np.float64]:
    """True positives over positives; NaN where there are none."""
    return _ratio(counts.true_positives, counts.true_positives + counts.false_negatives)


def f1(counts: Counts) -> NDArray[np.float64]:
    """Harmonic mean of precision and recall; NaN where the label has no positives at all."""
    doubled = 2 * counts.true_positives
    score = _ratio(doubled, doubled + counts.false_positives + counts.false_negatives)
    score[counts.true_positives + counts.false_negatives == 0] = float("nan")
    return score


def average_precision(
    truth: NDArray[np.bool_], score: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean of precision over the recall steps (step-wise, ties taken together); NaN without positives."""
    import numpy as np

    order = np.argsort(-score, kind="stable")
    ordered = weights[:, order]
    hits = np.cumsum(ordered * truth[order], axis=1)
    seen = np.cumsum(ordered, axis=1)
    sorted_score = score[order]
    last_of_tie = np.flatnonzero(np.append(sorted_score[1:] != sorted_score[:-1], True))
    hits, seen = hits[:, last_of_tie], seen[:, last_of_tie]
    gained = np.diff(hits, axis=1, prepend=0.0)
    return _ratio((gained * _ratio(hits, seen, empty=0.0)).sum(axis=1), hits[:, -1])


def average_precision_by_fold(
    truth: NDArray[np.bool_],
    score: NDArray[np.float64],
    weights: NDArray[np.float64],
    fold: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Mean over the folds of the average precision within each; `fold` has shape (passages,).

    Average precision judges a ranking, and each fold's passages were ranked by a model of their own: in one pooled list the
    models' scores would be compared with each other too, which punishes shifts between models that no user ever sees
    (Forman, Scholz 2010, sec. 3). Counts, and so F1, are pooled, as the same authors advise. A fold without positives in a
    replicate is left out of that replicate's mean; NaN where no fold has any.
    """
    import numpy as np

    each = np.array(
        [
            average_precision(truth[fold == one], score[fold == one], weights[:, fold == one])
            for one in np.unique(fold)
        ]
    )
    known = ~np.isnan(each)
    return _ratio(np.where(known, each, 0.0).sum(axis=0), known.sum(axis=0))


def macro_average_precision(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Mean average precision over the labels that have positives, shape (passages, labels) each; 0 if none has."""
    import numpy as np

    ones = np.ones((1, len(truth)))
    values = [
        float(average_precision(truth[:, label], score[:, label], ones)[0])
        for label in range(truth.shape[1])
        if truth[:, label].any()
    ]
    return float(np.mean(values)) if values else 0.0


def mean_of_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis of what is not NaN; NaN where nothing is known."""
    import numpy as np

    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def expected_calibration_error(
    truth: NDArray[np.bool_], probability: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean distance between predicted probability and observed share over ten equally wide bins (Guo et al. 2017, eq. 3)."""
    import numpy as np

    error = np.zeros(len(weights))
    bins = calibration_bin(probability)
    for index in range(CALIBRATION_BINS):
        members = bins == index
        if members.any():
            inside = weights[:, members]
            error += np.abs(inside @ (truth[members].astype(float) - probability[members]))
    return _ratio(error, weights.sum(axis=1))


def calibration_bin(probability: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number of the equally wide bin in which each probability falls."""
    import numpy as np

    return np.minimum((probability * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)


def document_weights(
    document_ids: Sequence[str] | NDArray[np.str_], *, replicates: int, seed: int | np.random.Generator
) -> NDArray[np.float64]:
    """Bootstrap weights that draw whole documents with replacement, shape (replicates, passages).

    A generator in the place of a seed goes on where it stands: calls in turn give what one call for all would.

    Passages of one speech resemble each other; drawing documents keeps that dependence in the interval
    (Davison, Hinkley 1997, sec. 3.8).
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    names, owner = numbered(document_ids)
    draws = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    return draws[:, owner].astype(np.float64)


def _ratio(
    numerator: NDArray[np.float64], denominator: NDArray[np.float64], *, empty: float = float("nan")
) -> NDArray[np.float64]:
    import numpy as np

    result = np.full(np.shape(numerator), empty, dtype=np.float64)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
