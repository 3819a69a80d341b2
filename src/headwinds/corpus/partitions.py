"""Corpora larger than memory: many Parquet files, or one, read in pieces as if they were one table.

The rows of all files stand in one row after the other, the files in the order of their names; a piece is any stretch of
them. Folders named ``year=1990`` give each row below them a column (Apache Hive's layout).
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from headwinds.artifacts.stores import Folder, Store, is_url, open_store
from headwinds.corpus.reading import require_columns
from headwinds.corpus.records import FORMATS
from headwinds.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
BATCH_ROWS = 4096
BUFFER_BYTES = 4 * 1024 * 1024  # of each column, so that a row group of any size is never held whole


@dataclass(frozen=True, slots=True)
class PartitionFile:
    """One Parquet file.

    Attributes
    ----------
    name
        Below the place of the corpus.
    rows, columns
        What its footer says.
    digest
        Differs whenever its content does.
    keys
        What the names of its folders say, by column; None where a value is missing.
    """

    name: str
    rows: int
    columns: tuple[str, ...]
    digest: str
    keys: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows `start` to `stop` (from 0, the last one excluded) of the file number `file`."""

    file: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Partitions:
    """A corpus on disk or in a store; made by `find_partitions`.

    Attributes
    ----------
    store
        Where the files are.
    place
        As it is told to people.
    files
        Sorted by name; none is without rows.
    starts
        Where each file's rows begin among all, with the number of all rows at the end.
    """

    store: Store
    place: str
    files: tuple[PartitionFile, ...]
    starts: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return self.starts[-1]

    def segments(self, start: int, stop: int) -> tuple[Segment, ...]:
        """Where rows `start` to `stop` of all stand."""
        found = []
        number = bisect.bisect_right(self.starts, start) - 1
        while start < stop:
            first, after = self.starts[number], self.starts[number + 1]
            end = min(stop, after)
            found.append(Segment(number, start - first, end - first))
            start, number = end, number + 1
        return tuple(found)


def find_partitions(place: str, needed: Sequence[str]) -> Partitions:
    """The Parquet files at a folder, a file or a URL, each with the columns that are `needed`.

    Names that begin with a dot or an underscore are left out, as other readers of Parquet do.

    Raises
    ------
    DataError
        There is no Parquet file or no row, a file cannot be read or lacks a column, or the folder holds tables of
        other formats, which would be left out.
    """
    store, names = _listed(place)
    told = store.place
    files, starts = [], [0]
    for name in names:
        with _parquet(store, name) as file:
            rows, columns = file.metadata.num_rows, tuple(file.schema_arrow.names)
        if not rows:
            continue
        keys = {key: value for key, value in _hive(name).items() if key not in columns}
        require_columns(Path(f"{told}/{name}"), (*columns, *keys), needed)
        files.append(PartitionFile(name, rows, columns, store.digest(name), keys))
        starts.append(starts[-1] + rows)
    if not files:
        raise DataError(f"{told} holds Parquet files without rows.", remedy="Check the folder.")
    return Partitions(store, told, tuple(files), tuple(starts))


def _listed(place: str) -> tuple[Store, list[str]]:
    if place.lower().endswith(".parquet") and (is_url(place) or not Path(place).is_dir()):
        folder, _, name = place.rpartition("/")
        store = open_store(folder) if is_url(place) else Folder(Path(place).parent)
        found = store.sizes(name)
        if name in found:
            return store, [name]
        if not any(one.startswith(f"{name}/") for one in found):  # some writers name a folder so
            raise DataError(f"There is no object or file {store.place}/{name}.", remedy="Check the path.")
    store = open_store(place)
    every = [
        name for name in store.sizes() if not any(part.startswith((".", "_")) for part in name.split("/"))
    ]
    names = [name for name in every if name.lower().endswith(".parquet")]
    others = [name for name in every if _is_table(name) and name not in names]
    if not names:
        shown = f" It holds {', '.join(every[:8])}." if every else ""
        raise DataError(
            f"{store.place} holds no file that ends in .parquet.{shown}",
            remedy="Name a folder of Parquet files, or one file.",
        )
    if others:
        raise DataError(
            f"{store.place} holds {others[0]} beside Parquet files, and it would be left out"
            + (f" (such files: {len(others)})." if len(others) > 1 else "."),
            remedy="Save it as Parquet too, or move it away.",
        )
    return store, names


