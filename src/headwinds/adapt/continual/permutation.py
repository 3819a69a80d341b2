"""Permutation tests of whether two samples are of one distribution; groups that belong together change sides together.

Under the null hypothesis every assignment of groups to sides is as likely as the one seen, so the chance of a p-value of at
most a is at most a, exactly, for any statistic and any number of texts (Lehmann, Romano 2005, sec. 15.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.numbered import numbered
from headwinds.artifacts.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

STOP_AFTER = 100
"""Permutations as extreme as what was seen, after which no more are drawn (Besag, Clifford 1991): p is known well enough."""
AT_ONCE = 500
EQUAL = 1e-9

Statistic = Callable[["NDArray[np.bool_]"], "NDArray[np.float64]"]


@dataclass(frozen=True, slots=True)
class Tested:
    """What was seen, how likely it or more is without a shift, and how many permutations were drawn."""

    statistic: float
    p_value: float
    permutations: int


def permutation_test(
    statistic: Statistic,
    is_live: NDArray[np.bool_],
    groups: Sequence[str],
    *,
    permutations: int,
    seed: int,
    name: str,
) -> Tested:
    """Test whether the live rows are as the others are.

    Parameters
    ----------
    statistic
        Larger means further apart; from sides, shape (assignments, rows), True for live, to shape (assignments,).
    is_live
        Shape (rows,): the side of each row. All rows of a group are on one side.
    groups
        The group of each row.
    permutations
        At most so many.
    """
    import numpy as np

    _, owner = numbered(groups)
    live_group = np.zeros(int(owner.max()) + 1, dtype=bool)
    live_group[owner] = is_live
    seen = float(statistic(is_live[None, :])[0])
    generator = np.random.default_rng(derive_seed(seed, "permutations", name))
    drawn = extreme = 0
    least = seen - EQUAL * max(1.0, abs(seen))  # rounding must not tell equal statistics apart
    while drawn < permutations:
        count = min(AT_ONCE, permutations - drawn)
        sides = generator.permuted(np.tile(live_group, (count, 1)), axis=1)[:, owner]
        hits = statistic(sides) >= least
        if extreme + hits.sum() >= STOP_AFTER:
            last = int(np.flatnonzero(np.cumsum(hits) + extreme >= STOP_AFTER)[0])
            return Tested(seen, STOP_AFTER / (drawn + last + 1), drawn + last + 1)
        extreme, drawn = extreme + int(hits.sum()), drawn + count
    return Tested(seen, (extreme + 1) / (drawn + 1), drawn)


def kernel_discrepancy(vectors: NDArray[np.float64]) -> Statistic:
    """The squared maximum mean discrepancy by a Gaussian kernel as wide as the median distance (Gretton et al. 2012, eq. 5).

    Parameters
    ----------
    vectors
        Shape (rows, width), of both sides.
    """
    import numpy as np
    from scipy.spatial.distance import pdist, squareform

    squares = squareform(pdist(vectors, "sqeuclidean"))
    apart = squares[np.triu_indices(len(squares), 1)]
    width = float(np.median(apart)) or 1.0
    kernel = np.exp(-squares / width)
    by_row, whole = kernel.sum(axis=1), float(kernel.sum())

    def statistic(sides: NDArray[np.bool_]) -> NDArray[np.float64]:
        live = sides.astype(np.float64)
        counts = live.sum(axis=1)
        others = len(kernel) - counts
        within = np.einsum("pn,pn->p", live @ kernel, live)
        across = live @ by_row - within
        rest = whole - within - 2 * across
        found: NDArray[np.float64] = within / counts**2 + rest / others**2 - 2 * across / (counts * others)
        return found

    return statistic


def mean_differences(values: NDArray[np.float64]) -> Statistic:
    """The sum over columns of the squared differences of both sides' means, each in units of its column's spread.

    Parameters
    ----------
    values
        Shape (rows, columns), of both sides.
    """
    import numpy as np

    spread = values.std(axis=0)
    kept = values[:, spread > 0] / spread[spread > 0]
    whole = kept.sum(axis=0)

    def statistic(sides: NDArray[np.bool_]) -> NDArray[np.float64]:
        live = sides.astype(np.float64)
        counts = live.sum(axis=1, keepdims=True)
        sums = live @ kept
        apart = sums / counts - (whole - sums) / (len(values) - counts)
        found: NDArray[np.float64] = (apart**2).sum(axis=1)
        return found

    return statistic
