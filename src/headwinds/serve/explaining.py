"""Why a text got a label: the audit's occlusion, asked of the model that is served (`headwinds.adapt.audit.occlusion`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from headwinds.adapt.audit.occlusion import occluded, worth
from headwinds.adapt.labelled_files import require_keys
from headwinds.serve.engine import Waiting
from headwinds.serve.incoming import RequestError, check_row, plain_json
from headwinds.serve.site import asked_version, json_body, note, site_of
from headwinds.serve.waiting import answered

if TYPE_CHECKING:
    from starlette.requests import Request

    from headwinds.adapt.fitted_model import FittedModel

LONGEST_TEXT = 6_000


def explains(model: FittedModel) -> bool:
    """Whether predictions of a model can be explained here: it gives a text probabilities of labels."""
    return model.task.name == "text-classification" and bool(model.facts.labels)


async def explain(request: Request) -> Response:
    """What each piece of a text contributes to a label: the model is asked once more without each."""
    site = site_of(request)
    name, loaded = asked_version(request)
    if not explains(loaded.model):
        raise RequestError(422, "Only what classifies texts is explained here.")
    row, label = _read(await json_body(request), loaded.model)
    text = row["text"]
    pieces, texts = occluded(text)
    if not pieces:
        raise RequestError(422, "The text has no word to explain.")
    rows = [{**row, "text": one} for one in texts]
    note(request, model=name, version=loaded.version[:12], rows=len(rows))
    _, found = await answered(request, site, loaded, rows, Waiting())
    labels = loaded.model.facts.labels
    place = (
        labels.index(label) if label else max(range(len(labels)), key=lambda n: found[0]["probabilities"][n])
    )
    values, odds = worth([one["probabilities"][place] for one in found])
    return JSONResponse(
        {
            "model": name,
            "version": loaded.version,
            "label": labels[place],
            "probability": found[0]["probabilities"][place],
            "log_odds": odds,
            "method": "occlusion",
            "pieces": _together(text, pieces, values),
        }
    )


def _together(text: str, pieces: list[tuple[int, int]], values: list[float]) -> list[dict[str, Any]]:
    """The pieces and what stands between them, which contributes nothing: together the text."""
    told: list[dict[str, Any]] = []
    before = 0
    for (start, end), value in zip(pieces, values, strict=True):
        if start > before:
            told.append({"text": text[before:start], "contribution": 0.0})
        told.append({"text": text[start:end], "contribution": value})
        before = end
    if before < len(text):
        told.append({"text": text[before:], "contribution": 0.0})
    return told


def _read(body: bytes, model: FittedModel) -> tuple[dict[str, Any], str]:
    content = plain_json(body)
    if not isinstance(content, dict) or "row" not in content or set(content) - {"row", "label"}:
        raise RequestError(422, 'The body is not {"row": {...}, "label": ...}.')
    row, label = content["row"], content.get("label", "")
    check_row(row, "The row")
    require_keys("The row", row, model.task)
    text = row["text"]
    if not isinstance(text, str) or not text.strip():
        raise RequestError(422, "text is empty, or no text.")
    if len(text) > LONGEST_TEXT:
        raise RequestError(422, f"text has {len(text):,} characters; at most {LONGEST_TEXT:,} are explained.")
    if not isinstance(label, str) or (label and label not in model.facts.labels):
        raise RequestError(422, "label is one of the model's labels, or left out.")
    return row, label
