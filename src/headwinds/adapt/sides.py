"""Rows on two sides: drawn, or cut by time; what belongs together is never on both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headwinds.adapt.numbered import numbered
from headwinds.adapt.tasks.contract import Row
from headwinds.artifacts.fingerprint import fingerprint
from headwinds.errors import DataError, quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Sides = tuple[NDArray[np.int64], NDArray[np.int64]]


def groups_of(rows: Sequence[Row], column: str) -> tuple[str, ...]:
    """The group of each row; without a column every row is its own.

    Raises
    ------
    DataError
        A row has no value there.
    """
    if not column:
        return tuple(str(number) for number in range(len(rows)))
    require_column(rows, column)
    for row in rows:
        if row.values.get(column) in (None, ""):
            raise DataError(f"{row.place}: {column} is empty.", remedy="Fill it, or group by another column.")
    return tuple(str(row.values[column]) for row in rows)


def require_column(rows: Sequence[Row], column: str) -> None:
    """Refuse a column that no row has.

    Raises
    ------
    DataError
        Those that there are are named.
    """
    if not any(column in row.values for row in rows):
        names = dict.fromkeys(name for row in rows for name in row.values)
        raise DataError(
            f"{rows[0].place}: there is no column {quoted(column)}; the file has {', '.join(names)}.",
            remedy="Name one of these.",
        )


def split_off(groups: Sequence[str], share: float, *, seed: int) -> Sides:
    """Numbers of the examples that train, and of about `share` of them that validate; groups stay whole.

    Raises
    ------
    DataError
        There are fewer than two groups.
    """
    import numpy as np

    owner, order, reached = _shuffled(groups, seed)
    if len(order) < 2:
        raise DataError(
            "There is one group of examples, so none can be set aside for validation.",
            remedy="Name a file for validation, or another column to group by.",
        )
    taken = max(1, int(np.searchsorted(reached, share * len(owner))))
    return _sides(owner, order[: min(taken, len(order) - 1)])


def split_digest(data: str, validation: NDArray[np.int64]) -> str:
    """SHA-256 of which rows of the files with the digest `data` validated: the same split again is known by it."""
    return fingerprint(data=data, validation=validation.tolist())


def drawn_off(groups: Sequence[str], share: float, *, seed: int) -> Sides:
    """Numbers of the rows that stay, and of those drawn for a test: as many whole groups as come nearest to `share`.

    Raises
    ------
    DataError
        There are fewer than two groups.
    """
    import numpy as np

    owner, order, reached = _shuffled(groups, seed)
    if len(order) < 2:
        raise DataError(
            "There is one group of examples, so none can be held out for a test.",
            remedy="Name a file for the test, or another column to group by.",
        )
    taken = int(np.argmin(np.abs(reached[:-1] - share * len(owner)))) + 1
    return _sides(owner, order[:taken])


def _shuffled(
    groups: Sequence[str], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The number of each row's group; the groups in a drawn order; the rows of the first of them, of the first two, ...."""
    import numpy as np

    names, owner = numbered(groups)
    order = np.random.default_rng(seed).permutation(len(names))
    return owner, order, np.cumsum(np.bincount(owner)[order])


def _sides(owner: NDArray[np.int64], chosen: NDArray[np.int64]) -> Sides:
    """Numbers of the rows outside the chosen groups, and of those inside."""
    import numpy as np

    aside = np.isin(owner, chosen)
    return np.flatnonzero(~aside), np.flatnonzero(aside)


def latest_off(times: Sequence[Any], groups: Sequence[str], share: float, *, part: str, column: str) -> Sides:
    """Numbers of the rows before a cut in time, and of those at or after it: the cut that comes nearest to `share`.

    Rows of one time are on one side, and so are those of one group: cuts that would tear one are passed over. `part` and
    `column` are for what is said.

    Raises
    ------
    DataError
        All rows are of one time, or every cut tears a group.
    """
    import numpy as np

    distinct = sorted(set(times))
    if len(distinct) < 2:
        raise DataError(
            f"All rows have one value in {column}, so no later ones can be set aside for {part}.",
            remedy="Split by another column, or take more rows.",
        )
    index = {time: number for number, time in enumerate(distinct)}
    place = np.array([index[time] for time in times])
    later = np.cumsum(np.bincount(place)[::-1])[::-1]  # rows at or after each time
    names, owner = numbered(groups)
    first = np.full(len(names), len(distinct))
    last = np.zeros(len(names), dtype=first.dtype)
    np.minimum.at(first, owner, place)
    np.maximum.at(last, owner, place)
    begun = np.zeros(len(distinct) + 1, dtype=np.int64)
    np.add.at(begun, first + 1, 1)
    np.add.at(begun, last + 1, -1)
    torn = np.cumsum(begun)[: len(distinct)]  # groups with rows on both sides of the cut at each time
    cuts = np.flatnonzero(torn == 0)
    cuts = cuts[cuts > 0][::-1]  # of two that come as near, the later one
    if not len(cuts):
        name = names[int(np.argmax(last - first))]
        raise DataError(
            f"No cut by {column} sets rows aside for {part} and leaves every group whole: {quoted(name)}, for one, "
            "has rows on both sides.",
            remedy="Split by time alone, or group by what has one time.",
        )
    cut = cuts[np.argmin(np.abs(later[cuts] - share * len(place)))]
    return np.flatnonzero(place < cut), np.flatnonzero(place >= cut)
