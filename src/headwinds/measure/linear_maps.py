"""New rows from old rows of an index by weights or derivatives: the whole covariance goes with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headwinds.contracts.indicator import Indicator
from headwinds.errors import EstimationError, MismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import KeyValue

LARGEST_FACTOR = 50_000_000
"""Numbers in a factor of shared sampling error (400 MB); the exact covariance of more rows does not fit a laptop."""
DEPTH = {"": 0, "period": 1, "corpus": 2}


def linear_map(
    indicator: Indicator,
    weights: Any,
    keys: tuple[str, ...],
    cells: tuple[tuple[KeyValue, ...], ...],
    labels: tuple[str, ...],
    *,
    level: float = 0.95,
    value: NDArray[np.float64] | None = None,
    unit: str | None = None,
) -> Indicator:
    """New rows as weighted sums of old rows; `weights` has shape (new rows, old rows) and may be a sparse matrix.

    Where several new rows use one old row, its sampling error is common to them, and moves from the diagonal into
    `sampling_factor` (its scatter into `berkson_factor`): the covariance of the result is exactly that of the map.

    Parameters
    ----------
    level
        Of the intervals of `indicator`.
    value
        Values of the new rows where they are no linear function of the old ones; `weights` then holds its derivatives
        (delta method).
    unit
        Of the new rows; that of the old ones if None.

    Notes
    -----
    Bounds combine by MOVER (Zou and Donner 2008): each old bound's asymmetry stretches the new standard error. Where all
    audit error cancels (a difference within one pool) the interval narrows accordingly. MOVER is not associative where
    intervals are asymmetric: bounds of aggregates of aggregates then differ a little, value and covariance do not.

    Raises
    ------
    MismatchError
        If the shapes disagree.
    EstimationError
        If the sampling error shared by new rows would not fit in memory.
    """
    import numpy as np
    from scipy import sparse

    matrix = sparse.csr_array(weights, dtype=np.float64)
    matrix.eliminate_zeros()
    if matrix.shape != (len(cells), len(indicator)) or len(labels) != len(cells):
        raise MismatchError(f"weights have shape {matrix.shape}, expected ({len(cells)}, {len(indicator)}).")
    used = matrix.astype(bool).astype(np.int64)
    # NaN spreads to the rows that use it, and only there.
    lost = used @ np.isnan(indicator.value).astype(np.int64) > 0
    undefined = lost | (used @ np.isnan(indicator.sampling_variance).astype(np.int64) > 0)
    new = matrix @ np.nan_to_num(indicator.value) if value is None else np.asarray(value, dtype=np.float64)
    new = np.where(lost, np.nan, new)
    shared = np.asarray(used.sum(axis=0)).reshape(-1) > 1
    sampling, sampling_factor, berkson, berkson_factor = _sampling(indicator, matrix, shared)
    fields: dict[str, Any] = {
        "sampling_variance": np.where(undefined, np.nan, sampling),
        "berkson_variance": None if berkson is None else np.where(undefined, np.nan, berkson),
        "sampling_factor": sampling_factor,
        "berkson_factor": berkson_factor,
        "audit_factor": matrix @ np.nan_to_num(indicator.audit_factor),
        "model_factor": None
        if indicator.model_factor is None
        else matrix @ np.nan_to_num(indicator.model_factor),
    }
    result = replace(
        indicator,
        keys=keys,
        cells=cells,
        labels=labels,
        value=new,
        lower=np.full(len(cells), np.nan),
        upper=np.full(len(cells), np.nan),
        documents=used @ indicator.documents,
        passages=used @ indicator.passages,
        gold=used @ indicator.gold,
        pooled=_deepest(indicator, used),
        unit=indicator.unit if unit is None else unit,
        **fields,
    )
    if tuple(dict.fromkeys(labels)) != tuple(dict.fromkeys(indicator.labels)):
        result = replace(result, label_correlation=None)
    lower, upper = _bounds(indicator, result, matrix, level)
    return replace(result, lower=lower, upper=upper)


def _sampling(
    indicator: Indicator, matrix: Any, shared: NDArray[np.bool_]
) -> tuple[
    NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.float64] | None, NDArray[np.float64] | None
]:
    """The sampling part of the new rows: variance and factor, and of these the scatter's."""
    import numpy as np

    total = np.nan_to_num(indicator.sampling_variance)
    scatter = None if indicator.berkson_variance is None else np.nan_to_num(indicator.berkson_variance)
    squares = matrix.multiply(matrix).tocsr()
    own = squares @ np.where(shared, 0.0, total)
    berkson = None if scatter is None else squares @ np.where(shared, 0.0, scatter)
    classical = total if scatter is None else np.maximum(total - scatter, 0.0)
    return (
        own,
        _shared_factor(matrix, shared, classical, indicator.sampling_factor),
        berkson,
        _shared_factor(
            matrix, shared, np.zeros(len(total)) if scatter is None else scatter, indicator.berkson_factor
        ),
    )


