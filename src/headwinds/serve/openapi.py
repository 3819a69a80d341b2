"""The OpenAPI document: a route a model, its rows typed by the columns of its task."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwinds.serve.shelf import Shown

MOST_ROWS = 256


def document(models: Mapping[str, Shown], *, key: bool, most_rows: int) -> dict[str, Any]:
    """OpenAPI 3.1 of what is served now."""
    paths: dict[str, Any] = {
        "/health": {"get": _plain("Whether the process answers.", open_to_all=True)},
        "/ready": {"get": _plain("Whether models are loaded and it is not stopping.", open_to_all=True)},
        "/metrics": {"get": _plain("Counts for Prometheus.")},
        "/v1/models": {"get": _plain("The models, their versions and tasks.")},
    }
    for name, shown in sorted(models.items()):
        paths[f"/v1/models/{name}"] = {"get": _plain(f"The card of {name}.")}
        paths[f"/v1/models/{name}/predict"] = {"post": _predict(name, shown, most_rows)}
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Headwinds: fitted models", "version": version("headwinds")},
        "paths": paths,
    }
    if key:
        found["components"] = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
        found["security"] = [{"key": []}]
    return found


def _plain(summary: str, *, open_to_all: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"summary": summary, "responses": {"200": {"description": "As said."}}}
    if open_to_all:
        found["security"] = []
    else:
        found["responses"] |= {"401": {"description": "No key, or not the right one."}}
    return found


def _predict(name: str, shown: Shown, most_rows: int) -> dict[str, Any]:
    task = shown.current.model.task
    columns = [column for column in task.columns if not column.label]
    row = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "A name for the row; by default its place."},
            **{column.name: {"description": column.meaning} for column in columns},
        },
        "required": [column.name for column in columns if column.needed],
    }
    body = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": row, "minItems": 1, "maxItems": most_rows}},
        "required": ["rows"],
        "additionalProperties": False,
    }
    answers = {
        "200": "A prediction for each row, in order.",
        "401": "No key, or not the right one.",
        "404": "There is no such model or version.",
        "413": "The body is too large.",
        "415": "The body is not JSON, or it is packed.",
        "422": "A row cannot be used; the message names it.",
        "429": "Too much waits; ask again after Retry-After seconds.",
        "503": "It is stopping, or it took too long.",
    }
    number = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
    return {
        "summary": f"Predict rows with {name}: {task.summary}.",
        "parameters": [{"name": "version", "in": "query", "required": False, "schema": number}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {code: {"description": words} for code, words in answers.items()},
    }
