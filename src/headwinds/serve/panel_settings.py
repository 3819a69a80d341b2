"""What may be asked of a panel over HTTP: each analysis with its settings, typed and bounded; the schema is the check.

The names are those of the command line and of Python. What those read from a file stands in the body: the panel as its
columns, an index as its document (`headwinds.measure.indicator_document`), a graph as the tables of its TOML. No setting
is a path, and none names a file to write.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from headwinds.serve.incoming import RequestError, plain_json
from headwinds.serve.shapes import TRUTH, some, thing

MOST_ROWS = 50_000
MOST_SERIES = 64
MOST_DRAWS = 10_000
NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}
NAMES = some(NAME, 0, 400)
CELL: dict[str, Any] = {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}]}
PANEL: dict[str, Any] = {
    "type": "object",
    "description": "Columns by name, all of one length: a row is an entity and a year. null: not available.",
    "additionalProperties": some(CELL, 1, MOST_ROWS),
    "minProperties": 2,
    "maxProperties": MOST_SERIES,
}
INDEX: dict[str, Any] = {
    "type": "object",
    "description": "An index with its error, as headwinds.measure.indicator_document writes it.",
    "additionalProperties": True,
    "maxProperties": 24,
}
NODE = thing({"name": NAME}, {"title": NAME, "label": NAME})
EDGE = thing(
    {"source": NAME, "target": NAME},
    {
        "lag": {"type": "integer", "minimum": 0, "maximum": 20},
        "evidence": {"enum": ["accounting", "association", "design", "assumed"]},
        "note": {"type": "string", "maxLength": 2000},
    },
)
GRAPH = thing({"node": some(NODE, 1, 40), "edge": some(EDGE, 0, 200)}, {"title": NAME})


def whole(least: int, most: int) -> dict[str, Any]:
    """Schema of a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most}


YEAR = whole(1000, 2999)
SPAN = some(YEAR, 2, 2)
SEED = whole(0, 2**63 - 1)
YEARS = {"first": YEAR, "last": YEAR}
DRAWS = {"draws": whole(1, MOST_DRAWS), "seed": SEED}
ROWS = {"entity": NAME, "period": NAME, "entities": NAMES}

SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "breaks": (
        "When the mean of a series, or of its growth, changed.",
        thing(
            {"panel": PANEL, "series": NAME},
            {
                **ROWS, **YEARS, **DRAWS, "growth": TRUTH, "most": whole(1, 10), "number": whole(1, 10), "hac": TRUTH,
                "trimming": {"type": "number", "minimum": 0.01, "maximum": 0.5},
            },
        ),
    ),
    "divide": (
        "How unequal the adoption of something is over countries.",
        thing(
            {"panel": PANEL, "series": NAME},
            {
                **ROWS, **YEARS, **DRAWS, "measures": some(NAME, 1, 20), "weights": NAME, "regions": NAME,
                "bound": {"type": "number"}, "balanced": TRUTH, "bridge": whole(0, 50),
            },
        ),
    ),
    "convergence": (
        "Whether entities come together.",
        thing(
            {"panel": PANEL, "series": NAME, **YEARS},
            {
                **ROWS, "test": {"enum": ["beta", "sigma", "log-t", "clubs"]}, "growth": NAME, "per": NAME,
                "conditions": NAMES,
            },
        ),
    ),
    "responses": (
        "How an outcome moves in the years after a shock or an index.",
        thing(
            {"panel": PANEL, "outcome": NAME},
            {
                **ROWS, "shock": NAME, "index": INDEX, "label": {"type": "string", "maxLength": 200}, "growth": TRUTH,
                "horizons": whole(0, 60), "response": {"enum": ["value", "cumulative", "change"]}, "lags": whole(0, 20),
                "controls": NAMES, "errors": {"enum": ["driscoll-kraay", "clustered"]}, "period_effects": TRUTH,
                "half_panel": TRUTH,
            },
        ),
    ),
    "attribution": (
        "How much of a slowdown goes with which headwind, power first.",
        thing(
            {"panel": PANEL, "outcome": NAME, "index": INDEX, "before": SPAN, "after": SPAN},
            {
                **ROWS, **DRAWS, "growth": TRUTH, "graph": GRAPH, "technology": NAME,
                "channel": {"enum": ["growth", "technology", "both"]}, "lag": whole(0, 50), "controls": NAMES,
                "assumed": {"type": "number"}, "acknowledge": TRUTH, "persistent": TRUTH, "half_panel": TRUTH,
            },
        ),
    ),
    "graph": (
        "What a causal graph lets data say; without a graph, that of the founding essay.",
        thing({}, {"graph": GRAPH, "hidden": some(some(NAME, 2, 2), 0, 100)}),
    ),
    "growth": (
        "Growth accounts, growth before and after, and growth on an index where one is given.",
        thing(
            {"panel": PANEL},
            {**ROWS, "before": SPAN, "after": SPAN, "outcome": NAME, "index": INDEX, "labels": NAMES, "lag": whole(0, 50)},
        ),
    ),
}  # fmt: skip
"""Of every analysis what it tells, and the schema of its body."""


