"""Rows of a table file, one dict each, with the number that its reader would find it by: CSV, TSV, JSONL, Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwinds.contracts.missing_file import no_file
from headwinds.corpus.encodings import decode
from headwinds.errors import DataError, quoted

LARGEST_CELL = 16_000_000
LARGEST_RATIO = 100
LARGEST_UNPACKED = 256_000_000
FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
AS_CSV = 'In the spreadsheet choose File, Save As, "CSV UTF-8 (comma delimited)".'
_WORKBOOK_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How a workbook begins, as a ZIP archive since 2007 and as Microsoft's compound file before: no text begins so."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its values by column, or the reason why it cannot be read.

    `row` is the line on which it begins (CSV, JSONL) or its number (Parquet), counted from 1.
    """

    row: int
    values: dict[str, Any]
    problem: str = ""


def read_records(path: Path, *, encoding: str = "utf-8") -> tuple[tuple[str, ...], Iterator[Record]]:
    """The columns of a table file and its rows, one by one.

    Raises
    ------
    DataError
        The file is missing, empty, of an unknown format, or damaged as a whole. A row that is damaged alone comes as a
        `Record` with its `problem`.
    """
    if not path.is_file():
        raise no_file(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1] if suffixes and suffixes[-1] in (".gz", ".xz") else ""
    kind = suffixes[-2] if packed and len(suffixes) > 1 else (suffixes[-1] if suffixes else "")
    formats = f"{', '.join(FORMATS)} (the first three also with .gz or .xz)"
    if kind in WORKBOOKS:
        raise DataError(f"{path} is a workbook of a spreadsheet, expected one of {formats}.", remedy=AS_CSV)
    if not kind:
        raise DataError(
            f"{path} has no ending, expected one of {formats}.", remedy="Save it in one of these formats."
        )
    if kind not in FORMATS:
        raise DataError(
            f"{path} ends in {kind}, expected one of {formats}.", remedy="Save it in one of these formats."
        )
    if kind == ".parquet":
        if packed:
            raise DataError(
                f"{path} is Parquet inside {packed}, which is packed twice.", remedy="Unpack it once."
            )
        return _parquet(path)
    data = _unpack(path, packed)
    if data.startswith(_WORKBOOK_MARKS):
        raise DataError(
            f"{path} is named {kind}, and what it holds is a workbook of a spreadsheet or an archive.",
            remedy=AS_CSV,
        )
    text = decode(data, encoding, path)
    if not text.strip():
        raise DataError(
            f"{path} is empty, expected at least a header and a row.", remedy="Fetch or save it again."
        )
    if kind == ".jsonl":
        return _jsonl(text, path)
    return _csv(text, path, "\t" if kind == ".tsv" else ",")


def _unpack(path: Path, packed: str) -> bytes:
    if not packed:
        try:
            return path.read_bytes()
        except OSError as error:
            raise DataError(
                f"{path} cannot be read: {error.strerror}.", remedy="Check its permissions."
            ) from error
    size = path.stat().st_size
    limit = max(LARGEST_UNPACKED, LARGEST_RATIO * size)
    opener = gzip.open if packed == ".gz" else lzma.open
    try:
        with opener(path, "rb") as file:
            data: bytes = file.read(limit + 1)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be unpacked: {error}.", remedy="Fetch it again: it is cut off or damaged."
        ) from error
    if len(data) > limit:
        raise DataError(
            f"{path} unpacks to over {limit:,} bytes from {size:,}.",
            remedy="Unpack it by hand if you trust it.",
        )
    return data


def _csv(text: str, path: Path, delimiter: str) -> tuple[tuple[str, ...], Iterator[Record]]:
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = tuple(name.strip() for name in next(reader))
    except csv.Error as error:
        raise DataError(
            f"{path}, line 1: the header is not valid CSV ({error}).", remedy="Mend its quotes."
        ) from error
    _check_header(header, path, delimiter)

    def rows() -> Iterator[Record]:
        while True:
            start = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(start, {}, _csv_problem(error))
                continue
            if not cells:
                continue  # an empty line is no row in RFC 4180
            if len(cells) != len(header):
                yield Record(start, {}, _fields(len(cells), len(header)))
            elif any("\0" in cell for cell in cells):
                yield Record(start, {}, "holds a NUL character")
            else:
                yield Record(start, dict(zip(header, cells, strict=True)))

    return header, rows()


