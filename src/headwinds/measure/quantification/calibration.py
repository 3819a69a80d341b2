"""Calibration of probabilities on the gold, with the influence of each gold passage on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RIDGE = 0.1
"""Weight, in passages, of the belief that the probabilities need no calibration: it keeps perfectly told classes finite."""
FLOOR = 1e-6
"""No probability is taken for more certain than this."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Temperature and biases (K - 1): calibrated logits are temperature x log probability + bias.

    Attributes
    ----------
    parameters
        Shape (K,): the temperature's inverse, then the bias of each class but the first.
    influence
        Shape (m, K): of each gold passage on the parameters.
    """

    parameters: NDArray[np.float64]
    influence: NDArray[np.float64]


def logarithms(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log probabilities, kept from minus infinity."""
    import numpy as np

    return np.log(np.clip(probability, FLOOR, 1.0))


def calibrated(logs: NDArray[np.float64], parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Calibrated probabilities from `logarithms`, shape (n, K)."""
    import numpy as np

    logits = parameters[0] * logs
    logits[:, 1:] += parameters[1:]
    # Columns are few and rows many: a sum along a row is dear, one over columns is not.
    peak = logits[:, 0]
    for column in logits.T[1:]:
        peak = np.maximum(peak, column)
    odds = np.exp(logits - peak[:, None])
    found: NDArray[np.float64] = odds / (odds @ np.ones(odds.shape[1]))[:, None]
    return found


def calibrate(
    probability: NDArray[np.float64], held: NDArray[np.int64], weight: NDArray[np.float64]
) -> Calibration:
    """Bias-corrected temperature scaling by weighted maximum likelihood (Alexandari, Kundaje and Shrikumar 2020).

    For one label it is Platt's (1999) logistic calibration of the log odds.

    Parameters
    ----------
    probability, held, weight
        Shapes (m, K), (m,), (m,): of the gold.
    """
    import numpy as np

    gold, classes = probability.shape
    weight = weight * (gold / weight.sum())
    logs = logarithms(probability)
    start = np.zeros(classes)
    start[0] = 1.0
    parameters: NDArray[np.float64] = start.copy()
    held_one = (held[:, None] == np.arange(classes)).astype(np.float64)

    def derivatives(at: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores (m, K) and negative Hessian (K, K)."""
        chance = calibrated(logs, at)
        rest = held_one - chance
        score = np.column_stack([(rest * logs).sum(axis=1), rest[:, 1:]])
        # The features of class k: its log probability, and an indicator for its bias.
        features = np.zeros((gold, classes, classes))
        features[:, :, 0] = logs
        features[:, np.arange(1, classes), np.arange(1, classes)] = 1.0
        centred = features - (chance[:, :, None] * features).sum(axis=1, keepdims=True)
        curved = np.einsum("n,nk,nkp,nkr->pr", weight, chance, centred, centred)
        return score, np.asarray(curved + RIDGE * np.eye(classes), dtype=np.float64)

    def objective(at: NDArray[np.float64]) -> float:
        chance = calibrated(logs, at)[np.arange(gold), held]
        return (
            float(weight @ np.log(np.maximum(chance, 1e-300))) - RIDGE * float(((at - start) ** 2).sum()) / 2
        )

    # Newton's method with halved steps: a rule that says 0 or 1 starts where the likelihood is all but flat.
    reached = objective(parameters)
    for _ in range(100):
        score, curvature = derivatives(parameters)
        step = np.linalg.solve(curvature, weight @ score - RIDGE * (parameters - start))
        step *= min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-12))
        moved = parameters + step
        while objective(moved) < reached and float(np.abs(step).max()) > 1e-10:
            step = step / 2
            moved = parameters + step
        parameters, reached = np.asarray(moved, dtype=np.float64), objective(moved)
        if float(np.abs(step).max()) < 1e-9:
            break
    score, curvature = derivatives(parameters)
    influence = np.linalg.solve(curvature, (weight[:, None] * score).T).T
    return Calibration(parameters, np.asarray(influence, dtype=np.float64))
