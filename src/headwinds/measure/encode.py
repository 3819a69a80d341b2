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

    table = pa.array(
        np.asarray(values).tolist() if np.asarray(values).dtype == object else np.asarray(values)
    )
    if isinstance(table, pa.ChunkedArray):  # what Arrow makes of many million strings
        table = table.combine_chunks()
    encoded = table.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    order = sorted(range(len(distinct)), key=lambda place: distinct[place])
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[order] = np.arange(len(distinct))
    codes: NDArray[np.int64] = rank[encoded.indices.to_numpy(zero_copy_only=False)] if len(distinct) else rank
    return codes, [distinct[place] for place in order]


def renumber(code: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted distinct values of `code`, all in [0, size), and the place of each among them, as `numpy.unique` gives them.

    Where the range is not much longer than the codes a table is looked up, which is several times faster than sorting.
    """
    import numpy as np

    if size > 4 * len(code) + 100_000:
        distinct, place = np.unique(code, return_inverse=True)
        return distinct, place.astype(np.int64)
    seen = np.zeros(size, dtype=bool)
    seen[code] = True
    distinct = np.flatnonzero(seen)
    table = np.zeros(size, dtype=np.int64)
    table[distinct] = np.arange(len(distinct))
    return distinct, table[code]


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
