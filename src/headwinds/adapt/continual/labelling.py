"""Which live texts to label next: those that the model is unsure of, and that are unlike what it knows and each other.

One after another, the text with the largest product of entropy and squared distance to the nearest known one is taken: the
greedy cover of Sener and Savarese (2018, algorithm 1), weighted by uncertainty. These are for teaching a model; to measure
a share, draw with known chances instead (`headwinds sample`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST = 0.05
"""Part of the largest entropy that a text counts with even where the model is sure: it may be wrongly so."""


def entropy(probability: NDArray[np.float64], *, several: bool) -> NDArray[np.float64]:
    """Of each text in nats; of any number of labels summed over them. Shape (texts, labels) to (texts,)."""
    import numpy as np
    from scipy.special import entr

    total: NDArray[np.float64] = np.sum(
        entr(probability) + (entr(1 - probability) if several else 0.0), axis=1
    )
    return total


def texts_to_label(
    uncertainty: NDArray[np.float64],
    vectors: NDArray[np.float64],
    known: NDArray[np.float64],
    count: int,
) -> list[int]:
    """Numbers of at most `count` texts, the most wanted first; equal ones in their order.

    Parameters
    ----------
    uncertainty
        Shape (texts,).
    vectors, known
        Shape (texts, width) of the texts and (known, width) of those that need no label.
    """
    import numpy as np
    from scipy.spatial.distance import cdist

    largest = float(uncertainty.max(initial=0.0)) or 1.0
    worth = np.maximum(uncertainty, LEAST * largest)
    apart = cdist(vectors, known, "sqeuclidean").min(axis=1) if len(known) else np.ones(len(vectors))
    chosen: list[int] = []
    for _ in range(min(count, len(vectors))):
        # Rounded, so that the order does not hang on the last bits, which depend on the machine.
        gain = (worth * apart).round(9)
        gain[chosen] = -1.0
        best = int(gain.argmax())
        chosen.append(best)
        apart = np.minimum(apart, cdist(vectors, vectors[best : best + 1], "sqeuclidean")[:, 0])
    return chosen
