"""The OpenAPI document: a route a model, its rows typed by the columns of its task; and those of OpenAI's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headwinds.adapt.tasks.contract import writes
from headwinds.artifacts.installed import installed_version
from headwinds.serve import shapes
from headwinds.serve.explaining import explains
from headwinds.serve.panel_settings import SETTINGS
from headwinds.serve.panels import answer_shape
from headwinds.serve.shapes import TEXT, some, thing

if TYPE_CHECKING:
    from headwinds.serve.shelf import Shown

JSON = "application/json"
EVENTS = "text/event-stream"
LINES = "application/x-ndjson"
VERSION = {
    "name": "version",
    "in": "query",
    "required": False,
    "schema": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
}
ANSWERS = {
    "400": "The parameter named cannot be used.",
    "401": "No key, or not the right one.",
    "404": "There is no such model or version.",
    "406": "It cannot be streamed.",
    "413": "The body is too large.",
    "415": "The body is not JSON, or it is packed.",
    "422": "What was sent cannot be used; the message names it.",
    "429": "Too much waits; ask again after Retry-After seconds.",
    "503": "It is stopping, or it took too long.",
}


def document(
    models: Mapping[str, Shown], *, key: bool, most_rows: int, panels: bool = False
) -> dict[str, Any]:
    """OpenAPI 3.1 of what is served now."""
    paths: dict[str, Any] = {
        "/health": {"get": _plain("Whether the process answers.", shapes.HEALTH, open_to_all=True)},
        "/ready": {"get": _ready()},
        "/metrics": {"get": _plain("Counts for Prometheus.", None)},
        "/v1/models": {
            "get": _plain(
                "The models, their versions and tasks; `data` is OpenAI's list of them.", shapes.MODELS
            )
        },
    }
    for name, shown in sorted(models.items()):
        paths[f"/v1/models/{name}"] = {"get": _plain(f"The card of {name}.", shapes.CARD)}
        paths[f"/v1/models/{name}/predict"] = {"post": _predict(name, shown, most_rows)}
        if explains(shown.current.model):
            paths[f"/v1/models/{name}/explain"] = {"post": _explain(name, shown)}
    writers = sorted(name for name, shown in models.items() if writes(shown.current.model.task))
    if writers:
        for path, words, asked, answer in (
            ("/v1/chat/completions", "Answer a conversation.", shapes.CHAT, shapes.CHAT_ANSWER),
            ("/v1/completions", "Go on with a text.", shapes.COMPLETION, shapes.COMPLETION_ANSWER),
        ):  # fmt: skip
            named = {**asked, "properties": {**asked["properties"], "model": {"enum": writers}}}
            paths[path] = {"post": _post(words, named, {JSON: answer, EVENTS: shapes.EVENT}, shapes.REFUSAL)}
    if panels:
        listed = some(thing({"name": TEXT, "meaning": TEXT, "settings": some(TEXT)}))
        paths["/v1/explain"] = {"get": _plain("The analyses of panels.", thing({"analyses": listed}))}
        for name, (words, asked) in SETTINGS.items():
            paths[f"/v1/explain/{name}"] = {"post": _post(words, asked, {JSON: answer_shape()}, shapes.ERROR)}
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Headwinds", "version": installed_version("headwinds")},
        "paths": paths,
    }
    if key:
        found["components"] = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
        found["security"] = [{"key": []}]
    return found


def _plain(summary: str, shape: dict[str, Any] | None, *, open_to_all: bool = False) -> dict[str, Any]:
    content = {"text/plain": {"schema": {"type": "string"}}} if shape is None else {JSON: {"schema": shape}}
    found: dict[str, Any] = {
        "summary": summary,
        "responses": {"200": {"description": "As said.", "content": content}},
    }
    if open_to_all:
        found["security"] = []
    else:
        found["responses"] |= _refusals(shapes.ERROR, "401")
    return found


def _ready() -> dict[str, Any]:
    found = _plain("Whether models are loaded and it is not stopping.", shapes.READY, open_to_all=True)
    found["responses"]["503"] = {
        "description": "Not yet, or no more.",
        "content": {JSON: {"schema": shapes.READY}},
    }
    return found


def _predict(name: str, shown: Shown, most_rows: int) -> dict[str, Any]:
    model = shown.current.model
    task, pairs = model.task, model.facts.decoder.get("pairs")
    answers = {JSON: shapes.predictions(), LINES: shapes.TEXT}
    if writes(task):
        answers[EVENTS] = shapes.EVENT
    found = _post(
        f"Predict rows with {name}: {task.summary}.",
        shapes.rows(task, most_rows, pairs),
        answers,
        shapes.ERROR,
    )
    return {**found, "parameters": [VERSION]}


def _explain(name: str, shown: Shown) -> dict[str, Any]:
    model = shown.current.model
    asked = shapes.explained(model.task, model.facts.labels, model.facts.decoder.get("pairs"))
    words = f"What each piece of a text contributes to a label of {name}."
    return {**_post(words, asked, {JSON: shapes.EXPLANATION}, shapes.ERROR), "parameters": [VERSION]}


def _post(
    summary: str, asked: dict[str, Any], answers: dict[str, Any], error: dict[str, Any]
) -> dict[str, Any]:
    content = {kind: {"schema": shape} for kind, shape in answers.items()}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": {JSON: {"schema": asked}}},
        "responses": {"200": {"description": "As said.", "content": content}, **_refusals(error, *ANSWERS)},
    }


def _refusals(shape: dict[str, Any], *codes: str) -> dict[str, Any]:
    # The guard before the routes answers in plain words; a request that it refuses is not looked at any further.
    content = {
        JSON: {"schema": {"anyOf": [shape, shapes.ERROR]}},
        "text/plain": {"schema": {"type": "string"}},
    }
    return {code: {"description": ANSWERS[code], "content": content} for code in codes}
