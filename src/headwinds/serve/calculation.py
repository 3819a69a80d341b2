"""The process that computes analyses of panels: a request in, an answer out, nothing else; it knows no model and no file.

It is a process of its own so that a computation can be ended in the middle, and so that its memory has a bound. Run as
``python -m headwinds.serve.calculation BYTES``. A request is a line ``{"analysis": ..., "length": ...}`` and so many bytes
of JSON; an answer a line ``{"status": ..., "length": ..., "failed": ...}`` and so many bytes of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from math import isinf, nan
from typing import TYPE_CHECKING, Any, BinaryIO

from headwinds.errors import DataError, HeadwindsError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from headwinds.contracts import Finding, Panel
    from headwinds.contracts.result import Result

PLACE = "panel"
SPANS = ("before", "after")


def main() -> None:
    """Bound the memory, load what analyses need, then answer until there is nobody who asks."""
    memory = int(sys.argv[1])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints does not speak into an answer
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pyfixest  # noqa: F401 - the first request shall not wait for it

    import headwinds.study.panel_analyses  # noqa: F401

    _write(answers, 200, b"")
    requests = sys.stdin.buffer
    while line := requests.readline():
        asked = json.loads(line)
        body = requests.read(asked["length"])
        _answer(answers, asked["analysis"], body, memory)


def _answer(answers: BinaryIO, analysis: str, body: bytes, memory: int) -> None:
    status, failed = 200, ""
    try:
        told = json.dumps(analysed(analysis, json.loads(body)), ensure_ascii=False, allow_nan=False).encode()
    except HeadwindsError as error:
        status, told = 422, _error(str(error))
    except MemoryError:
        status = 422
        told = _error(f"It needs more than the {memory // 2**20} MB that there are; send less.")
    except Exception as error:
        places = list(traceback.walk_tb(error.__traceback__))
        code, line = places[-1][0].f_code, places[-1][1]
        status, failed = 500, f"{type(error).__name__} in {code.co_filename}, line {line}"
        told = _error("The server made a mistake. Its log has the place.")
    _write(answers, status, told, failed)


def _write(answers: BinaryIO, status: int, told: bytes, failed: str = "") -> None:
    answers.write(json.dumps({"status": status, "length": len(told), "failed": failed}).encode() + b"\n")
    answers.write(told)
    answers.flush()


def _error(words: str) -> bytes:
    return json.dumps({"error": words}, ensure_ascii=False).encode()


def analysed(analysis: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The answer to settings that were checked: table, further tables, words, findings.

    Raises
    ------
    HeadwindsError
        As the same call in Python raises it.
    """
    from headwinds.explain.graph.identify import identify
    from headwinds.explain.graph.read import essay_graph, graph_from
    from headwinds.measure.plain_indicator import indicator_of
    from headwinds.study import panel_analyses
    from headwinds.study.growth_files import growth_of

    given = dict(settings)
    if "graph" in given:
        given["graph"] = graph_from(given["graph"], place="graph")
    if "index" in given:
        given["index"] = indicator_of(given["index"])
    for name in SPANS:
        if name in given:
            given[name] = tuple(given[name])
    if analysis == "graph":
        hidden = tuple((one, other) for one, other in given.get("hidden", ()))
        return _told(analysis, identify(given.get("graph") or essay_graph(), hidden=hidden))
    panel = _panel(given.pop("panel"), given.pop("entity", "entity"), given.pop("period", "period"))
    if analysis == "growth":
        found = growth_of(panel, **given)
        tables = found.tables()
        results: list[Result] = [found.by_span, found.slowdown]
        for name in ("naive", "corrected"):
            estimate = getattr(found, name)
            if estimate is not None:
                tables[name] = estimate.table
                results.append(estimate)
        return {
            "analysis": analysis,
            "table": _table(found.by_span.table),
            "tables": {name: _table(table) for name, table in tables.items()},
            "summary": "\n".join(one.summary() for one in results),
            "findings": [_finding(one) for result in results for one in getattr(result, "findings", ())],
        }
    runs: dict[str, Callable[..., Any]] = {
        "breaks": panel_analyses.breaks_of,
        "divide": panel_analyses.divide_of,
        "convergence": panel_analyses.convergence_of,
        "responses": panel_analyses.responses_of,
        "attribution": panel_analyses.attribution_of,
    }
    return _told(analysis, runs[analysis](panel, **given))


def _told(analysis: str, found: Any) -> dict[str, Any]:
    tables = found.tables() if hasattr(found, "tables") else {}
    return {
        "analysis": analysis,
        "table": _table(found.table),
        "tables": {name: _table(table) for name, table in tables.items()},
        "summary": found.summary(),
        "findings": [_finding(one) for one in getattr(found, "findings", ())],
    }


def _finding(one: Finding) -> dict[str, str]:
    return {"code": one.code, "sentence": one.sentence, "remedy": one.remedy}


def _panel(columns: dict[str, list[Any]], entity: str, period: str) -> Panel:
    import pandas as pd

    from headwinds.study.growth_files import growth_panel

    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise DataError(f"{PLACE}: columns have {min(lengths)} to {max(lengths)} rows, expected one length.")
    frame = pd.DataFrame({name: _read_column(name, values) for name, values in columns.items()})
    return growth_panel(frame, entity=entity, period=period, place=PLACE, first_line=1)


def _read_column(name: str, values: list[Any]) -> pd.Series:
    """A column as a file would give it: numbers as floats; where a text stands among them, all as texts."""
    import pandas as pd

    kinds = {type(value) for value in values}
    if str not in kinds and kinds != {int}:
        try:
            return pd.Series([nan if value is None else float(value) for value in values], dtype=float)
        except OverflowError:
            raise DataError(f"{PLACE}, column {name!r}: a number is too large.") from None
    return pd.Series(["" if value is None else str(value) for value in values], dtype="string")


def _table(table: pd.DataFrame) -> dict[str, Any]:
    return {"columns": [_column(str(name), table[name]) for name in table.columns]}


def _column(name: str, column: pd.Series) -> dict[str, Any]:
    from pandas.api import types

    kind = "text"
    if types.is_bool_dtype(column):
        kind = "truth"
    elif types.is_integer_dtype(column):
        kind = "integer"
    elif types.is_float_dtype(column):
        kind = "number"
    absent = column.isna().tolist()
    values = [None if no else _value(value) for value, no in zip(column.tolist(), absent, strict=True)]
    return {"name": name, "type": kind, "values": values}


def _value(value: Any) -> Any:
    """JSON knows no infinity: it is written as a text."""
    if isinstance(value, float) and isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


if __name__ == "__main__":
    main()