def _is_table(name: str) -> bool:
    plain = name.lower().removesuffix(".gz").removesuffix(".xz")
    return plain.endswith(FORMATS)


def _hive(name: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for part in name.split("/")[:-1]:
        key, equals, value = part.partition("=")
        if equals and key:
            found[unquote(key)] = None if value == NO_VALUE else unquote(value)
    return found


@contextmanager
def _parquet(store: Store, name: str) -> Iterator[pq.ParquetFile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with store.reading(name) as source, pq.ParquetFile(source, buffer_size=BUFFER_BYTES) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise DataError(
            f"{store.place}/{name} is not a readable Parquet file: {lines[0].rstrip('.')}.",
            remedy="Fetch or save it again.",
        ) from error


class Cursor:
    """Reads segments; cheap where each begins after the last one ended, right in any order.

    Parameters
    ----------
    names
        The columns to read; those that stand in the names of folders are filled in.
    """

    def __init__(self, partitions: Partitions, names: Sequence[str]) -> None:
        self._partitions = partitions
        self._names = tuple(dict.fromkeys(names))
        self._file = -1
        self._row = 0
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._left: pa.RecordBatch | None = None
        self._open: Any = None
        self._groups: list[int] = []

    def read(self, segment: Segment) -> pa.Table:
        """The rows of a segment.

        Raises
        ------
        DataError
            The file is damaged there, or was changed since it was found.
        """
        import pyarrow as pa

        file = self._partitions.files[segment.file]
        try:
            if segment.file != self._file or segment.start < self._row or self._far(segment.start):
                self._reopen(segment)
            taken = []
            while self._row < segment.stop:
                batch = self._left if self._left is not None else next(self._batches)
                skip = max(0, min(segment.start - self._row, batch.num_rows))
                use = min(batch.num_rows, segment.stop - self._row)
                if use > skip:
                    taken.append(batch.slice(skip, use - skip))
                self._row += use
                self._left = batch.slice(use) if use < batch.num_rows else None
        except (pa.ArrowException, OSError, ValueError, OverflowError, StopIteration) as error:
            lines = str(error).splitlines() or ["it ends there"]
            raise DataError(
                f"{self._partitions.place}/{file.name} is damaged after row {self._row}: {lines[0].rstrip('.')}.",
                remedy="Fetch it again.",
            ) from error
        return self._complete(pa.Table.from_batches(taken), file)

    def close(self) -> None:
        """Close the file that is open."""
        if self._open is not None:
            self._open.__exit__(None, None, None)
            self._open, self._file = None, -1
        self._batches, self._left = iter(()), None

    def _far(self, row: int) -> bool:
        """Whether a later row group begins between here and there, so that it pays to begin anew with it."""
        groups = self._groups
        return row > self._row and bisect.bisect_right(groups, row) > bisect.bisect_right(groups, self._row)

    def _reopen(self, segment: Segment) -> None:
        self.close()
        partition = self._partitions.files[segment.file]
        opened = _parquet(self._partitions.store, partition.name)
        file = opened.__enter__()
        self._open, self._file = opened, segment.file
        rows = (file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))
        self._groups = list(itertools.accumulate(rows, initial=0))[:-1]
        first = bisect.bisect_right(self._groups, segment.start) - 1
        self._row = self._groups[first]
        columns = [name for name in self._names if name in partition.columns]
        self._batches = file.iter_batches(
            batch_size=BATCH_ROWS, row_groups=list(range(first, file.num_row_groups)), columns=columns
        )

    def _complete(self, table: pa.Table, file: PartitionFile) -> pa.Table:
        import pyarrow as pa

        for name in self._names:
            if name not in file.columns:
                value = pa.scalar(file.keys[name], pa.string())
                table = table.append_column(name, pa.repeat(value, table.num_rows))
        return table
