"""How common each label is among live texts, from a calibrated model's probabilities, if only the labels' shares moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.intervals import percentile_interval
from headwinds.adapt.evaluation.metrics import document_weights
from headwinds.contracts import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

REPLICATES = 200
STEPS = 200
CLOSE = 1e-5
LEAST = 1e-6  # of a probability


@dataclass(frozen=True, slots=True)
class LabelShare:
    """A label's share among the reference and the live texts, and the difference, each with a 95% interval."""

    label: str
    reference: Interval
    live: Interval
    difference: Interval


def expected_shares(
    probability: NDArray[np.float64],
    prior: NDArray[np.float64],
    weight: NDArray[np.float64],
    *,
    several: bool,
    start: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Shares of the labels by expectation maximisation under label shift (Saerens, Latinne, Decaestecker 2002, eq. 9).

    Parameters
    ----------
    probability
        Shape (texts, labels), calibrated where the labels have the shares `prior`.
    weight
        Shape (texts,).
    several
        Whether a text may have any number of labels: each is then estimated by itself against its absence.
    start
        Shares to begin with, near those that are sought; the prior by default.
    """
    import numpy as np

    held = np.clip(probability, LEAST, 1 - LEAST)
    before = np.clip(prior, LEAST, 1 - LEAST)
    relative = weight / weight.sum()
    share = before if start is None else start
    for _ in range(STEPS):
        odds = held * (share / before)
        rest = (1 - held) * ((1 - share) / (1 - before)) if several else 0.0
        total = odds + rest if several else odds.sum(axis=1, keepdims=True)
        moved = np.clip(relative @ (odds / total), LEAST, 1 - LEAST)
        if np.abs(moved - share).max() < CLOSE:
            return np.asarray(moved)
        share = moved
    return np.asarray(share)


def label_shares(
    reference: NDArray[np.float64],
    live: NDArray[np.float64],
    reference_groups: Sequence[str],
    live_groups: Sequence[str],
    labels: Sequence[str],
    *,
    several: bool,
    seed: int,
) -> tuple[LabelShare, ...]:
    """Shares of every label on both sides with intervals that draw whole groups of both; see `percentile_interval`.

    The reference's shares are the means of its own probabilities, of which the estimate for the reference is a fixed point.
    """
    import numpy as np

    before = np.vstack(
        [
            np.ones((1, len(reference))),
            document_weights(reference_groups, replicates=REPLICATES, seed=seed),
        ]
    )
    after = np.vstack(
        [
            np.ones((1, len(live))),
            document_weights(live_groups, replicates=REPLICATES, seed=seed + 1),
        ]
    )
    priors = before @ reference / before.sum(axis=1, keepdims=True)
    first = expected_shares(live, priors[0], after[0], several=several)
    drawn = [
        expected_shares(live, prior, weight, several=several, start=first)
        for prior, weight in zip(priors[1:], after[1:], strict=True)
    ]
    shares = np.array([first, *drawn])
    moved = shares - priors
    references = len(set(reference_groups))
    both = min(references, len(set(live_groups)))  # of the side that says less
    return tuple(
        LabelShare(
            label,
            _interval(priors[:, n], references),
            _interval(shares[:, n], both),
            _interval(moved[:, n], both),
        )
        for n, label in enumerate(labels)
    )


def _interval(values: NDArray[np.float64], groups: int) -> Interval:
    return percentile_interval(float(values[0]), values[1:], groups)
