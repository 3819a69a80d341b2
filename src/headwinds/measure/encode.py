"""Columns of values as integers in sorted order of the values, fast for millions of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def encode(values: ArrayLike) -> tuple[NDArray[np.int64], list[Any]]:
    """Codes of each value and the sorted distinct values; hashing first, so that only distinct values are sorted."""
    import numpy as np
    import pyarrow as pa

    column = np.asarray(values)
    if column.ndim == 1 and column.dtype.kind == "i" and len(column):
        least = int(column.min())
        size = int(column.max()) - least + 1
        if size <= _table_size(len(column)):
            used, place = renumber(column.astype(np.int64) - least, size)
            return place, (used + least).tolist()
    if column.ndim == 1 and column.dtype.kind in "US" and column.dtype.itemsize:
        # Their bytes as they lie in memory: to make strings of Arrow's out of them takes several times as long.
        column = np.ascontiguousarray(column)
        width = pa.binary(column.dtype.itemsize)
        raw = pa.FixedSizeBinaryArray.from_buffers(width, len(column), [None, pa.py_buffer(column)])
        encoded = raw.dictionary_encode()
        distinct = np.frombuffer(b"".join(encoded.dictionary.to_pylist()), dtype=column.dtype).tolist()
    else:
        table = pa.array(column.tolist() if column.dtype == object else column)
        if isinstance(table, pa.ChunkedArray):  # what Arrow makes of many million strings
            table = table.combine_chunks()
        encoded = table.dictionary_encode()
        distinct = encoded.dictionary.to_pylist()
    order = sorted(range(len(distinct)), key=distinct.__getitem__)
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[order] = np.arange(len(distinct))
    codes = rank[encoded.indices.to_numpy(zero_copy_only=False)] if len(distinct) else rank
    return codes, [distinct[place] for place in order]


def renumber(code: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted distinct values of `code`, all in [0, size), and the place of each among them, as `numpy.unique` gives them.

    Where the range is not much longer than the codes a table is looked up, which is several times faster than sorting.
    """
    import numpy as np

    if size > _table_size(len(code)):
        distinct, place = np.unique(code, return_inverse=True)
        return distinct, place.astype(np.int64)
    seen = np.zeros(size, dtype=bool)
    seen[code] = True
    distinct = np.flatnonzero(seen)
    table = np.zeros(size, dtype=np.int64)
    table[distinct] = np.arange(len(distinct))
    return distinct, table[code]


def _table_size(rows: int) -> int:
    """How long a table of all values may be for it to be faster to look up than to sort so many."""
    return 4 * rows + 100_000


def encode_together(
    first: Sequence[NDArray[Any]], second: Sequence[NDArray[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """One code a combination of columns, the same for two tables with the same columns; and how many there are."""
    import numpy as np

    rows = len(first[0])
    total = np.zeros(rows + len(second[0]), dtype=np.int64)
    for left, right in zip(first, second, strict=True):
        code, distinct = encode(np.concatenate([left, right]))
        # Renumbered after each column, so that the product of many keys never overflows.
        total = renumber(total * len(distinct) + code, (int(total.max(initial=-1)) + 1) * len(distinct))[1]
    return total[:rows], total[rows:], int(total.max(initial=-1)) + 1
