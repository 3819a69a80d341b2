"""The cells of an index: which passages make which point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import MismatchError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import KeyValue
    from headwinds.measure.frame import Frame


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells by keys, sorted.

    Attributes
    ----------
    keys
        Names of the keys; empty for the whole corpus as one cell.
    values
        One tuple of key values a cell.
    code
        Shape (n,): the cell of each passage of the frame.
    population_code
        Shape (population rows,): the cell of each row of the population table; None where the population is not
        counted by all of these keys, so that the weights estimate the denominators.
    """

    keys: tuple[str, ...]
    values: tuple[tuple[KeyValue, ...], ...]
    code: NDArray[np.int64]
    population_code: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.values)


def no_cell(cells: Cells, cell: tuple[KeyValue, ...]) -> MismatchError:
    """The error for a cell that is not there; cells are written as `--cell` takes them."""
    first, last = (_in_words(cells.keys, one) for one in (cells.values[0], cells.values[-1]))
    return MismatchError(
        f"There is no cell {_in_words(cells.keys, cell)}: there are {len(cells):,}, from {first} to {last}.",
        remedy="Name one of them.",
    )


def _in_words(keys: tuple[str, ...], cell: tuple[KeyValue, ...]) -> str:
    return ",".join(f"{key}={value}" for key, value in zip(keys, cell, strict=True)) or "of the whole corpus"


def cells_by(keys: tuple[str, ...]) -> str:
    """Which cells: a study has several indices, which differ in their keys, and a finding of one says of which it is."""
    return f"cells by {', '.join(keys)}" if keys else "cells"


def make_cells(frame: Frame, by: tuple[str, ...] = ("year",)) -> Cells:
    """Cut the frame into cells; a cell that the population has and the sample has not is kept, and will be said.

    Raises
    ------
    SettingsError
        If a name in `by` is not a key of the frame.
    """
    import numpy as np

    from headwinds.measure.encode import encode, renumber

    unknown = [name for name in by if name not in frame.keys]
    if unknown:
        raise SettingsError(
            f"there is no key '{unknown[0]}' to measure by; the keys are {', '.join(sorted(frame.keys))}."
        )
    population = frame.population
    known = population is not None and all(name in population.keys for name in by)
    rows = len(frame)
    extra = len(population.count) if population is not None and known else 0
    total = np.zeros(rows + extra, dtype=np.int64)
    columns = []
    for name in by:
        column = frame.keys[name]
        if population is not None and known:
            column = np.concatenate([column, np.asarray(population.keys[name])])
        code, distinct = encode(column)
        columns.append((code, distinct))
        total = renumber(total * len(distinct) + code, (int(total.max(initial=-1)) + 1) * len(distinct))[1]
    one = np.zeros(int(total.max(initial=-1)) + 1, dtype=np.int64)
    one[total] = np.arange(len(total))
    values = tuple(tuple(distinct[code[place]] for code, distinct in columns) for place in one)
    return Cells(
        keys=tuple(by),
        values=values,
        code=total[:rows].astype(np.int64),
        population_code=total[rows:].astype(np.int64) if known else None,
    )
