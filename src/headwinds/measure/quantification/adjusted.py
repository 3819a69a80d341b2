"""Adjusted counts: the shares of classes that would give the predicted shares, by the error rates seen on the gold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts
    from headwinds.measure.quantification.problems import Choice, Teacher
    from headwinds.measure.quantification.solution import Solution

LEAST_SEPARATION = 0.05
"""Smallest singular value of the error rates below which the classifier is taken not to tell the classes apart."""


def class_rates(
    score: NDArray[np.float64], classes: NDArray[np.int64], weight: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """Mean score given the class, shape (K, K): column k is that of passages of class k; `weight` adds up to 1 in each."""
    import numpy as np

    rates = np.zeros((score.shape[1], count))
    np.add.at(rates.T, classes, weight[:, None] * score)
    return rates


def adjusted_shares(rates: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """Solve ``predicted = rates @ shares``, then clip to [0, 1] and divide by the sum, shape (K,).

    With decisions this is the adjusted count of Rogan and Gladen (1978), Gart and Buck (1966) and Forman (2008); with
    probabilities its probabilistic form (Bella, Ferri, Hernández-Orallo and Ramírez-Quintana 2010). The estimators keep
    what stands before the clipping, which is unbiased.
    """
    import numpy as np

    shares = np.clip(
        np.linalg.solve(np.asarray(rates, dtype=float), np.asarray(predicted, dtype=float)), 0.0, 1.0
    )
    found: NDArray[np.float64] = shares / shares.sum()
    return found


def solve_adjusted(frame: Frame, parts: Parts, choice: Choice, teacher: Teacher) -> Solution | None:
    """Shares of the parts that `teacher` teaches; None if its gold does not tell the classes apart.

    The estimate of a part is the mean of ``inverse(rates) @ score``. Its variance has three sources: the sampling of
    passages; the errors' own chance in a part that is not the whole of what taught; and the rates, whose error all parts
    share (the delta method on both).
    """
    import numpy as np

    from headwinds.measure.gold_draws import mean_covariance
    from headwinds.measure.quantification.problems import gold_weights
    from headwinds.measure.quantification.solution import Solution, class_noise
    from headwinds.measure.scores import mean_scores

    classes, gold = choice.classes, teacher.gold
    held = choice.gold_class[gold]
    weight = gold_weights(frame, gold, held)
    scored = choice.score[frame.gold_rows[gold]]
    rates = class_rates(scored, held, weight, classes)
    if np.linalg.svd(rates, compute_uv=False).min() < LEAST_SEPARATION:
        return None
    inverse = np.linalg.inv(rates)
    unmixed = choice.score @ inverse.T
    shares = mean_scores(frame, parts, unmixed)
    rows = inverse[list(choice.outputs)]
    rest = (scored - rates[:, held].T) @ rows.T
    outputs = len(choice.outputs)
    influence = np.zeros((len(gold), classes, outputs))
    influence[np.arange(len(gold)), held] = -weight[:, None] * rest
    covariance = mean_covariance(influence.reshape(len(gold), -1), frame, gold)
    values, vectors = np.linalg.eigh(np.nan_to_num(covariance))
    keep = values > 1e-12 * max(values.max(), 1e-300)
    root = (vectors[:, keep] * np.sqrt(values[keep])).reshape(classes, outputs, -1)
    return Solution(
        pseudo=unmixed[:, list(choice.outputs)],
        noise=class_noise(frame, parts, teacher, rest, held, weight, shares),
        audit=np.einsum("qk,kor->qor", np.nan_to_num(shares), root),
    )
