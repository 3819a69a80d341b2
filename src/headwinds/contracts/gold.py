"""Gold: passages labelled by reading, with how they were sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


KINDS = ("multi-label", "multi-class", "graded")
"""What an answer may say: any of the labels, exactly one of them, or a grade for each."""


@dataclass(frozen=True, slots=True)
class Gold:
    """Labelled passages.

    Attributes
    ----------
    passage_ids
        One id a row, unique, each of them in the corpus.
    label_names
        The codebook's labels, in order.
    labels
        Boolean, shape (passages, labels); of grades, whether they are above 0.
    inclusion_probability
        Shape (passages,): the probability with which the design drew this passage from the *population* (the whole
        corpus, not the shipped sample of it), in (0, 1]. NaN throughout if the design is unknown: such gold trains a
        model and tests it, but no design-based estimate is made from it.
    stratum
        Shape (passages,): the stratum within which the passage was drawn at random, as one string
        (for instance "none / 1990-2000").
    grades
        Shape (passages, labels): the grade of each label, where the answers are grades; else None.
    """

    passage_ids: tuple[str, ...]
    label_names: tuple[str, ...]
    labels: NDArray[np.bool_]
    inclusion_probability: NDArray[np.float64]
    stratum: tuple[str, ...]
    grades: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.passage_ids)