def _fields(there: int, expected: int) -> str:
    return f"{there} {'field' if there == 1 else 'fields'}, expected {expected}"


def _csv_problem(error: csv.Error) -> str:
    if "unexpected end of data" in str(error):
        return "a quote opens here that is never closed, so all that follows it is one broken row"
    return f"not valid CSV ({error})"


def _doubled(names: Sequence[str]) -> list[str]:
    """The names that stand there more than once, counted in one pass: a file may have many columns."""
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _check_header(header: tuple[str, ...], path: Path, delimiter: str) -> None:
    if not any(header):
        raise DataError(
            f"{path}, line 1: empty, expected the names of the columns.", remedy="Write them there."
        )
    if any("\0" in name for name in header):
        raise DataError(
            f"{path}, line 1: the header holds a NUL character, so this is no CSV text.",
            remedy="Save it as CSV in UTF-8.",
        )
    doubled = _doubled(header)
    if doubled:
        raise DataError(
            f"{path}, line 1: the column {quoted(doubled[0])} stands there {header.count(doubled[0])} times.",
            remedy="Rename all but one.",
        )
    if len(header) == 1:
        other = next(
            (mark for mark in (";", "\t", "|", ",") if mark != delimiter and mark in header[0]), None
        )
        if other:
            shown = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}[other]
            raise DataError(
                f"{path}, line 1: the columns seem to be separated by {shown}.",
                remedy="Save it with commas, or tabs as .tsv.",
            )


def _jsonl(text: str, path: Path) -> tuple[tuple[str, ...], Iterator[Record]]:
    def rows() -> Iterator[Record]:
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield _json_record(number, line)

    first = next((record for record in rows() if not record.problem), None)
    if first is None:
        problem = next(rows())
        raise DataError(
            f"{path}, line {problem.row}: {problem.problem}, expected one JSON object a line.",
            remedy='Write each row on its own line, e.g. {"passage_id": "p1", "text": "..."}.',
        )
    columns = dict.fromkeys(key for record in rows() for key in record.values)
    return tuple(columns), rows()


def _json_record(number: int, line: str) -> Record:
    if len(line) > LARGEST_CELL:
        return Record(number, {}, f"longer than {LARGEST_CELL:,} characters")
    try:
        value = json.loads(line, object_pairs_hook=_no_double, parse_constant=_no_constant)
    except RecursionError:
        return Record(number, {}, "nested too deeply")
    except ValueError as error:
        return Record(number, {}, f"not valid JSON ({error})")
    if not isinstance(value, dict):
        return Record(number, {}, f"holds a {type(value).__name__}, not an object")
    return Record(number, value)


def _no_double(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {_doubled(keys)[0]!r} stands there twice")
    return result


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parquet(path: Path) -> tuple[tuple[str, ...], Iterator[Record]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        columns = tuple(file.schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(
            f"{path} is not a readable Parquet file: {reason}.", remedy="Fetch or save it again."
        ) from error
    doubled = _doubled(columns)
    if doubled:
        raise DataError(
            f"{path}: the column {quoted(doubled[0])} stands there twice.", remedy="Rename one of them."
        )
    if not file.metadata.num_rows:
        raise DataError(f"{path} is empty: it has columns and no row.", remedy="Fetch or save it again.")

    def rows() -> Iterator[Record]:
        number = 0
        with file:
            try:
                for batch in file.iter_batches(batch_size=4096):
                    for values in batch.to_pylist():
                        number += 1
                        yield Record(number, values)
            except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
                reason = str(error).splitlines()[0].rstrip(".")
                raise DataError(
                    f"{path} is damaged after row {number}: {reason}.", remedy="Fetch it again."
                ) from error

    return columns, rows()