def read_settings(analysis: str, body: bytes) -> dict[str, Any]:
    """The settings in a body, checked against the schema of their analysis.

    Raises
    ------
    RequestError
        The body is not JSON, or not what the schema says; the place is told, and nothing else of the body repeated.
    """
    content: dict[str, Any] = plain_json(body)
    schema = SETTINGS[analysis][1]
    _check(content, schema, "The body")
    found: dict[str, Any] = _with_whole_numbers(content, schema)
    return found


def _with_whole_numbers(value: Any, schema: Mapping[str, Any]) -> Any:
    """The same with integers where the schema says so: to JSON, 5.0 is one."""
    if schema.get("type") == "integer":
        return int(value)
    if schema.get("type") == "array" and isinstance(value, list):
        return [_with_whole_numbers(one, schema["items"]) for one in value]
    known = schema.get("properties", {})
    if known and isinstance(value, dict):
        return {name: _with_whole_numbers(one, known.get(name, {})) for name, one in value.items()}
    return value


def _check(value: Any, schema: Mapping[str, Any], where: str) -> None:
    if "enum" in schema:
        if not isinstance(value, str) or value not in schema["enum"]:
            raise RequestError(422, f"{where} is none of {', '.join(schema['enum'])}.")
        return
    _KINDS[schema["type"]](value, schema, where)


def _object(value: Any, schema: Mapping[str, Any], where: str) -> None:
    if not isinstance(value, dict):
        raise RequestError(422, f"{where} is not an object.")
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        least, most = schema.get("minProperties", 0), schema["maxProperties"]
        raise RequestError(422, f"{where} has {len(value)} fields, expected {least} to {most}.")
    known, more = schema.get("properties", {}), schema["additionalProperties"]
    for name in schema.get("required", ()):
        if name not in value:
            raise RequestError(422, f"{where} lacks {name!r}.")
    for name, one in value.items():
        if name in known:
            _check(one, known[name], name)
        elif more is False:
            raise RequestError(422, f"{where} has an unknown field; known are {', '.join(known)}.")
        elif more is not True:
            _check(one, more, f"A column of {where}")


def _array(value: Any, schema: Mapping[str, Any], where: str) -> None:
    least, most = schema["minItems"], schema["maxItems"]
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise RequestError(422, f"{where} is not a list of {least} to {most}.")
    if schema["items"] is CELL:
        if not {type(one) for one in value} <= {int, float, str, type(None)}:
            raise RequestError(422, f"{where} holds something that is no number, text or null.")
        return
    for one in value:
        _check(one, schema["items"], f"An entry of {where}")


def _string(value: Any, schema: Mapping[str, Any], where: str) -> None:
    least, most = schema.get("minLength", 0), schema["maxLength"]
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise RequestError(422, f"{where} is not a text of {least} to {most} characters.")


def _integer(value: Any, schema: Mapping[str, Any], where: str) -> None:
    least, most = schema["minimum"], schema["maximum"]
    is_whole = (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and value.is_integer()
    )
    if not is_whole or not least <= value <= most:
        raise RequestError(422, f"{where} is not a whole number from {least} to {most}.")


def _number(value: Any, schema: Mapping[str, Any], where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise RequestError(422, f"{where} is not a number.")
    if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        raise RequestError(422, f"{where} is not from {schema['minimum']} to {schema['maximum']}.")


def _finite(value: float) -> bool:
    try:
        return isfinite(value)
    except OverflowError:
        return False


def _boolean(value: Any, _: Mapping[str, Any], where: str) -> None:
    if not isinstance(value, bool):
        raise RequestError(422, f"{where} is neither true nor false.")


_KINDS = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
