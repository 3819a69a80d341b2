"""Which passages to read next, by chances that are known: active learning whose gold still gives unbiased estimates.

Every passage gets a chance from 0 to 1 and is drawn by itself with that chance (Poisson sampling). A strategy only says how
large the chances are against each other, so none can bias an estimate that weights by them; a good one makes it narrow.

Rounds. In each round every passage of the corpus can be drawn, also one that was read already (which costs nothing). The
chance to be drawn in any round is then 1 - (1 - p1)(1 - p2)..., and it is the inclusion probability of gold, exactly, if
what a round's chance depends on leaves out the passage's own fold: scores cross-fitted by document, distances to passages
that were read in other folds, and sums taken within a fold. `propose` keeps to that; a simulation holds it to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import EstimationError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STRATEGIES = ("random", "uncertainty", "diversity", "variance")
FLOOR = 0.1
"""Share of the budget that is spread evenly, so that no weight explodes where the model is wrongly sure."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A round: each passage's chance in it, and whether it was drawn, both of shape (passages,)."""

    probability: NDArray[np.float64]
    drawn: NDArray[np.bool_]


def uncertainty(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy of each passage's labels in nats, summed over labels; `probability` of shape (passages, labels)."""
    import numpy as np
    from scipy.special import entr

    total: NDArray[np.float64] = np.sum(entr(probability) + entr(1 - probability), axis=1)
    return total


def expected_error(
    probability: NDArray[np.float64],
    weight: NDArray[np.float64] | None = None,
    cell: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """What reading each passage takes off the variance of the index, as a size that chances are proportional to.

    Parameters
    ----------
    probability
        Shape (passages, labels), calibrated.
    weight
        How many passages of the population each one stands for.
    cell
        The cell of the index that each passage is in; shares of all cells count alike. None: one share of all.

    Notes
    -----
    The difference estimator of a cell's share has the variance sum of (1 - p) / p x (w / W)^2 x E(label - score)^2, with W
    the cell's weight. At a given budget it is least for p proportional to w / W x the root of the sum over labels of
    score x (1 - score) (Neyman allocation; Zrnic and Candes 2024, "Active statistical inference", proposition 1).
    """
    import numpy as np

    rows = len(probability)
    each = np.ones(rows) if weight is None else weight
    home = np.zeros(rows, dtype=np.int64) if cell is None else cell
    whole = np.bincount(home, weights=each)[home]
    size: NDArray[np.float64] = each / whole * np.sqrt(np.sum(probability * (1 - probability), axis=1))
    return size


def distance_to_read(
    embedding: NDArray[np.float64], read: NDArray[np.bool_], fold: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Squared distance of each passage to the nearest one that was read in another fold; to the mean where none was.

    Drawing in proportion to it is the randomised core-set (k-means++, Arthur and Vassilvitskii 2007, of the greedy cover of
    Sener and Savarese 2018). Shape of `embedding`: (passages, dimensions); `read` and `fold`: (passages,).
    """
    import numpy as np
    from scipy.spatial.distance import cdist

    found = np.empty(len(embedding))
    for one in np.unique(fold):
        here = fold == one
        centres = embedding[read & ~here]
        if not len(centres):
            centres = embedding.mean(axis=0, keepdims=True)
        for rows in np.array_split(np.flatnonzero(here), max(1, here.sum() * len(centres) // 10**7)):
            found[rows] = cdist(embedding[rows], centres, "sqeuclidean").min(axis=1)
    return found


def chances(
    size: NDArray[np.float64], budget: float, fold: NDArray[np.int64] | None = None, *, floor: float = FLOOR
) -> NDArray[np.float64]:
    """Chances proportional to `size`, at most 1, that add up to `budget`; a share `floor` of it is spread evenly.

    Within each fold they add up to the fold's part of the budget, so that a chance depends on its own fold's sizes alone.

    Raises
    ------
    EstimationError
        A size is negative or not finite.
    SettingsError
        The budget is not above 0 and below the number of passages, or the floor not within (0, 1].
    """
    import numpy as np

    rows = len(size)
    if not 0 < budget < rows:
        raise SettingsError(
            f"{budget:g} passages cannot be drawn from {rows:,}.",
            remedy="Ask for at least one, and fewer than there are.",
        )
    if not 0 < floor <= 1:
        raise SettingsError(
            f"floor = {floor:g} cannot be used.", remedy="It is a share above 0 and at most 1."
        )
    if not (np.isfinite(size).all() and (size >= 0).all()):
        raise EstimationError(
            "A passage's size is negative or not finite.", remedy="Check the scores: each is from 0 to 1."
        )
    home = np.zeros(rows, dtype=np.int64) if fold is None else fold
    found = np.empty(rows)
    for one in np.unique(home):
        here = home == one
        share = budget / rows
        found[here] = _capped(size[here], share, floor)
    return found


def propose(
    size: NDArray[np.float64],
    budget: float,
    *,
    seed: int,
    fold: NDArray[np.int64] | None = None,
    floor: float = FLOOR,
) -> Proposal:
    """Draw a round of about `budget` passages (the number is random), each by itself with its own known chance.

    Raises
    ------
    SettingsError, EstimationError
        As `chances`.
    """
    import numpy as np

    probability = chances(size, budget, fold, floor=floor)
    drawn = np.random.default_rng(seed).random(len(size)) < probability
    return Proposal(probability, drawn)


def in_any_round(rounds: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The chance of each passage to be drawn in at least one of the rounds, shape (passages,).

    For rounds as `propose` draws them: any passage may be drawn again, and each round's chance leaves out what the passage's
    own fold taught. Rounds of designs that leave out what was read, and whose model saw all of it, are put together by
    `headwinds.measure.sampling.rounds.combine_rounds`: their chance to be in any round is not known.
    """
    import numpy as np

    missed = np.prod([1 - probability for probability in rounds], axis=0)
    found: NDArray[np.float64] = 1 - missed
    return found


def _capped(size: NDArray[np.float64], share: float, floor: float) -> NDArray[np.float64]:
    """Chances of mean `share`: even ones of `floor` x `share`, the rest by size; what is over 1 goes to the others."""
    import numpy as np

    rows = len(size)
    even = floor * share
    left = (share - even) * rows
    total = size.sum()
    if total <= 0:
        return np.full(rows, share)
    found = np.full(rows, even)
    full = np.zeros(rows, dtype=bool)
    while True:
        spread = left - (1 - even) * full.sum()
        open_size = size[~full].sum()
        if open_size <= 0:  # the rest have no size: what is left is spread over them
            found[~full] = even + spread / max((~full).sum(), 1)
            break
        found[~full] = even + spread * size[~full] / open_size
        over = (found > 1) & ~full
        if not over.any():
            break
        full |= over
        found[full] = 1.0
    within: NDArray[np.float64] = np.clip(found, 0.0, 1.0)
    return within
