"""Counts of labels given and true, by weighting, and the metrics that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Weighted counts, shape (replicates, labels) each: both given and true, given, true; and examples, (replicates,)."""

    hits: NDArray[np.float64]
    given: NDArray[np.float64]
    true: NDArray[np.float64]
    examples: NDArray[np.float64]


def label_counts(
    truth: NDArray[np.bool_], given: NDArray[np.bool_], weights: NDArray[np.float64]
) -> LabelCounts:
    """Count; `truth` and `given` have shape (examples, labels), `weights` (replicates, examples)."""
    return LabelCounts(
        weights @ (truth & given).astype(float),
        weights @ given.astype(float),
        weights @ truth.astype(float),
        weights.sum(axis=1),
    )


def label_metrics(counts: LabelCounts, labels: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
    """F1 macro, micro, weighted and by label, precision and recall, and Matthews correlation (Gorodkin 2004, eq. 8).

    Labels that do not occur, neither in truth nor among what is given, are left out of the macro mean.
    """
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * counts.hits / (counts.given + counts.true)
        precision = np.where(counts.given > 0, counts.hits / counts.given, 0.0)
        recall = np.where(counts.true > 0, counts.hits / counts.true, 0.0)
        micro = 2 * counts.hits.sum(axis=1) / (counts.given + counts.true).sum(axis=1)
        occurs = counts.given + counts.true > 0
        number = occurs.sum(axis=1)
        macro = [np.where(occurs, values, 0.0).sum(axis=1) / number for values in (f1, precision, recall)]
        weighted = np.where(counts.true > 0, f1 * counts.true, 0.0).sum(axis=1) / counts.true.sum(axis=1)
    found = {
        "macro_f1": macro[0],
        "macro_precision": macro[1],
        "macro_recall": macro[2],
        "micro_f1": micro,
        "weighted_f1": weighted,
        "matthews_correlation": _matthews(counts),
    }
    found |= {f"f1[{name}]": f1[:, number] for number, name in enumerate(labels)}
    return found


def _matthews(counts: LabelCounts) -> NDArray[np.float64]:
    import numpy as np

    right, total = counts.hits.sum(axis=1), counts.examples
    product = (counts.given * counts.true).sum(axis=1)
    spread = (total**2 - (counts.given**2).sum(axis=1)) * (total**2 - (counts.true**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        value: NDArray[np.float64] = np.where(
            spread > 0, (right * total - product) / np.sqrt(np.abs(spread)), np.nan
        )
    return value
