"""Differences between cells, changes between spans, and growth rates of an index."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.errors import DataError, MismatchError
from headwinds.measure.linear_maps import linear_map

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import Indicator, KeyValue

LARGEST_RELATIVE_ERROR = 0.5
"""A logarithm is close to linear over one standard error up to here; beyond it the delta method is not defended."""


def difference(
    indicator: Indicator, first: tuple[KeyValue, ...], second: tuple[KeyValue, ...], *, level: float = 0.95
) -> Indicator:
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
    missing = [cell for cell in (first, second) if any((label, cell) not in place for label in labels)]
    if missing:
        raise MismatchError(f"there is no cell {missing[0]} in the indicator.")
    matrix = np.zeros((len(labels), len(indicator)))
    for row, label in enumerate(labels):
        matrix[row, place[label, second]] += 1
        matrix[row, place[label, first]] -= 1
    named = (" ".join(map(str, first)), " ".join(map(str, second)))
    return linear_map(
        indicator, matrix, ("from", "to"), (named,) * len(labels), labels, level=level, unit="difference"
    )


def change(
    indicator: Indicator,
    key: str,
    first: tuple[int, int],
    second: tuple[int, int],
    *,
    level: float = 0.95,
) -> Indicator:
    """Mean over the second span of `key` minus mean over the first (ends included), by label and the other keys.

    Raises
    ------
    MismatchError
        If the key is unknown or a span holds no cell.
    """
    import numpy as np
    from scipy import sparse

    at = _place(indicator, key)
    periods = _periods(indicator, at)
    order = {label: place for place, label in enumerate(dict.fromkeys(indicator.labels))}
    others = tuple(name for name in indicator.keys if name != key)
    rest = [cell[:at] + cell[at + 1 :] for cell in indicator.cells]
    homes = [(order[label], cell) for label, cell in zip(indicator.labels, rest, strict=True)]
    rows = sorted(set(homes))
    place = {row: number for number, row in enumerate(rows)}
    home = np.array([place[one] for one in homes], dtype=np.int64)
    entries = np.zeros(len(homes))
    for span, sign in ((first, -1.0), (second, 1.0)):
        inside = (periods >= span[0]) & (periods <= span[1])
        count = np.bincount(home[inside], minlength=len(rows))
        if (count == 0).any():
            without = rows[int(np.flatnonzero(count == 0)[0])][1]
            whose = f" of {' '.join(map(str, without))}" if without else ""
            raise MismatchError(f"no cell{whose} has {key} between {span[0]} and {span[1]}.")
        entries[inside] += sign / count[home[inside]]
    matrix = sparse.csr_array((entries, (home, np.arange(len(homes)))), shape=(len(rows), len(indicator)))
    labels = list(order)
    return linear_map(
        indicator,
        matrix,
        others,
        tuple(cell for _, cell in rows),
        tuple(labels[label] for label, _ in rows),
        level=level,
        unit="difference",
    )


def growth(indicator: Indicator, key: str, *, step: int = 1, level: float = 0.95) -> Indicator:
    """Log-change of each cell over `step` units of `key` (100 x it is about a percentage), by the delta method.

    A cell whose predecessor is not in the index has no growth rate and no row. A rate of a share that is not above zero
    is not available; one whose share is known only to within half of itself keeps its value and loses its interval: both
    are said. Neighbouring rates share a cell, and so sampling error: `sampling_factor` holds it.

    Raises
    ------
    MismatchError
        If the key is unknown or no two cells are `step` apart.
    DataError
        If a value of the key is no whole number.
    """
    import numpy as np
    from scipy import sparse

    at = _place(indicator, key)
    periods = _periods(indicator, at)
    # By the number that a key says: years that were read as text follow each other as well.
    told = [
        (label, cell[:at] + cell[at + 1 :])
        for label, cell in zip(indicator.labels, indicator.cells, strict=True)
    ]
    place = {(one, period): row for row, (one, period) in enumerate(zip(told, periods.tolist(), strict=True))}
    later, earlier = [], []
    for row, one in enumerate(told):
        before = (one, int(periods[row]) - step)
        if before in place:
            later.append(row)
            earlier.append(place[before])
    if not later:
        raise MismatchError(f"no two cells of the index are {step} {key} apart.")
    new, old = np.array(later), np.array(earlier)
    level_of = indicator.value
    with np.errstate(divide="ignore", invalid="ignore"):
        positive = (level_of > 0) | np.isnan(level_of)
        logged = np.where(level_of > 0, np.log(np.where(level_of > 0, level_of, 1.0)), np.nan)
        slope = np.where(level_of > 0, 1 / level_of, 0.0)
        loose = ~(np.sqrt(indicator.variance) <= LARGEST_RELATIVE_ERROR * level_of)
    rows = np.arange(len(new))
    matrix = sparse.csr_array(
        (
            np.concatenate([slope[new], -slope[old]]),
            (np.concatenate([rows, rows]), np.concatenate([new, old])),
        ),
        shape=(len(new), len(indicator)),
    )
    made = linear_map(
        indicator,
        matrix,
        indicator.keys,
        tuple(indicator.cells[row] for row in new),
        tuple(indicator.labels[row] for row in new),
        level=level,
        value=logged[new] - logged[old],
        unit="log-change",
    )
    undefined = ~(positive[new] & positive[old])
    rough = ~undefined & (loose[new] | loose[old]) & np.isfinite(made.value)
    return _say_growth(made, undefined, rough)


def _say_growth(made: Indicator, undefined: NDArray[np.bool_], rough: NDArray[np.bool_]) -> Indicator:
    import numpy as np

    found = []
    if undefined.any():
        found.append(
            Finding(
                "W342",
                f"{int(undefined.sum())} of {len(made)} growth rates are not available: a share is not above zero.",
                "Take differences, or wider cells.",
            )
        )
    if rough.any():
        found.append(
            Finding(
                "W343",
                f"{int(rough.sum())} of {len(made)} growth rates have no interval: a share is known only to within half "
                "of itself, where the logarithm is far from linear.",
                "Take differences, or wider cells.",
            )
        )
    no_interval, no_value = undefined | rough, undefined
    return replace(
        made,
        value=np.where(no_value, np.nan, made.value),
        lower=np.where(no_interval, np.nan, made.lower),
        upper=np.where(no_interval, np.nan, made.upper),
        sampling_variance=np.where(no_value, np.nan, made.sampling_variance),
        findings=(*made.findings, *found),
    )


def _place(indicator: Indicator, key: str) -> int:
    if key not in indicator.keys:
        raise MismatchError(
            f"the indicator has no key '{key}'; its keys are {', '.join(indicator.keys) or 'none'}."
        )
    return indicator.keys.index(key)


def _periods(indicator: Indicator, at: int) -> NDArray[np.int64]:
    import numpy as np

    try:
        return np.array([int(cell[at]) for cell in indicator.cells], dtype=np.int64)
    except ValueError as error:
        raise DataError(
            f"the key '{indicator.keys[at]}' holds values that are no whole numbers, so nothing can be told apart in time."
        ) from error
