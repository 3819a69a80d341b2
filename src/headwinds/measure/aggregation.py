"""Groups of cells: country to region to world, with weights, the covariance carried along."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headwinds.contracts.finding import Finding
from headwinds.errors import DataError, MismatchError, SettingsError
from headwinds.measure.linear_maps import linear_map

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import Indicator, KeyValue

    Weights = str | Mapping[Any, float]

MISSING = ("propagate", "leave-out")


def aggregate(
    indicator: Indicator,
    into: Callable[[tuple[KeyValue, ...]], tuple[KeyValue, ...]],
    keys: tuple[str, ...],
    size: Mapping[tuple[KeyValue, ...], float],
    *,
    level: float = 0.95,
    missing: str = "propagate",
) -> Indicator:
    """Weighted means of cells: `into` names each cell's new cell, `size` its passages (or another weight).

    Parameters
    ----------
    missing
        "propagate": a cell whose value is not available makes its new cell not available. "leave-out": the others make
        it, and a finding says how many were left out, for the new cell is then another population.

    Raises
    ------
    MismatchError
        If a cell has no size.
    DataError
        If a size is negative or no number, or all sizes of a new cell are zero.
    """
    import numpy as np
    from scipy import sparse

    if missing not in MISSING:
        raise SettingsError(f"missing = {missing!r} cannot be used: expected one of {', '.join(MISSING)}.")
    order = {label: place for place, label in enumerate(dict.fromkeys(indicator.labels))}
    named = list(order)
    weight = _sizes(indicator, size)
    out = np.isnan(indicator.value) if missing == "leave-out" else np.zeros(len(indicator), dtype=bool)
    homes = [
        (order[label], into(cell)) for label, cell in zip(indicator.labels, indicator.cells, strict=True)
    ]
    rows = sorted(set(homes))
    place = {row: number for number, row in enumerate(rows)}
    home = np.array([place[one] for one in homes], dtype=np.int64)
    total = np.bincount(home, weights=weight, minlength=len(rows))
    empty = np.flatnonzero(total <= 0)
    if len(empty):
        raise DataError(
            f"the weights of all cells of {rows[empty[0]][1]} are zero, so they have no weighted mean.",
            remedy="Give at least one of them a weight above zero, or leave the group out.",
        )
    kept = np.bincount(home, weights=np.where(out, 0.0, weight), minlength=len(rows))
    entries = np.where(out & (kept > 0)[home], 0.0, weight / np.where(kept > 0, kept, total)[home])
    matrix = sparse.csr_array((entries, (home, np.arange(len(homes)))), shape=(len(rows), len(indicator)))
    made = linear_map(
        indicator,
        matrix,
        keys,
        tuple(cell for _, cell in rows),
        tuple(named[label] for label, _ in rows),
        level=level,
    )
    left = int((out & (kept > 0)[home] & (weight > 0)).sum())
    if left:
        note = Finding(
            "W341",
            f"{left} of {len(indicator)} cells had no value and were left out of their groups, which then stand for "
            "fewer cells.",
            "Use missing='propagate' to see which groups they are.",
        )
        made = replace(made, findings=(*made.findings, note))
    return made


def aggregate_over(
    indicator: Indicator,
    key: str,
    weights: Weights,
    *,
    groups: Mapping[KeyValue, KeyValue] | None = None,
    name: str = "group",
    level: float = 0.95,
    missing: str = "propagate",
) -> Indicator:
    """Replace a key by groups of its values (country by region), or without `groups` sum it out (region to world).

    Parameters
    ----------
    weights
        "equal", "passages" (those that stand in each cell), or a mapping from cells or from values of `key` to weights
        (population, output). Take `grouped_weights` for the next level.
    groups
        The group of each value of `key`; every value that the index has must have one.
    name
        Of the new key.

    Raises
    ------
    MismatchError
        If there is no such key, a value has no group, or a cell no weight.
    SettingsError, DataError
        If the weights cannot be used.
    """
    into, keys = _regroup(indicator, key, groups, name)
    return aggregate(
        indicator, into, keys, cell_weights(indicator, key, weights), level=level, missing=missing
    )


def grouped_weights(
    indicator: Indicator,
    key: str,
    weights: Weights,
    *,
    groups: Mapping[KeyValue, KeyValue] | None = None,
    name: str = "group",
) -> dict[tuple[KeyValue, ...], float]:
    """The weight of each cell that `aggregate_over` makes: the sum of those in it, so that levels nest."""
    into, _ = _regroup(indicator, key, groups, name)
    sums: dict[tuple[KeyValue, ...], float] = {}
    for cell, weight in cell_weights(indicator, key, weights).items():
        sums[into(cell)] = sums.get(into(cell), 0.0) + weight
    return sums


def cell_weights(indicator: Indicator, key: str, weights: Weights) -> dict[tuple[KeyValue, ...], float]:
    """A weight for each cell, from a name, from weights by cell, or from weights by value of `key`.

    Raises
    ------
    SettingsError
        If the name is unknown.
    MismatchError
        If a cell has no weight.
    """
    cells = dict.fromkeys(indicator.cells)
    if isinstance(weights, str):
        if weights not in ("equal", "passages"):
            raise SettingsError(
                f"weights = {weights!r} cannot be used: expected 'equal', 'passages' or a mapping."
            )
        if weights == "equal":
            return dict.fromkeys(cells, 1.0)
        count = dict(zip(indicator.cells, indicator.passages.tolist(), strict=True))
        return {cell: float(count[cell]) for cell in cells}
    at = indicator.keys.index(key)
    found = {}
    for cell in cells:
        given = weights.get(cell, weights.get(cell[at]))
        if given is None:
            raise MismatchError(
                f"the weights name neither the cell {cell} nor its {key} {cell[at]!r}.",
                remedy="Give every cell a weight, zero if it is not to count.",
            )
        found[cell] = float(given)
    return found


def _regroup(
    indicator: Indicator, key: str, groups: Mapping[KeyValue, KeyValue] | None, name: str
) -> tuple[Callable[[tuple[KeyValue, ...]], tuple[KeyValue, ...]], tuple[str, ...]]:
    if key not in indicator.keys:
        raise MismatchError(
            f"the indicator has no key '{key}'; its keys are {', '.join(indicator.keys) or 'none'}."
        )
    at = indicator.keys.index(key)
    before, after = indicator.keys[:at], indicator.keys[at + 1 :]
    if groups is None:
        return lambda cell: cell[:at] + cell[at + 1 :], before + after
    homeless = sorted({str(cell[at]) for cell in indicator.cells if cell[at] not in groups})
    if homeless:
        raise MismatchError(
            f"Values of {key} without a group: {len(homeless)}, first {', '.join(homeless[:3])}.",
            remedy="Give each of them one, if need be a group of its own.",
        )
    if name in before + after:
        raise SettingsError(
            f"name = {name!r} is a key of the indicator already.", remedy="Name it otherwise."
        )
    return lambda cell: (*cell[:at], groups[cell[at]], *cell[at + 1 :]), (*before, name, *after)


def _sizes(indicator: Indicator, size: Mapping[tuple[KeyValue, ...], float]) -> NDArray[np.float64]:
    import numpy as np

    absent = [cell for cell in indicator.cells if cell not in size]
    if absent:
        raise MismatchError(f"the cell {absent[0]} has no weight.", remedy="Give every cell one.")
    weight = np.array([float(size[cell]) for cell in indicator.cells])
    bad = np.flatnonzero(~((weight >= 0) & np.isfinite(weight)))
    if len(bad):
        raise DataError(
            f"the weight of cell {indicator.cells[bad[0]]} is {weight[bad[0]]}, expected a number of at least 0."
        )
    return weight
