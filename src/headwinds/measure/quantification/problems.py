"""A frame as choices between classes: one a label, or one altogether; and the gold that teaches each stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts

LEAST_OF_CLASS = 5
"""Gold passages of a class from which its error rate is learnt; its stratum's own from ten."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice between K classes.

    Attributes
    ----------
    labels
        The labels of the frame that it gives.
    outputs
        The class of each: (1,) for one label (0 is its absence), all of them for classes that exclude each other.
    score
        Shape (n, K): probability of each class, or 0 and 1 for the decision.
    gold_class
        Shape (m,): the class that was found.
    """

    labels: tuple[int, ...]
    outputs: tuple[int, ...]
    score: NDArray[np.float64]
    gold_class: NDArray[np.int64]

    @property
    def classes(self) -> int:
        """K."""
        return int(self.score.shape[1])


@dataclass(frozen=True, slots=True)
class Teacher:
    """Gold that teaches the error rates of some parts.

    Attributes
    ----------
    name
        The stratum, or "all strata" for those that have too few of a class for themselves.
    parts
        Shape (Q,): which parts it teaches.
    gold
        Which gold passages it is made of.
    size
        Passages of the population that it stands for.
    """

    name: str
    parts: NDArray[np.bool_]
    gold: NDArray[np.int64]
    size: float


def make_choices(frame: Frame, *, decided: bool) -> list[Choice]:
    """The choices of a frame, by thresholded decision (`decided`) or by probability.

    Raises
    ------
    SettingsError
        The labels are scores: there is nothing to choose.
    """
    import numpy as np

    if frame.kind == "score":
        raise SettingsError(
            "error rates belong to labels that hold or do not; graded labels have none.",
            remedy="Use the estimator 'difference', 'small-area', 'prediction-powered' or 'labelled-only'.",
        )
    if frame.kind == "multi-class":
        every = tuple(range(len(frame.label_names)))
        score = frame.label.astype(np.float64) if decided else frame.probability
        return [Choice(every, every, score, np.argmax(frame.gold_labels, axis=1))]
    found = []
    for label in range(len(frame.label_names)):
        one = frame.label[:, label].astype(np.float64) if decided else frame.probability[:, label]
        score = np.column_stack([1 - one, one])
        found.append(Choice((label,), (1,), score, frame.gold_labels[:, label].astype(np.int64)))
    return found


def find_teachers(frame: Frame, parts: Parts, choice: Choice) -> tuple[list[Teacher], str]:
    """The gold that teaches each stratum: its own with ten of every class, else that of all strata.

    Returns
    -------
    list of Teacher, and in words which class has too few gold passages to teach anything ("" if none has).
    """
    import numpy as np

    coarse = parts.coarse_of_stratum[frame.stratum_code[frame.gold_rows]]
    strata = len(parts.coarse_names)
    count = np.zeros((strata, choice.classes), dtype=np.int64)
    np.add.at(count, (coarse, choice.gold_class), 1)
    total = count.sum(axis=0)
    if (total < LEAST_OF_CLASS).any():
        few = int(np.argmin(total))
        if choice.classes == 2 and len(choice.labels) == 1:
            name = frame.label_names[choice.labels[0]]
            return [], f"{total[few]} gold passages {'with' if few else 'without'} '{name}'"
        return [], f"{total[few]} gold passages of class '{frame.label_names[few]}'"
    size = np.bincount(parts.coarse, weights=parts.size, minlength=strata)
    own = count.min(axis=1) >= 2 * LEAST_OF_CLASS
    teachers = [
        Teacher(
            parts.coarse_names[stratum],
            parts.coarse == stratum,
            np.flatnonzero(coarse == stratum),
            size[stratum],
        )
        for stratum in np.flatnonzero(own)
    ]
    if not own.all():
        every = np.arange(len(frame.gold_rows))
        teachers.append(Teacher("all strata", ~own[parts.coarse], every, float(size.sum())))
    return teachers, ""


def gold_weights(frame: Frame, gold: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Design weights that add up to one within each class, shape (len(gold),)."""
    import numpy as np

    weight = 1 / frame.inclusion_probability[gold]
    total = np.bincount(classes, weights=weight)
    found: NDArray[np.float64] = weight / total[classes]
    return found
