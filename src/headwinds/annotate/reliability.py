"""Agreement of readers as numbers: Cohen's kappa and Krippendorff's alpha, with bootstrap intervals.

Both are functions of a table of how often categories were given together, and that table is a sum over passages. So one
matrix product gives the tables of all resamples at once, which is what makes the intervals live. scikit-learn's
`cohen_kappa_score` takes rows, not tables; a test holds ours to it, and alpha to Krippendorff's published example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Level = Literal["nominal", "ordinal", "interval"]
MISSING = -1


def coincidences(values: NDArray[np.int64], categories: int) -> NDArray[np.float64]:
    """Krippendorff's (2011) coincidences of each passage, shape (passages, categories, categories).

    Parameters
    ----------
    values
        Shape (passages, readers): a category from 0, or -1 where a reader did not read. A passage with fewer than two
        readings pairs nothing and contributes nothing.
    """
    import numpy as np

    counts = np.stack([(values == category).sum(axis=1) for category in range(categories)], axis=1)
    readings = counts.sum(axis=1)
    pairs = counts[:, :, None] * (counts[:, None, :] - np.eye(categories)[None])
    together: NDArray[np.float64] = pairs / np.maximum(readings - 1, 1)[:, None, None]
    return np.where((readings >= 2)[:, None, None], together, 0.0)


def pair_tables(first: NDArray[np.int64], second: NDArray[np.int64], categories: int) -> NDArray[np.float64]:
    """Each passage's table of two readers' categories, shape (passages, categories, categories); 0 if one is missing."""
    import numpy as np

    both = (first != MISSING) & (second != MISSING)
    tables = np.zeros((len(first), categories, categories))
    tables[np.flatnonzero(both), first[both], second[both]] = 1.0
    return tables


def krippendorff_alpha(table: NDArray[np.float64], level: Level = "nominal") -> NDArray[np.float64]:
    """Alpha of coincidences summed over passages; NaN where it is undefined: nothing paired, or one category only.

    Parameters
    ----------
    table
        Shape (..., categories, categories).
    level
        How far two categories are apart: "nominal" (equal or not), "ordinal" (by how many readings lie between),
        "interval" (by their numbers).

    Notes
    -----
    1 - observed / expected disagreement (Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section D).
    """
    import numpy as np

    each = table.sum(axis=-1)
    total = each.sum(axis=-1)
    distance = _squared_distance(each, level)
    observed = (table * distance).sum(axis=(-2, -1))
    expected = (each[..., :, None] * each[..., None, :] * distance).sum(axis=(-2, -1))
    alpha = np.full(np.shape(total), np.nan)
    defined = expected > 0
    np.divide((total - 1) * observed, expected, out=alpha, where=defined)
    return 1 - alpha


def cohen_kappa(table: NDArray[np.float64], level: Level = "nominal") -> NDArray[np.float64]:
    """Cohen's (1960) kappa of tables of two readers, shape (..., categories, categories); weighted (1968) above nominal.

    Weights are squared differences of the categories' numbers. NaN where it is undefined: no passage, or both readers
    gave one and the same category throughout.
    """
    import numpy as np

    categories = table.shape[-1]
    number = np.arange(categories, dtype=float)
    apart = (number[:, None] - number[None, :]) ** 2
    weight = (apart > 0).astype(float) if level == "nominal" else apart.astype(float)
    total = table.sum(axis=(-2, -1))
    observed = (table * weight).sum(axis=(-2, -1))
    chance = (table.sum(axis=-1)[..., :, None] * table.sum(axis=-2)[..., None, :] * weight).sum(axis=(-2, -1))
    kappa = np.full(np.shape(total), np.nan)
    np.divide(observed * total, chance, out=kappa, where=chance > 0)
    return 1 - kappa


def resampled(
    tables: NDArray[np.float64], cluster: NDArray[np.int64], *, draws: int, seed: int
) -> NDArray[np.float64]:
    """Tables of resamples of whole documents, shape (draws, categories, categories).

    Units are resampled with all their readings (Zapf, Castell, Morawietz, Karch 2016); passages of a document go together,
    because they are read alike.
    """
    import numpy as np

    count = int(cluster.max()) + 1
    by_cluster: NDArray[np.float64] = np.zeros((count, tables.shape[1] * tables.shape[2]))
    np.add.at(by_cluster, cluster, tables.reshape(len(tables), -1))
    # Documents with the same table are drawn alike, so it is enough to draw how often each of the few tables comes.
    kinds, times_there = np.unique(by_cluster, axis=0, return_counts=True)
    generator = np.random.default_rng(seed)
    times = generator.multinomial(count, times_there / count, size=draws)
    drawn: NDArray[np.float64] = (times @ kinds).reshape(draws, *tables.shape[1:])
    return drawn


def _squared_distance(each: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    import numpy as np

    categories = each.shape[-1]
    number = np.arange(categories, dtype=float)
    if level == "nominal":
        return 1 - np.eye(categories)
    if level == "interval":
        squares: NDArray[np.float64] = (number[:, None] - number[None, :]) ** 2
        return squares
    # Ordinal: readings between the two categories, half of those at both ends counted.
    middle = np.cumsum(each, axis=-1) - each / 2
    between: NDArray[np.float64] = (middle[..., :, None] - middle[..., None, :]) ** 2
    return between
