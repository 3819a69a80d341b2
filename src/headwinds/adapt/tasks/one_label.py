"""What tasks with exactly one label of several share: the loss, the validation score, the temperature, the decoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def mean_log_likelihood(outputs: Sequence[Any], classes: NDArray[np.int64]) -> float:
    """Mean log probability of the true class; `outputs` one row of logits each."""
    import numpy as np
    from scipy.special import log_softmax

    rows = [log_softmax(np.asarray(row, dtype=np.float64)) for row in outputs]
    return float(np.mean([row[true] for row, true in zip(rows, classes.tolist(), strict=True)]))


def decode_one_label(
    outputs: Sequence[Any], names: Sequence[Sequence[str]], decoder: Mapping[str, Any]
) -> list[tuple[int, list[float], str]]:
    """Of each row: the best class, the shares of all, the best one's name."""
    import numpy as np
    from scipy.special import softmax

    found = []
    for row, own in zip(outputs, names, strict=True):
        shares = softmax(np.asarray(row, dtype=np.float64)[: len(own)] / decoder["temperature"])
        best = int(shares.argmax())
        found.append((best, shares.tolist(), own[best]))
    return found