def _shared_factor(
    matrix: Any, shared: NDArray[np.bool_], variance: NDArray[np.float64], before: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    """A column for each old row that several new rows use, after the columns that were there; None for none."""
    import numpy as np

    chosen = np.flatnonzero(shared & (variance > 0))
    if matrix.shape[0] * len(chosen) > LARGEST_FACTOR:
        raise EstimationError(
            f"{matrix.shape[0]:,} new rows share the errors of {len(chosen):,} old ones, too many to keep exactly.",
            remedy="Aggregate first, take fewer labels or cells, or standardise with fixed=True.",
        )
    parts = [] if before is None else [matrix @ np.nan_to_num(before)]
    if len(chosen):
        parts.append(matrix[:, chosen].toarray() * np.sqrt(variance[chosen]))
    return np.column_stack(parts) if parts else None


def _deepest(indicator: Indicator, used: Any) -> tuple[str, ...]:
    """The pool of each new row that lies farthest from its own gold."""
    names = []
    for row in range(used.shape[0]):
        pools = [indicator.pooled[old] for old in used.indices[used.indptr[row] : used.indptr[row + 1]]]
        names.append(max(pools, key=lambda name: DEPTH.get(name, 1), default=""))
    return tuple(names)


def _bounds(
    indicator: Indicator, result: Indicator, matrix: Any, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each old bound's asymmetry stretches the standard errors; what rows share is in the new variance already."""
    import numpy as np
    from scipy.special import ndtri

    reach = float(ndtri((1 + level) / 2))
    variance = indicator.variance
    error, total = np.sqrt(variance), np.sqrt(result.variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        down = np.where(error > 0, (indicator.value - indicator.lower) / (reach * error), np.nan)
        up = np.where(error > 0, (indicator.upper - indicator.value) / (reach * error), np.nan)
    positive, negative = matrix.maximum(0).tocsr(), (-matrix).maximum(0).tocsr()
    known = np.nan_to_num(variance)
    weight = (positive.multiply(positive) + negative.multiply(negative)).tocsr() @ known
    bounds = []
    for first, second in ((down, up), (up, down)):
        # A row that has variance and no bound leaves none to what is made of it; one without variance adds nothing.
        one, two = (np.where(known > 0, known * side**2, 0.0) for side in (first, second))
        squares = _spread(positive, one) + _spread(negative, two)
        with np.errstate(divide="ignore", invalid="ignore"):
            stretch = np.where(weight > 0, squares / weight, np.where(total > 0, np.nan, 1.0))
        bounds.append(reach * total * np.sqrt(stretch))
    return result.value - bounds[0], result.value + bounds[1]


def _spread(matrix: Any, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of weight squared x value; NaN only where a NaN is used."""
    import numpy as np

    squares = matrix.multiply(matrix).tocsr()
    missing = squares.astype(bool).astype(np.int64) @ np.isnan(values).astype(np.int64) > 0
    summed: NDArray[np.float64] = np.where(missing, np.nan, squares @ np.nan_to_num(values))
    return summed
