"""Scores in many Parquet files, read column by column: what `headwinds score` writes of a corpus larger than memory.

Only numbers stay: of ids and other texts their codes, and of each column no more than its numbers while the next is read.
For ten million passages with two labels the peak was 1.2 GiB (`benchmarks/streaming`); a dict a row would take some thirty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.fingerprint import directory_digest, file_digest
from headwinds.artifacts.manifest import MANIFEST
from headwinds.artifacts.parts import PARTS, require_finished
from headwinds.artifacts.stores import Folder
from headwinds.corpus.reading import as_word, join_stratum, require_columns
from headwinds.errors import DataError
from headwinds.study.frame import key_values

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

FILL_IN = "Fill it in; 'unknown' for instance makes a cell of its own."
OR_NO_DOCUMENT = "Fill it in, or name no document if each passage is one."


@dataclass(frozen=True, slots=True)
class PartsTable:
    """Parquet files with the same columns, one passage a row; a column is read when it is asked for, and not kept.

    Attributes
    ----------
    path
        The folder, for messages.
    files
        In the order of their names.
    names, rows
        The columns, and the rows of all files.
    """

    path: Path
    files: tuple[Path, ...]
    names: tuple[str, ...]
    rows: int

    def read(self, names: Sequence[str]) -> pa.Table:
        """Some columns.

        Raises
        ------
        DataError
            A file cannot be read, or has them in another type than the first.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pa.concat_tables(
                pq.read_table(file, columns=list(names), partitioning=None) for file in self.files
            )
        except (pa.ArrowException, OSError) as error:
            raise _unlike(self.path, error) from error

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of numbers or of true and false.

        Raises
        ------
        DataError
            A value is missing or no number.
        """
        import numpy as np
        import pyarrow as pa

        column = self.read([name])[name]
        try:
            if column.null_count:
                raise DataError(
                    f"{self.path}: rows in which {name} is missing: {column.null_count:,}; expected a number.",
                    remedy="Score the passages again.",
                )
            if pa.types.is_boolean(column.type):
                column = column.cast(pa.int8())
            return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
        except pa.ArrowException as error:
            raise DataError(
                f"{self.path}: {name} holds {column.type} values, expected numbers.",
                remedy="Name the column that holds them.",
            ) from error

    def codes(self, name: str) -> NDArray[np.int64]:
        """The rank of each value among the sorted distinct ones, as text.

        Raises
        ------
        DataError
            A row has none.
        """
        import numpy as np
        import pyarrow.compute as pc

        distinct, code = self._texts(name)
        order = pc.array_sort_indices(distinct).to_numpy()
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        found: NDArray[np.int64] = rank[code]
        return found

    def distinct(self, name: str) -> list[str]:
        """The sorted distinct values of a column, as text: what its `codes` stand for."""
        import pyarrow.compute as pc

        texts, _ = self._texts(name)
        return [str(text) for text in texts.take(pc.array_sort_indices(texts)).to_pylist()]

    def _texts(self, name: str) -> tuple[pa.Array, NDArray[np.int32]]:
        """As `_coded`, as text; they stay in Arrow, as there may be as many as rows."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        distinct, code = _coded(self._filled(name, OR_NO_DOCUMENT).cast(pa.string()))
        blank = np.flatnonzero(pc.equal(pc.utf8_trim_whitespace(distinct), "").to_numpy(zero_copy_only=False))
        if len(blank):
            raise self._without(np.flatnonzero(np.isin(code, blank)), f"{name} is empty", OR_NO_DOCUMENT)
        return distinct, code

    def key(self, name: str) -> NDArray[Any]:
        """A key to count by, as `key_values` has it, 2001.0 as 2001; each distinct value is looked at once.

        Raises
        ------
        DataError
            A row has none, so that it would stand in a cell without a name.
        """
        import numpy as np

        distinct, code = _coded(self._filled(name, FILL_IN))
        read = [as_word(value, name) for value in distinct.to_pylist()]
        bad = [place for place, (_, problem) in enumerate(read) if problem]
        if bad:
            rows = np.flatnonzero(np.isin(code, bad))
            raise self._without(rows, read[int(code[rows[0]])][1], FILL_IN)
        found: NDArray[Any] = key_values([word for word, _ in read])[code]
        return found

    def _filled(self, name: str, remedy: str) -> pa.ChunkedArray:
        """A column in which no row lacks its value."""
        import numpy as np

        column = self.read([name])[name]
        if column.null_count:
            rows = np.flatnonzero(column.is_null().to_numpy())
            raise self._without(rows, f"{name} is empty", remedy)
        return column

    def _without(self, rows: NDArray[np.int64], problem: str, remedy: str) -> DataError:
        return DataError(
            f"{self.path}, row {rows[0] + 1:,}: {problem}; such rows: {len(rows):,}.", remedy=remedy
        )

    def strata(self, names: Sequence[str]) -> NDArray[np.str_]:
        """The stratum of each row: the columns joined by " / ", "all" without any.

        Raises
        ------
        DataError
            A row has none.
        """
        import numpy as np

        if not names:
            return np.full(self.rows, "all")
        table = self.read(names)
        grouped = table.group_by(list(names), use_threads=False).aggregate([])
        joined: dict[tuple[Any, ...], str] = {}
        for values in grouped.to_pylist():
            stratum, problem = join_stratum(values, names)
            if problem:
                raise DataError(f"{self.path}: {problem}.", remedy="Every passage has a stratum.")
            joined[tuple(values[name] for name in names)] = stratum
        result = np.empty(self.rows, dtype=f"U{max(map(len, joined.values()), default=1)}")
        start = 0
        for batch in table.to_batches(max_chunksize=65_536):
            rows = zip(*(batch[name].to_pylist() for name in names), strict=True)
            result[start : start + batch.num_rows] = [joined[row] for row in rows]
            start += batch.num_rows
        return result

    def places(self, name: str, wanted: Sequence[str]) -> dict[str, int]:
        """The rows of some values of a column that holds each value once.

        Raises
        ------
        DataError
            A value stands twice.
        """
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self.read([name])[name].cast(pa.string())
        distinct = pc.count_distinct(column).as_py()
        if distinct < len(column):
            raise DataError(
                f"{self.path}: values of {name} that stand there before: {len(column) - distinct:,}.",
                remedy="One passage a row.",
            )
        found = pc.is_in(column, value_set=pa.array(list(wanted), pa.string()))
        rows = np.flatnonzero(found.to_numpy())
        return dict(zip(column.take(pa.array(rows)).to_pylist(), rows.tolist(), strict=True))


