"""Linear maps of an index that carry its covariance: groups of countries, differences, changes between periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.indicator import Indicator
from headwinds.errors import EstimationError, MismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import KeyValue


def linear_map(
    indicator: Indicator,
    weights: NDArray[np.float64],
    keys: tuple[str, ...],
    cells: tuple[tuple[KeyValue, ...], ...],
    labels: tuple[str, ...],
    *,
    level: float = 0.95,
) -> Indicator:
    """New rows as weighted sums of old rows, shape of `weights` (new rows, old rows).

    Bounds combine by MOVER on what is independent between rows and by the audit factor on what is shared: where all
    audit error cancels (a difference within one pool) the interval narrows accordingly. New rows must not share old
    rows, or their sampling errors would be correlated, which an Indicator does not hold.

    Raises
    ------
    MismatchError
        If the shapes disagree.
    EstimationError
        If two new rows use the same old row.
    """
    import numpy as np

    matrix = np.asarray(weights, dtype=np.float64)
    if matrix.shape != (len(cells), len(indicator)) or len(labels) != len(cells):
        raise MismatchError(f"weights have shape {matrix.shape}, expected ({len(cells)}, {len(indicator)}).")
    used = matrix != 0
    if (used.sum(axis=0) > 1).any():
        raise EstimationError(
            "two of the new cells use the same old cell, so that their errors are correlated beyond the audit part.",
            remedy="Map them in separate calls, or use the covariance of the indicator.",
        )
    # NaN spreads to the rows that use it, and only there.
    filled = np.nan_to_num(indicator.value)
    lost = (used & np.isnan(indicator.value)).any(axis=1)
    undefined = (used & np.isnan(indicator.sampling_variance)).any(axis=1)
    value = np.where(lost, np.nan, matrix @ filled)
    sampling = np.where(lost | undefined, np.nan, matrix**2 @ np.nan_to_num(indicator.sampling_variance))
    berkson = indicator.berkson_variance
    if berkson is not None:
        berkson = np.where(lost | undefined, np.nan, matrix**2 @ np.nan_to_num(berkson))
    factor = matrix @ np.nan_to_num(indicator.audit_factor)
    lower, upper = _bounds(indicator, matrix, value, sampling, factor, level)
    deepest = {"": 0, "period": 1, "corpus": 2}
    pooled = tuple(
        max(
            (indicator.pooled[old] for old in np.flatnonzero(row)), key=lambda name: deepest[name], default=""
        )
        for row in used
    )
    count = used.astype(np.int64)
    return Indicator(
        keys=keys,
        cells=cells,
        labels=labels,
        value=value,
        sampling_variance=sampling,
        audit_factor=factor,
        lower=lower,
        upper=upper,
        documents=count @ indicator.documents,
        passages=count @ indicator.passages,
        gold=count @ indicator.gold,
        pooled=pooled,
        method=indicator.method,
        findings=indicator.findings,
        provenance=indicator.provenance,
        berkson_variance=berkson,
    )


def _bounds(
    indicator: Indicator,
    matrix: NDArray[np.float64],
    value: NDArray[np.float64],
    sampling: NDArray[np.float64],
    factor: NDArray[np.float64],
    level: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each old bound's asymmetry stretches the standard errors; the covariance between rows is the audit factor's."""
    import numpy as np
    from scipy.special import ndtri

    reach = float(ndtri((1 + level) / 2))
    total = np.sqrt(sampling + (factor**2).sum(axis=1))
    error = np.sqrt(indicator.variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        down = np.where(error > 0, (indicator.value - indicator.lower) / (reach * error), np.nan)
        up = np.where(error > 0, (indicator.upper - indicator.value) / (reach * error), np.nan)
    bounds = []
    for low_side in (True, False):
        stretch = np.where((matrix > 0) == low_side, down, up)
        share = matrix**2 * np.nan_to_num(indicator.variance)
        sums = share.sum(axis=1)
        mean = np.where(share > 0, share * stretch**2, 0.0).sum(axis=1) / np.where(sums > 0, sums, np.nan)
        bounds.append(reach * total * np.sqrt(mean))
    return value - bounds[0], value + bounds[1]


def aggregate(
    indicator: Indicator,
    into: Callable[[tuple[KeyValue, ...]], tuple[KeyValue, ...]],
    keys: tuple[str, ...],
    size: Mapping[tuple[KeyValue, ...], float],
) -> Indicator:
    """Weighted means of cells: `into` names each cell's new cell, `size` its passages (or another weight).

    Cells whose value is not available make the new cell not available.
    """
    import numpy as np

    order = list(dict.fromkeys(indicator.labels))
    rows = sorted(
        {
            (order.index(label), into(cell))
            for label, cell in zip(indicator.labels, indicator.cells, strict=True)
        }
    )
    place = {row: number for number, row in enumerate(rows)}
    matrix = np.zeros((len(rows), len(indicator)))
    for old, (label, cell) in enumerate(zip(indicator.labels, indicator.cells, strict=True)):
        matrix[place[order.index(label), into(cell)], old] = size[cell]
    matrix /= matrix.sum(axis=1, keepdims=True)
    return linear_map(
        indicator, matrix, keys, tuple(cell for _, cell in rows), tuple(order[label] for label, _ in rows)
    )


def difference(indicator: Indicator, first: tuple[KeyValue, ...], second: tuple[KeyValue, ...]) -> Indicator:
    """The second cell minus the first, for every label; one cell named by both.

    Raises
    ------
    MismatchError
        If a cell is not in the indicator.
    """
    import numpy as np

    place = {
        (label, cell): row
        for row, (label, cell) in enumerate(zip(indicator.labels, indicator.cells, strict=True))
    }
    labels = tuple(dict.fromkeys(indicator.labels))
    missing = [cell for cell in (first, second) if (labels[0], cell) not in place]
    if missing:
        raise MismatchError(f"there is no cell {missing[0]} in the indicator.")
    matrix = np.zeros((len(labels), len(indicator)))
    for row, label in enumerate(labels):
        matrix[row, place[label, second]] += 1
        matrix[row, place[label, first]] -= 1
    named = (" ".join(map(str, first)), " ".join(map(str, second)))
    return linear_map(indicator, matrix, ("from", "to"), (named,) * len(labels), labels)


def change(indicator: Indicator, key: str, first: tuple[int, int], second: tuple[int, int]) -> Indicator:
    """Mean over the second span of `key` minus mean over the first (ends included), by label and the other keys.

    Raises
    ------
    MismatchError
        If the key is unknown or a span holds no cell.
    """
    import numpy as np

    if key not in indicator.keys:
        raise MismatchError(f"the indicator has no key '{key}'; its keys are {', '.join(indicator.keys)}.")
    at = indicator.keys.index(key)
    order = list(dict.fromkeys(indicator.labels))
    others = tuple(name for name in indicator.keys if name != key)
    rest = [tuple(value for place, value in enumerate(cell) if place != at) for cell in indicator.cells]
    rows = sorted({(order.index(label), cell) for label, cell in zip(indicator.labels, rest, strict=True)})
    place = {row: number for number, row in enumerate(rows)}
    matrix = np.zeros((len(rows), len(indicator)))
    for span, sign in ((first, -1.0), (second, 1.0)):
        part = np.zeros_like(matrix)
        for old, (label, cell) in enumerate(zip(indicator.labels, rest, strict=True)):
            if span[0] <= int(indicator.cells[old][at]) <= span[1]:
                part[place[order.index(label), cell], old] = 1
        if (part.sum(axis=1) == 0).any():
            raise MismatchError(f"no cell has {key} between {span[0]} and {span[1]}.")
        matrix += sign * part / part.sum(axis=1, keepdims=True)
    return linear_map(
        indicator, matrix, others, tuple(cell for _, cell in rows), tuple(order[label] for label, _ in rows)
    )
