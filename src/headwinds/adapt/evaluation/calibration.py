"""Probabilities that mean what they say, and thresholds, both fitted on validation passages only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SLOPE_RIDGE = 10.0
INTERCEPT_RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map from logits to probabilities, and a threshold on the probability for each label.

    Attributes
    ----------
    slope, intercept
        Shape (labels,): probability = logistic(slope * logit + intercept) (Platt 1999).
    threshold
        Shape (labels,): a label is given where its probability is at least this.
    """

    slope: tuple[float, ...]
    intercept: tuple[float, ...]
    threshold: tuple[float, ...]

    def probability(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities, shape of `logits` (passages, labels)."""
        import numpy as np
        from scipy.special import expit

        scaled: NDArray[np.float64] = expit(logits * np.array(self.slope) + np.array(self.intercept))
        return scaled

    def decide(self, probability: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Labels given, shape of `probability`."""
        import numpy as np

        given: NDArray[np.bool_] = probability >= np.array(self.threshold)
        return given


def fit_calibration(logits: NDArray[np.float64], truth: NDArray[np.bool_]) -> Calibration:
    """Fit slope, intercept and threshold of each label on validation passages, shape (passages, labels).

    How far a model is too sure of itself is much the same for all its labels, and a label alone has a handful of
    validation positives. So one slope is fitted to all labels together first, and each label's own slope is drawn to it,
    its intercept to 0, by a penalty worth a few passages.
    """
    import numpy as np

    pooled = _platt(logits.ravel(), truth.ravel(), np.array([1.0, 0.0]))
    prior = np.array([pooled[0], 0.0])
    maps = [_platt(logits[:, label], truth[:, label], prior) for label in range(logits.shape[1])]
    slope, intercept = tuple(float(pair[0]) for pair in maps), tuple(float(pair[1]) for pair in maps)
    free = Calibration(slope, intercept, tuple(0.5 for _ in maps))
    probability = free.probability(logits)
    thresholds = (best_threshold(truth[:, label], probability[:, label]) for label in range(len(maps)))
    return Calibration(slope, intercept, tuple(float(np.float64(value)) for value in thresholds))


def best_threshold(truth: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Threshold with the best expected F1 on these passages.

    With a few positives the F1 of each cut is a jagged function of the sample; so the average is taken of the observed
    F1 and of the F1 that the calibrated probabilities themselves expect (Lipton, Elkan, Naryanaswamy 2014), and the cut
    lies halfway to the next lower probability.
    """
    import numpy as np

    order = np.argsort(-probability, kind="stable")
    ordered = probability[order]
    given = np.arange(1, len(ordered) + 1)
    observed = 2 * np.cumsum(truth[order]) / (given + max(int(truth.sum()), 1))
    expected = 2 * np.cumsum(ordered) / (given + ordered.sum())
    cut_here = np.append(ordered[1:] != ordered[:-1], True)
    best = int(np.argmax(np.where(cut_here, observed + expected, -1.0)))
    below = ordered[best + 1] if best + 1 < len(ordered) else 0.0
    return float((ordered[best] + below) / 2)


def _platt(
    logit: NDArray[np.float64], truth: NDArray[np.bool_], prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Penalised maximum likelihood of (slope, intercept); strictly convex, so any start leads to the one solution.

    A quasi-Newton search with a line search: the bare Newton step overshoots on separable labels and never comes back.
    """
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import expit

    design = np.column_stack([logit, np.ones_like(logit)])
    ridge = np.array([SLOPE_RIDGE, INTERCEPT_RIDGE])

    def loss(estimate: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        linear, move = design @ estimate, estimate - prior
        value = float(np.sum(np.logaddexp(0.0, linear) - truth * linear) + 0.5 * np.sum(ridge * move**2))
        return value, design.T @ (expit(linear) - truth) + ridge * move

    found: NDArray[np.float64] = minimize(loss, prior, jac=True, method="BFGS").x
    return found
