"""An index as a plain document: what JSON can hold, and nothing is lost. For a server, or a language other than Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headwinds.contracts import Finding, Indicator
from headwinds.contracts.indicator import FACTORS
from headwinds.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NUMBERS = ("value", "sampling_variance", "lower", "upper")
COUNTS = ("documents", "passages", "gold")
CORRELATION = "label_correlation"
OPTIONAL = ("berkson_variance", *(name for name in FACTORS if name != "audit_factor"), CORRELATION)
FIELDS = (
    "keys", "cells", "labels", *NUMBERS, "audit_factor", *COUNTS, "pooled", "method", "findings", "provenance",
    *OPTIONAL, "unit",
)  # fmt: skip
NEEDED = ("keys", "cells", "labels", *NUMBERS, "audit_factor", *COUNTS)


def indicator_document(indicator: Indicator) -> dict[str, Any]:
    """The fields of an index by their names, in lists, numbers and texts; NaN is None.

    A number in JSON has all digits of a float, so `indicator_of` gives the same index to the bit.
    """
    found: dict[str, Any] = {
        "keys": list(indicator.keys),
        "cells": [list(cell) for cell in indicator.cells],
        "labels": list(indicator.labels),
        "pooled": list(indicator.pooled),
        "method": indicator.method,
        "unit": indicator.unit,
        "findings": [[one.code, one.sentence, one.remedy] for one in indicator.findings],
        "provenance": dict(sorted(indicator.provenance.items())),
        **{name: getattr(indicator, name).tolist() for name in COUNTS},
    }
    for name in (*NUMBERS, "audit_factor", *OPTIONAL):
        values = getattr(indicator, name)
        if values is not None:
            found[name] = _plain(values.tolist())
    return found


def indicator_of(document: Mapping[str, Any]) -> Indicator:
    """The index of such a document.

    It may lack `pooled`, `method`, `findings`, `provenance`, `unit`, and the parts of the error that an index need not have.

    Raises
    ------
    DataError
        A field is unknown, lacking, or not what it should be; it is named.
    """
    for name in document:
        if name not in FIELDS:
            raise DataError(f"index: unknown field {name!r}; known are {', '.join(FIELDS)}.")
    for name in NEEDED:
        if name not in document:
            raise DataError(f"index: field {name!r} is lacking.")
    keys = _texts(document, "keys")
    rows = len(_list(document, "cells"))
    given: dict[str, Any] = {
        "keys": keys,
        "cells": tuple(_cell(cell, len(keys)) for cell in document["cells"]),
        "labels": _texts(document, "labels", rows),
        "pooled": _texts(document, "pooled", rows) if "pooled" in document else ("",) * rows,
        "method": _text(document, "method", "as given"),
        "unit": _text(document, "unit", "share"),
        "findings": tuple(_finding(one) for one in document.get("findings", [])),
        "provenance": _provenance(document.get("provenance", {})),
    }
    for name in (*NUMBERS, *(one for one in OPTIONAL if one == "berkson_variance" and one in document)):
        given[name] = _numbers(document, name, rows)
    for name in COUNTS:
        given[name] = _counts(document, name, rows)
    for name in FACTORS:
        if name in document:
            given[name] = _factor(document, name, rows)
    if CORRELATION in document:
        labels = len(dict.fromkeys(given["labels"]))
        given[CORRELATION] = _factor(document, CORRELATION, labels)
        if given[CORRELATION].shape != (labels, labels):
            raise DataError(f"index: {CORRELATION} has no row and column for each of {labels} labels.")
    return Indicator(**given)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if value != value else value


def _list(document: Mapping[str, Any], name: str, rows: int | None = None) -> list[Any]:
    value = document[name]
    if not isinstance(value, list):
        raise DataError(f"index: {name} is no list.")
    if rows is not None and len(value) != rows:
        raise DataError(f"index: {name} has {len(value)} entries, cells has {rows}.")
    return value


def _texts(document: Mapping[str, Any], name: str, rows: int | None = None) -> tuple[str, ...]:
    values = _list(document, name, rows)
    if not all(isinstance(value, str) for value in values):
        raise DataError(f"index: {name} holds something that is no text.")
    return tuple(values)


def _text(document: Mapping[str, Any], name: str, usual: str) -> str:
    value = document.get(name, usual)
    if not isinstance(value, str):
        raise DataError(f"index: {name} is no text.")
    return value


def _cell(cell: Any, width: int) -> tuple[str | int, ...]:
    if not isinstance(cell, list) or len(cell) != width:
        raise DataError(f"index: a cell is no list of {width} values, one a key.")
    if not all(isinstance(value, str | int) and not isinstance(value, bool) for value in cell):
        raise DataError("index: a cell holds something that is neither a text nor a whole number.")
    return tuple(cell)


def _finding(one: Any) -> Finding:
    if not isinstance(one, list) or len(one) != 3 or not all(isinstance(part, str) for part in one):
        raise DataError("index: a finding is no list of code, sentence and remedy.")
    return Finding(*one)


def _provenance(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise DataError("index: provenance is no table of texts.")
    return given


def _number(value: Any, name: str) -> float:
    if value is None:
        return float("nan")
    try:
        found = float("inf") if isinstance(value, bool | str | list | dict) else float(value)
    except OverflowError:
        found = float("inf")
    if found in (float("inf"), float("-inf")):
        raise DataError(f"index: {name} holds something that is no finite number.")
    return found


def _numbers(document: Mapping[str, Any], name: str, rows: int) -> NDArray[np.float64]:
    import numpy as np

    return np.array([_number(value, name) for value in _list(document, name, rows)], dtype=float)


def _counts(document: Mapping[str, Any], name: str, rows: int) -> NDArray[np.int64]:
    import numpy as np

    values = _list(document, name, rows)
    if not all(
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 for value in values
    ):
        raise DataError(f"index: {name} holds something that is no count.")
    return np.array(values, dtype=np.int64)


def _factor(document: Mapping[str, Any], name: str, rows: int) -> NDArray[np.float64]:
    import numpy as np

    lines = _list(document, name)
    if len(lines) != rows and name == CORRELATION:
        raise DataError(f"index: {name} has {len(lines)} entries, expected {rows}, one a label.")
    if len(lines) != rows:
        raise DataError(f"index: {name} has {len(lines)} entries, cells has {rows}.")
    width = len(lines[0]) if lines and isinstance(lines[0], list) else 0
    if not all(isinstance(line, list) and len(line) == width for line in lines):
        raise DataError(f"index: {name} is no list of lists of one length.")
    found: NDArray[np.float64] = np.array(
        [[_number(value, name) for value in line] for line in lines], dtype=float
    ).reshape(rows, width)
    return found
