"""Probabilities that mean what they say, and thresholds, both fitted on validation passages only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.evaluation.isotonic import Knots, apply_isotonic, fit_isotonic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SLOPE_RIDGE = 10.0
INTERCEPT_RIDGE = 1.0
SHARED_POSITIVES = 100
CUTS = tuple(cut / 100 for cut in range(2, 99))


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map from logits to probabilities, and a threshold on the probability for each label.

    Attributes
    ----------
    slope, intercept
        Shape (labels,): probability = logistic(slope * logit + intercept) (Platt 1999).
    threshold
        Shape (labels,): a label is given where its probability is at least this.
    isotonic
        Shape (labels,): the rising map of each label that follows (see `isotonic.fit_isotonic`), None for a label without
        one; empty where none was asked for.
    """

    slope: tuple[float, ...]
    intercept: tuple[float, ...]
    threshold: tuple[float, ...]
    isotonic: tuple[Knots | None, ...] = ()

    def probability(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities, shape of `logits` (passages, labels)."""
        import numpy as np
        from scipy.special import expit

        scaled: NDArray[np.float64] = expit(logits * np.array(self.slope) + np.array(self.intercept))
        return apply_isotonic(scaled, self.isotonic)

    def decide(self, probability: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Labels given, shape of `probability`."""
        import numpy as np

        given: NDArray[np.bool_] = probability >= np.array(self.threshold)
        return given


def calibration_of(decoder: Mapping[str, Any]) -> Calibration:
    """The calibration that a model of any number of labels a text keeps in its decoder."""
    names = ("slope", "intercept", "threshold")
    return Calibration(
        **{name: tuple(decoder[name]) for name in names}, isotonic=tuple(decoder.get("isotonic", ()))
    )


def fit_calibration(
    logits: NDArray[np.float64], truth: NDArray[np.bool_], *, isotonic: bool = False
) -> Calibration:
    """Fit slope, intercept and threshold of each label on validation passages, shape (passages, labels).

    How far a model is too sure of itself is much the same for all its labels, and a label alone has a handful of
    validation positives. So one slope is fitted to all labels together first, and each label's own slope is drawn to it,
    its intercept to 0, by a penalty worth a few passages. With `isotonic` a rising map of each label follows.
    """
    import numpy as np

    pooled = _platt(logits.ravel(), truth.ravel(), np.array([1.0, 0.0]))
    prior = np.array([pooled[0], 0.0])
    maps = [_platt(logits[:, label], truth[:, label], prior) for label in range(logits.shape[1])]
    slope, intercept = tuple(float(pair[0]) for pair in maps), tuple(float(pair[1]) for pair in maps)
    free = Calibration(slope, intercept, tuple(0.5 for _ in maps))
    if isotonic:
        free = replace(free, isotonic=fit_isotonic(free.probability(logits), truth))
    return replace(free, threshold=best_thresholds(free.probability(logits), truth))


def fit_temperature(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """The temperature by which to divide logits, shape (texts, labels), before a softmax (Guo et al. 2017, sec. 4.2).

    The maximum of a likelihood that is drawn, by the weight of a few texts, to a temperature of 1: with few validation texts
    a model that makes no error there would be called infinitely sure.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(log_temperature: float) -> float:
        shares = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-shares[np.arange(len(truth)), truth].sum() + 0.5 * SLOPE_RIDGE * log_temperature**2)

    return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded").x))


def best_thresholds(probability: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, ...]:
    """Threshold of each label with the best expected F1, from validation passages, shape (passages, labels).

    With a few positives the F1 of each cut is a jagged function of the sample, and its peak says little. So the average
    is taken of the observed F1 and of the F1 that the calibrated probabilities themselves expect (Lipton, Elkan,
    Naryanaswamy 2014), and each label's curve is drawn to the mean curve of all labels: calibrated probabilities mean the
    same for all of them. A label with 100 positives weighs its own curve by a half.
    """
    import numpy as np

    curves = np.empty((len(CUTS), truth.shape[1]))
    for place, cut in enumerate(CUTS):
        given = probability >= cut
        count = given.sum(axis=0)
        observed = 2 * (given & truth).sum(axis=0) / np.maximum(count + truth.sum(axis=0), 1)
        expected = 2 * (given * probability).sum(axis=0) / np.maximum(count + probability.sum(axis=0), 1e-12)
        curves[place] = observed + expected
    positives = truth.sum(axis=0)
    own = positives / (positives + SHARED_POSITIVES)
    drawn = own * curves + (1 - own) * curves.mean(axis=1, keepdims=True)
    return tuple(CUTS[int(place)] for place in drawn.argmax(axis=0))


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
