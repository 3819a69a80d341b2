"""How near predicted grades come to those that reading found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding

if TYPE_CHECKING:
    from headwinds.adapt.evaluation.compare import SystemPredictions
    from headwinds.adapt.fold import LabelledTexts

REPLICATES = 1000


def grade_finding(data: LabelledTexts, tuned: SystemPredictions, *, seed: int) -> Finding:
    """Quadratic weighted kappa and the mean distance of the model's grades, with intervals that draw documents.

    The classes of `data` are the grades in order, and `tuned` has been asked for passages that its models did not see.
    """
    import numpy as np

    from headwinds.adapt.evaluation.intervals import percentile_interval
    from headwinds.adapt.evaluation.metrics import document_weights
    from headwinds.adapt.evaluation.ordinal import mean_absolute_error, quadratic_weighted_kappa

    truth, given = data.truth.argmax(axis=1), tuned.label.argmax(axis=1)
    drawn = document_weights(data.document_ids, replicates=REPLICATES, seed=seed)
    weights = np.vstack([np.ones((1, len(truth))), drawn])
    told = []
    for name, measure in (
        ("quadratic weighted kappa", quadratic_weighted_kappa),
        ("mean distance in grades", mean_absolute_error),
    ):
        values = measure(truth, given, weights)
        found = percentile_interval(float(values[0]), values[1:], len(set(data.document_ids)))
        if found.lower != found.lower:
            told.append(f"{name} not available")
            continue
        told.append(f"{name} {found.value:.2f}, 95% interval {found.lower:.2f} to {found.upper:.2f}")
    guess = float(np.abs(truth - np.median(truth)).mean())
    return Finding(
        "N380",
        f"Grades of the model against those that reading found: {'; '.join(told)}. Always giving the median grade would be "
        f"{guess:.2f} grades off.",
    )
