"""What must be known of a corpus before any piece of it is read alone: which rows repeat an id, which keys are numbers.

One pass over the columns of ids and keys. After it a piece is a function of its own rows, so that pieces can be read in any
order, anywhere, with the result that `reading.read_corpus` has on the whole file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.corpus.partitions import BATCH_ROWS, Cursor, Partitions
from headwinds.corpus.reading import Columns, as_word, canonical_row, whole_number
from headwinds.corpus.records import Record
from headwinds.corpus.repeated_ids import repeated_rows
from headwinds.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

STRETCH = 65_536


@dataclass(frozen=True, slots=True)
class Survey:
    """What the pass found.

    Attributes
    ----------
    repeated
        Numbers among all rows, from 0 and sorted, of those whose id stands in a row before that can be read.
    whole
        The keys whose every value is a whole number.
    """

    repeated: NDArray[np.int64]
    whole: frozenset[str]


@dataclass(slots=True)
class _Kinds:
    """Counts of a key's values."""

    numbers: int = 0
    words: int = 0
    example: str = ""


def needed_columns(columns: Columns) -> list[str]:
    """The columns that a row is read from."""
    names = (
        columns.passage_id,
        columns.document_id,
        columns.text,
        columns.weight,
        *columns.stratum,
        *columns.keys,
    )
    return [name for name in dict.fromkeys(names) if name]


def survey(partitions: Partitions, columns: Columns, scratch: Path) -> Survey:
    """Read ids and keys once.

    Raises
    ------
    DataError
        A file is damaged, or a key holds mostly whole numbers and some words. (Counted over all rows, also those that
        are refused for another reason.)
    """
    import numpy as np

    kinds = {key: _Kinds() for key in columns.keys}
    passes = _ids(partitions, columns, kinds)
    if columns.passage_id:
        rows, ids = repeated_rows(passes, partitions.rows, scratch)
        repeated = _later(rows, ids, partitions, columns)
    else:
        for _ in passes:
            pass
        repeated = np.empty(0, dtype=np.int64)
    for key, kind in kinds.items():
        # A column of numbers with a few words in it is a mistake; one of words with a few numbers in it is not.
        if kind.words and kind.numbers > kind.words:
            raise DataError(
                f"{partitions.place}: {key} = {kind.example!r} is no whole number;"
                f" {kind.numbers:,} of {kind.numbers + kind.words:,} are.",
                remedy="Mend it, or take the column out of keys.",
            )
    return Survey(repeated, frozenset(key for key, kind in kinds.items() if kind.numbers and not kind.words))


def _ids(
    partitions: Partitions, columns: Columns, kinds: dict[str, _Kinds]
) -> Iterator[tuple[int, list[str | None]]]:
    names = [name for name in (columns.passage_id, *columns.keys) if name]
    if not names:
        return
    cursor = Cursor(partitions, names)
    try:
        for first in range(0, partitions.rows, STRETCH):
            row = first
            for segment in partitions.segments(first, min(first + STRETCH, partitions.rows)):
                table = cursor.read(segment)
                for key, kind in kinds.items():
                    _count(table[key], key, kind)
                if columns.passage_id:
                    yield row, [_id(value) for value in table[columns.passage_id].to_pylist()]
                row += table.num_rows
    finally:
        cursor.close()


def _id(value: Any) -> str | None:
    word, problem = as_word(value, "id")
    return None if problem else word


def _count(values: pa.ChunkedArray, key: str, kind: _Kinds) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        counted = pc.value_counts(values.combine_chunks())
    except pa.ArrowNotImplementedError:
        return  # lists and the like: each row of them is refused
    for value, count in zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True):
        word, problem = as_word(value, key)
        if problem:
            continue
        if whole_number(word) is None:
            kind.words += count
            kind.example = kind.example or word
        else:
            kind.numbers += count


def _later(
    rows: NDArray[np.int64], ids: NDArray[np.int64], partitions: Partitions, columns: Columns
) -> NDArray[np.int64]:
    """Of the rows that share an id those that come after the first that can be read."""
    import numpy as np

    if not len(rows):
        return rows
    taken = np.zeros(int(ids.max()) + 1, dtype=bool)
    later = np.zeros(len(rows), dtype=bool)
    cursor = Cursor(partitions, needed_columns(columns))
    edges = np.flatnonzero(np.diff(rows // BATCH_ROWS, prepend=-1))
    try:
        for first, after in zip(edges, [*edges[1:], len(rows)], strict=True):
            place, own = rows[first:after], ids[first:after]
            readable = ~taken[own]
            if readable.any():
                readable[readable] = _readable(place[readable], cursor, partitions, columns)
            for number, one in enumerate(own.tolist()):
                later[first + number] = taken[one]
                taken[one] |= readable[number]
    finally:
        cursor.close()
    return rows[later]


def _readable(
    rows: NDArray[np.int64], cursor: Cursor, partitions: Partitions, columns: Columns
) -> list[bool]:
    """Whether each of some rows, which stand near each other, can be read, its id apart."""
    found = []
    for segment in partitions.segments(int(rows[0]), int(rows[-1]) + 1):
        start = partitions.starts[segment.file]
        own = rows[(rows >= start + segment.start) & (rows < start + segment.stop)]
        table = cursor.read(segment).take(own - start - segment.start)
        for values in table.to_pylist():
            found.append(not canonical_row(Record(0, values), columns, ())[1])
    return found
