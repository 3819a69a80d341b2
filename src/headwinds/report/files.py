"""The report's files as bytes: CSV, Parquet and JSON, the same bytes from the same numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.csv_cells import guarded
from headwinds.report.cells import Cell, ReportTable, plain

if TYPE_CHECKING:
    import pyarrow as pa


def csv_bytes(table: ReportTable) -> bytes:
    """UTF-8, comma, CRLF (RFC 4180); what is not available is an empty field; text is guarded, numbers stand as they are."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([guarded(column) for column in table.columns])
    writer.writerows([_csv_cell(value) for value in row] for row in table.rows)
    return buffer.getvalue().encode("utf-8", "surrogatepass")


def _csv_cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return guarded(value) if isinstance(value, str) else repr(value)


def parquet_bytes(table: ReportTable) -> bytes:
    """Parquet with plain columns (string, int64, double, bool); what is not available is null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [_arrow_column(table.column(name)) for name in table.columns]
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns, names=list(table.columns)), buffer, compression="zstd")
    return buffer.getvalue()


def _arrow_column(values: Sequence[Cell]) -> pa.Array:
    """The narrowest plain type that holds every value; a column of nothing is one of missing numbers."""
    import pyarrow as pa

    known = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in known) and known:
        return pa.array(values, pa.bool_())
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known)
    if numbers and known and all(isinstance(value, int) for value in known):
        return pa.array(values, pa.int64())
    if numbers:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def table_as_json(table: ReportTable) -> dict[str, Any]:
    """A table as JSON: missing numbers are null, and each row names the columns that are not available in it."""
    rows = []
    for record in table.records():
        missing = [name for name, value in record.items() if value is None]
        rows.append({"values": record, "not_available": missing} if missing else {"values": record})
    return {"title": table.title, "columns": list(table.columns), "rows": rows}


def json_bytes(data: object) -> bytes:
    """Strict JSON (no NaN), two spaces, keys in the order given."""
    text = json.dumps(_plain_tree(data), ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode("utf-8", "surrogatepass")


def _plain_tree(data: object) -> object:
    if isinstance(data, Mapping):
        return {str(key): _plain_tree(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain_tree(value) for value in data]
    if isinstance(data, (set, frozenset)):
        return sorted(str(value) for value in data)
    return plain(data)
