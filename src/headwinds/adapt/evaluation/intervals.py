"""The metrics of a task with 95% bootstrap intervals, whole and by slices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.metrics import document_weights
from headwinds.contracts import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REPLICATES = 1000
FEWEST_REPLICATES = 200
LARGEST_WEIGHTS = 30_000_000  # numbers in memory at once
ROUNDING = 1e-12  # sums of the same numbers in another order

Metrics = Callable[["NDArray[np.float64]"], "dict[str, NDArray[np.float64]]"]


def bootstrap(metrics: Metrics, clusters: Sequence[str], *, seed: int) -> dict[str, Interval]:
    """Every metric with its percentile interval; whole clusters are drawn (Davison, Hinkley 1997, sec. 3.8).

    Parameters
    ----------
    metrics
        From weights (replicates, examples) to (replicates,) each.
    clusters
        The cluster of each example; a name of its own for each where they are independent.

    Returns
    -------
    dict
        A metric that is undefined in over a tenth of the draws, or of fewer than two clusters, has no bounds.
    """
    import numpy as np

    count = len(clusters)
    plain = metrics(np.ones((1, count)))
    replicates = max(FEWEST_REPLICATES, min(REPLICATES, LARGEST_WEIGHTS // max(count, 1)))
    names = np.asarray(clusters)
    if len(np.unique(names)) < 2:
        return {
            name: Interval(float(values[0]), float("nan"), float("nan")) for name, values in plain.items()
        }
    generator = np.random.default_rng(seed)
    at_once = max(1, LARGEST_WEIGHTS // count)
    parts = [
        metrics(document_weights(names, replicates=min(at_once, replicates - done), seed=generator))
        for done in range(0, replicates, at_once)
    ]
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {name: percentile_interval(float(plain[name][0]), values) for name, values in drawn.items()}


def with_width(found: Mapping[str, Interval]) -> dict[str, Interval]:
    """The same, without the bounds of what every draw gives alike: that no row errs says not that none could.

    From 1 to 1 covered a true accuracy of 0.98 in 63 % of samples of fifty; intervals that have a width cover at their rate.
    A difference between two models is told as it is: they answered alike, and nothing is estimated by that.
    """
    return {
        name: Interval(item.value, float("nan"), float("nan"))
        if item.upper - item.lower <= ROUNDING * max(1.0, abs(item.value))
        else item
        for name, item in found.items()
    }


def slices(
    metrics: Metrics, members: Mapping[str, NDArray[np.bool_]], metric: str
) -> list[tuple[str, int, float]]:
    """One metric in each slice, worst first: (slice, examples, value); NaN last."""
    import numpy as np

    names = list(members)
    if not names:
        return []
    values = metrics(np.array([members[name] for name in names], dtype=float))[metric]
    found = [
        (name, int(members[name].sum()), float(value)) for name, value in zip(names, values, strict=True)
    ]
    return sorted(found, key=lambda item: (np.isnan(item[2]), item[2], item[0]))


def percentile_interval(plain: float, drawn: NDArray[np.float64]) -> Interval:
    """The middle 95% of the draws around the plain value; without bounds where it or a tenth of them is undefined."""
    import numpy as np

    known = drawn[~np.isnan(drawn)]
    if np.isnan(plain) or len(known) < 0.9 * len(drawn):
        return Interval(plain, float("nan"), float("nan"))
    lower, upper = np.quantile(known, [0.025, 0.975])
    return Interval(plain, float(lower), float(upper))