def parts_folder(path: Path) -> Path:
    """The folder of the Parquet files of a result in parts, named itself or by the folder above.

    Raises
    ------
    ArtifactError
        `score` has not finished there, or a part is not what it wrote.
    DataError
        There is no Parquet file.
    """
    result = path.parent if path.name == PARTS else path
    if path.name == PARTS or (path / PARTS).is_dir():
        require_finished(Folder(result), "")
        return result / PARTS
    if not any(path.glob("*.parquet")):
        raise DataError(
            f"{path} is a folder without Parquet files, expected a file of scores or a folder of its parts.",
            remedy="Name the folder that `headwinds score` told.",
        )
    return path


def parts_digest(path: Path) -> str:
    """What differs whenever the scores do: of the manifest where there is one, else of every file."""
    folder = parts_folder(path)
    manifest = folder.parent / MANIFEST
    return file_digest(manifest) if folder.name == PARTS and manifest.is_file() else directory_digest(folder)


def open_parts(path: Path, needed: Sequence[str]) -> PartsTable:
    """The files of a folder of scores, which must have the columns that are `needed`.

    Raises
    ------
    DataError
        A column is missing, or a file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = tuple(sorted(parts_folder(path).glob("*.parquet")))
    try:
        names = tuple(pq.read_schema(files[0]).names)
        rows = sum(pq.read_metadata(file).num_rows for file in files)
    except (pa.ArrowException, OSError) as error:
        raise _unlike(path, error) from error
    require_columns(path, names, needed)
    return PartsTable(path, files, names, rows)


def _coded(column: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int32]]:
    """The distinct values of a column, and which of them each row has."""
    import numpy as np

    coded = column.dictionary_encode().unify_dictionaries()
    codes = [chunk.indices.to_numpy(zero_copy_only=False) for chunk in coded.chunks]
    return coded.chunk(0).dictionary, np.concatenate(codes)


def _unlike(path: Path, error: Exception) -> DataError:
    lines = str(error).splitlines() or [type(error).__name__]
    return DataError(
        f"{path} cannot be read as Parquet files of one kind: {lines[0].rstrip('.')}.",
        remedy="Score the corpus again.",
    )
